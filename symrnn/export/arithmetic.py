"""What each operator of the intermediate graph computes, as a line of NumPy.

One table serves three: the builder folds constants with it, the writer of NumPy files prints it, and tests compare it
with PyTensor and with every other writer. A row is a template, filled with the operands, or a function from operands
and attributes to text; names that a template calls and NumPy lacks stand in `HELPERS`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Text = str | Callable[..., str]


def _axes(axes: Any) -> str:
    axes = tuple(axes)
    return str(axes[0]) if len(axes) == 1 else str(axes)


def _reduced(name: str) -> Callable[..., str]:
    def text(x: str, *, axes: Sequence[int], keepdims: bool = False) -> str:
        return f"{x}.{name}(axis={_axes(axes)}{', keepdims=True' if keepdims else ''})"

    return text


def _sliced(x: str, start: str | None, stop: str | None, *, axis: int, step: int = 1) -> str:
    bounds = [bound or "" for bound in (start, stop)]
    is_plain = all(bound.lstrip("-").isalnum() or not bound for bound in bounds)
    colon = ":" if is_plain else " : "
    part = colon.join(bounds).strip() + (f"{colon.rstrip()}{step}" if step != 1 else "")
    return f"{x}[{', '.join([':'] * axis + [part])}]"


def _gathered(x: str, index: str, *, axis: int) -> str:
    return f"{x}[{', '.join([':'] * axis + [index])}]"


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _reshaped(x: str, *lengths: str) -> str:
    return f"{x}.reshape({', '.join(lengths) or '()'})"


def _expanded(x: str, *lengths: str) -> str:
    return f"np.broadcast_to({x}, {_tuple(lengths)})"


def _concatenated(*parts: str, axis: int) -> str:
    return f"np.concatenate([{', '.join(parts)}], axis={axis})"


def _updated(x: str, y: str, *bounds: str, slices: Any, add: bool = False) -> str:
    return f"{'added' if add else 'updated'}({x}, {place(slices, bounds)}, {y})"


def place(slices: Any, bounds: Sequence[str]) -> str:
    """The place that an `Update` writes to, as NumPy's index."""
    if not slices:
        return "..."  # all of it
    rest, parts = iter(bounds), []
    for kind in slices:
        if kind == "index":
            parts.append(next(rest))
        else:
            start, stop, step = kind
            shown = [next(rest) if used else "None" for used in (start, stop)]
            # As `slice` is called and not with colons: a tuple of slices is an index for NumPy and PyTorch alike.
            parts.append(f"slice({', '.join(shown)}{f', {step}' if step != 1 else ''})")
    return f"np.s_[{', '.join(parts)}]" if "slice" not in str(parts) else _tuple(parts)


def _permuted(x: str, *, perm: Sequence[int]) -> str:
    if tuple(perm) == tuple(range(len(perm)))[::-1]:
        return f"{x}.T"
    return f"{x}.transpose({', '.join(map(str, perm))})"


def _widened(x: str, *, axes: Sequence[int]) -> str:
    return f"np.expand_dims({x}, {_axes(axes)})"


def _padded(x: str, *, pads: Sequence[tuple[int, int]], value: float = 0.0) -> str:
    shown = {"inf": "np.inf", "-inf": "-np.inf"}.get(repr(value), repr(value))
    filled = f", constant_values={shown}" if value else ""
    return f"np.pad({x}, {list(map(tuple, pads))}{filled})"


def _softmax(name: str) -> Callable[..., str]:
    return lambda x, *, axis: f"{name}({x}, axis={axis})"


def _convolved(
    x: str, w: str, b: str | None = None, *, strides: Any, dilations: Any, pads: Any
) -> str:
    plain = f"strides={tuple(strides)}, dilations={tuple(dilations)}, pads={list(map(tuple, pads))}"
    return f"convolved({x}, {w}, {b or '0.0'}, {plain})"


def _pooled(x: str, *, window: Any, strides: Any) -> str:
    return f"max_pooled({x}, {tuple(window)}, {tuple(strides)})"


ELEMENTWISE: dict[str, str] = {  # operator: the NumPy of it, {0} and {1} the operands
    "Add": "{0} + {1}",
    "Sub": "{0} - {1}",
    "Mul": "{0} * {1}",
    "Div": "{0} / {1}",
    "FloorDiv": "{0} // {1}",
    "Mod": "{0} % {1}",
    "Pow": "{0} ** {1}",
    "Neg": "-{0}",
    "Max": "np.maximum({0}, {1})",
    "Min": "np.minimum({0}, {1})",
    "Abs": "np.abs({0})",
    "Sign": "np.sign({0})",
    "Exp": "np.exp({0})",
    "Log": "np.log({0})",
    "Sqrt": "np.sqrt({0})",
    "Sin": "np.sin({0})",
    "Cos": "np.cos({0})",
    "Tan": "np.tan({0})",
    "Asin": "np.arcsin({0})",
    "Acos": "np.arccos({0})",
    "Atan": "np.arctan({0})",
    "Sinh": "np.sinh({0})",
    "Cosh": "np.cosh({0})",
    "Asinh": "np.arcsinh({0})",
    "Acosh": "np.arccosh({0})",
    "Atanh": "np.arctanh({0})",
    "Tanh": "np.tanh({0})",
    "Sigmoid": "sigmoid({0})",
    "Relu": "relu({0})",
    "Softplus": "softplus({0})",
    "Erf": "erf({0})",
    "Floor": "np.floor({0})",
    "Ceil": "np.ceil({0})",
    "Round": "np.round({0})",
    "Reciprocal": "1 / {0}",
    "IsNaN": "np.isnan({0})",
    "IsInf": "np.isinf({0})",
    "Equal": "{0} == {1}",
    "Less": "{0} < {1}",
    "LessOrEqual": "{0} <= {1}",
    "Greater": "{0} > {1}",
    "GreaterOrEqual": "{0} >= {1}",
    "And": "{0} & {1}",
    "Or": "{0} | {1}",
    "Xor": "{0} ^ {1}",
    "Not": "~{0}",
    "Where": "np.where({0}, {1}, {2})",
}

OTHERS: dict[str, Text] = {
    "Cast": lambda x, *, to: f"{x}.astype({'bool' if to == 'bool' else f'np.{to}'})",
    "MatMul": "{0} @ {1}",
    "Transpose": _permuted,
    "Reshape": _reshaped,
    "Expand": _expanded,
    "Unsqueeze": _widened,
    "Squeeze": lambda x, *, axes: f"{x}.squeeze({_axes(axes)})",
    "Concat": _concatenated,
    "Slice": _sliced,
    "Gather": _gathered,
    "GatherND": lambda x, *indices: f"{x}[{', '.join(indices)}]",
    "Update": _updated,
    "Pad": _padded,
    "Dim": lambda x, *, axis: f"{x}.shape[{axis}]",
    "Vector": lambda *items: f"np.array([{', '.join(items)}])",
    "Range": "np.arange({0}, {1}, {2})",
    "ReduceSum": _reduced("sum"),
    "ReduceMean": _reduced("mean"),
    "ReduceMax": _reduced("max"),
    "ReduceMin": _reduced("min"),
    "ReduceProd": _reduced("prod"),
    "ReduceAll": _reduced("all"),
    "ReduceAny": _reduced("any"),
    "ReduceLogSumExp": lambda x, *, axes, keepdims=False: (
        f"logsumexp({x}, axis={_axes(axes)}{', keepdims=True' if keepdims else ''})"
    ),
    "ArgMax": lambda x, *, axis: f"{x}.argmax({axis})",
    "CumSum": lambda x, *, axis: f"{x}.cumsum({axis})",
    "Softmax": _softmax("softmax"),
    "LogSoftmax": _softmax("log_softmax"),
    "Dense": "{0} @ {1} + {2}",
    "Conv": _convolved,
    "MaxPool": _pooled,
    "BatchNormalization": "batch_normalized({0}, {1}, {2}, {3}, {4})",
}
NUMPY: dict[str, Text] = {**ELEMENTWISE, **OTHERS}

HELPERS = {  # what NumPy lacks, by name
    "sigmoid": "def sigmoid(x):\n    return 0.5 * (1 + np.tanh(0.5 * x))",
    "relu": "def relu(x):\n    return np.maximum(x, 0)",
    "softplus": "def softplus(x):\n    return np.logaddexp(x, 0)",
    "erf": "erf = np.vectorize(math.erf)",
    "softmax": """\
def softmax(x, axis):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)""",
    "log_softmax": """\
def log_softmax(x, axis):
    below = x - x.max(axis, keepdims=True)
    return below - np.log(np.exp(below).sum(axis, keepdims=True))""",
    "logsumexp": """\
def logsumexp(x, axis, keepdims=False):
    highest = x.max(axis, keepdims=True)
    total = highest + np.log(np.exp(x - highest).sum(axis, keepdims=True))
    return total if keepdims else total.squeeze(axis)""",
    "updated": """\
def updated(x, where, values):
    x = np.array(x)
    x[where] = values
    return x""",
    "added": """\
def added(x, where, values):
    x = np.array(x)
    x[where] += values
    return x""",
    "convolved": """\
def convolved(xs, w, b, strides, dilations, pads):
    \"\"\"Cross-correlation of xs (B, C, *S) with w (F, C, *K).\"\"\"
    xs = np.pad(xs, [(0, 0), (0, 0), *pads])
    spans = [d * (k - 1) + 1 for d, k in zip(dilations, w.shape[2:], strict=True)]
    axes = tuple(range(2, xs.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(xs, spans, axes)
    windows = windows[(..., *(slice(None, None, d) for d in dilations))]
    strided = (slice(None, None, s) for s in strides)
    windows = windows[(slice(None), slice(None), *strided)]
    summed = [1, *range(xs.ndim, windows.ndim)]
    ys = np.tensordot(windows, w, [summed, list(range(1, w.ndim))])
    return np.moveaxis(ys + b, -1, 1)""",
    "max_pooled": """\
def max_pooled(xs, window, strides):
    axes = tuple(range(2, xs.ndim))
    windows = np.lib.stride_tricks.sliding_window_view(xs, window, axes)
    strided = (slice(None, None, s) for s in strides)
    windows = windows[(slice(None), slice(None), *strided)]
    return windows.max(tuple(range(xs.ndim, windows.ndim)))""",
    "batch_normalized": """\
def batch_normalized(xs, scale, shift, mean, variance):
    by_channel = (slice(None), *(None,) * (xs.ndim - 2))
    rate = scale / np.sqrt(variance)
    return (xs - mean[by_channel]) * rate[by_channel] + shift[by_channel]""",
}


def formula(op: str, operands: Sequence[str | None], attributes: dict[str, Any]) -> str:
    """The NumPy of an operator on operands that are names or parenthesised.

    Examples
    --------
    >>> formula("Slice", ["x", "1", None], {"axis": 1, "step": 1})
    'x[:, 1:]'
    """
    text = NUMPY[op]
    return text.format(*operands) if isinstance(text, str) else text(*operands, **attributes)


def _namespace() -> dict[str, Any]:
    import math

    names: dict[str, Any] = {"np": np, "math": math}
    for source in HELPERS.values():
        exec(source, names)
    return names


_NAMES: dict[str, Any] = {}


def evaluated(op: str, operands: Sequence[np.ndarray | None], attributes: dict[str, Any]) -> Any:
    """The value of an operator on arrays.

    Examples
    --------
    >>> evaluated("Add", [np.ones(2), np.ones(2)], {})
    array([2., 2.])
    """
    if not _NAMES:
        _NAMES.update(_namespace())
    names = [None if each is None else f"v{i}" for i, each in enumerate(operands)]
    arrays = {f"v{i}": each for i, each in enumerate(operands)}
    # What a graph computes of its constants may be infinite or no number there, too; that is no matter of the export.
    with np.errstate(all="ignore"):
        return np.asarray(eval(formula(op, names, attributes), _NAMES, arrays))
