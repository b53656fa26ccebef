"""How operators are spelled in PyTorch: one row of `TORCH` where it is not NumPy with another name in front."""

from collections.abc import Sequence
from typing import Any

from symrnn.errors import UserError
from symrnn.export.arithmetic import NUMPY

DTYPES = {"float32": "float", "float64": "double", "int64": "long", "int32": "int", "bool": "bool"}


def _axes(axes: Sequence[int]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def _reduced(name: str) -> Any:
    def text(x: str, *, axes: Sequence[int], keepdims: bool = False) -> str:
        kept = ", keepdim=True" if keepdims else ""
        return f"{x}.{name}({_axes(axes)}{kept})"

    return text


def _one_by_one(name: str) -> Any:
    """Some of PyTorch's reductions take one axis at a time: from the last on, so that none before it moves."""

    def text(x: str, *, axes: Sequence[int], keepdims: bool = False) -> str:
        kept = ", keepdim=True" if keepdims else ""
        return x + "".join(f".{name}({axis}{kept})" for axis in sorted(axes, reverse=True))

    return text


def _sliced(x: str, start: str | None, stop: str | None, *, axis: int, step: int = 1) -> str:
    if step == -1 and (start, stop) == (None, None):
        return f"{x}.flip({axis})"
    if step < 0:
        raise UserError(
            "outputs must hold no slices of a negative step for PyTorch, but hold one; flip the whole axis first"
        )
    return NUMPY["Slice"](x, start, stop, axis=axis, step=step)  # type: ignore[operator]


def _padded(x: str, *, pads: Sequence[tuple[int, int]], value: float = 0.0) -> str:
    # PyTorch counts from the last axis.
    flat = [n for pad in reversed(pads) for n in pad]
    shown = {"inf": "torch.inf", "-inf": "-torch.inf"}.get(repr(value), repr(value))
    return f"F.pad({x}, {tuple(flat)}{f', value={shown}' if value else ''})"


def _updated(x: str, y: str, *bounds: str, slices: Any, add: bool = False) -> str:
    return NUMPY["Update"](x, y, *bounds, slices=slices, add=add)  # type: ignore[operator]


TORCH: dict[str, Any] = {  # where it is not NumPy with another name in front
    "Max": "torch.maximum({0}, {1})",
    "Min": "torch.minimum({0}, {1})",
    "Asin": "torch.asin({0})",
    "Acos": "torch.acos({0})",
    "Atan": "torch.atan({0})",
    "Asinh": "torch.asinh({0})",
    "Acosh": "torch.acosh({0})",
    "Atanh": "torch.atanh({0})",
    "Sigmoid": "torch.sigmoid({0})",
    "Relu": "torch.relu({0})",
    "Softplus": "F.softplus({0})",
    "Erf": "torch.erf({0})",
    "Reciprocal": "1 / {0}",
    "Cast": lambda x, *, to: f"{x}.{DTYPES[to]}()" if to in DTYPES else f"{x}.to(torch.{to})",
    "Transpose": lambda x, *, perm: f"{x}.permute({', '.join(map(str, perm))})",
    "Expand": lambda x, *lengths: f"{x}.expand({', '.join(lengths)})",
    # One after the other, in rising order: each place is that of the result.
    "Unsqueeze": lambda x, *, axes: x + "".join(f".unsqueeze({axis})" for axis in axes),
    "Squeeze": lambda x, *, axes: f"{x}.squeeze({_axes(axes)})",
    "Concat": lambda *parts, axis: f"torch.cat([{', '.join(parts)}], dim={axis})",
    "Slice": _sliced,
    "Pad": _padded,
    "Update": _updated,
    "Vector": lambda *items: f"torch.tensor([{', '.join(items)}])",
    "Range": "torch.arange({0}, {1}, {2})",
    "ReduceSum": _reduced("sum"),
    "ReduceMean": _reduced("mean"),
    "ReduceMax": _reduced("amax"),
    "ReduceMin": _reduced("amin"),
    "ReduceProd": _one_by_one("prod"),
    "ReduceAll": _one_by_one("all"),
    "ReduceAny": _one_by_one("any"),
    "ReduceLogSumExp": _reduced("logsumexp"),
    "ArgMax": lambda x, *, axis: f"{x}.argmax({axis})",
    "CumSum": lambda x, *, axis: f"{x}.cumsum({axis})",
    "Softmax": lambda x, *, axis: f"{x}.softmax({axis})",
    "LogSoftmax": lambda x, *, axis: f"{x}.log_softmax({axis})",
    "MaxPool": lambda x, *, window, strides: (
        f"F.max_pool{len(window)}d({x}, {size_text(window)}, {size_text(strides)})"
    ),
}
INSIDE = {"Max", "Min", "Pad", "MaxPool", "Concat", "Vector", "Range"}  # operands between brackets
# Of `nn.Module`, which weights of these names would hide: behind `self.train = ...`, `eval` finds no method.
MODULE = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter
    get_submodule half ipu load_state_dict modules mtia named_buffers named_children named_modules
    named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu
    zero_grad
"""
HELPERS = {
    "updated": "def updated(x, where, values):\n    x = x.clone()\n    x[where] = values\n    return x",
    "added": "def added(x, where, values):\n    x = x.clone()\n    x[where] += values\n    return x",
}


def size_text(numbers: Sequence[int]) -> str:
    """A window or stride: one number where all axes have the same."""
    return str(numbers[0]) if len(set(numbers)) == 1 else str(tuple(numbers))
