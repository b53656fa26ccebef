"""Pooling over one to three axes, as maxima and sums of strided slices.

``xs`` (B, C, *S) becomes (B, C, *O) with ``O = (S + 2 * padding - window) // stride + 1``; with ``ignore_border=False``
a last, partial window that starts inside the input counts too. A window is taken axis by axis, so ``k1 * k2`` entries
cost ``k1 + k2`` slices.

Modes, with Theano's names: ``"max"``, ``"sum"``, ``"average_inc_pad"`` (divides by the whole window, padding counted as
zeros) and ``"average_exc_pad"`` (divides by the entries that are not padding).
"""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Literal

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError, check_choice
from symrnn.ops.assembled import assembled
from symrnn.ops.windows import PerAxis, length, pad_spatial, per_axis, taps
from symrnn.typing import Size, TensorLike

Mode = Literal["max", "sum", "average_inc_pad", "average_exc_pad"]
Ties = Literal["first", "each"]
INTS = (int, np.integer)
MODES: tuple[Mode, ...] = ("max", "sum", "average_inc_pad", "average_exc_pad")


def pool(
    xs: TensorLike,
    window: PerAxis,
    *,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ignore_border: bool = True,
    mode: Mode = "max",
    ties: Ties = "first",
) -> TensorVariable:
    """The maximum, sum or mean of every `window` of `xs` (B, C, *S): (B, C, *O).

    `window`, `stride` (default: the window) and `padding` are ints, or one int an axis. Where several entries of a
    window are the maximum, `ties` says which gets the gradient: the ``"first"``, as in PyTorch, or ``"each"``, as in
    Theano.

    Examples
    --------
    >>> xs = pt.as_tensor(np.array([[[1.0, 3.0, 2.0, 0.0, 5.0]]]))
    >>> pool(xs, 2).eval().tolist()
    [[[3.0, 2.0]]]
    >>> pool(xs, 2, ignore_border=False, mode="average_exc_pad").eval().tolist()
    [[[2.0, 1.0, 5.0]]]
    """
    xs = pt.as_tensor(xs)
    axes = xs.ndim - 2
    check_choice("mode", mode, MODES)
    check_choice("ties", ties, MAXIMA)
    window = per_axis(window, axes, "window")
    stride = per_axis(window if stride is None else stride, axes, "stride")
    padding = per_axis(padding, axes, "padding")
    check_padding(padding, window)
    # Padding behind the input that is there for a last, partial window alone.
    tails = [
        0 if ignore_border else tail(length(xs, 2 + i), window[i], stride[i], padding[i])
        for i in range(axes)
    ]
    if mode == "max":
        return reduced(framed(xs, padding, tails, lowest(xs.dtype)), window, stride, MAXIMA[ties])
    total = reduced(framed(xs, padding, tails, 0), window, stride, pt.add)
    if mode == "sum":
        return total
    if mode == "average_inc_pad":
        return total / counts(xs, window, stride, padding, tails, with_padding=True)
    return total / counts(xs, window, stride, padding, tails, with_padding=False)


class GenerousMaximum:
    """``max(a, b)``, whose gradient goes to both where they are equal; an assembly for `symrnn.ops.assembled`."""

    visible, identity = 1, "maximum"

    def outputs(self, inputs: Sequence[Any]) -> list[TensorVariable]:
        return [pt.maximum(*inputs)]

    def gradients(
        self, inputs: Sequence[Any], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[TensorVariable | None]:
        # Both get it in a tie, which is what Theano's pooling does and `pt.maximum` does not.
        return [pt.switch(pt.eq(var, outputs[0]), cotangents[0], 0) for var in inputs]

    def lengths(self, inputs: Sequence[Any]) -> list[Variable]:
        return []

    plain = outputs


def generous_maximum(a: TensorVariable, b: TensorVariable) -> TensorVariable:
    """The larger of two entries; both get its gradient where they are equal.

    Examples
    --------
    >>> x, y = pt.as_tensor(2.0), pt.as_tensor(2.0)
    >>> [float(g.eval()) for g in pt.grad(generous_maximum(x, y), [x, y])]
    [1.0, 1.0]
    """
    return assembled(GenerousMaximum(), [a, b], name="Maximum")[0]


MAXIMA = {"first": pt.maximum, "each": generous_maximum}


def reduced(
    xs: TensorVariable, window: Sequence[Any], stride: Sequence[Any], combine: Callable[..., Any]
) -> TensorVariable:
    """The entries of every window combined, axis by axis."""
    for i, size in enumerate(window):
        # Slices need numbers; axis after axis, so that k1 * k2 entries cost k1 + k2 of them.
        if isinstance(size, INTS) and isinstance(stride[i], INTS):
            xs = reduce(combine, taps(xs, 2 + i, int(size), int(stride[i])))
        else:
            xs = gathered(xs, 2 + i, size, stride[i], combine)
    return xs


def gathered(
    xs: TensorVariable, axis: int, size: Size, stride: Size, combine: Callable[..., Any]
) -> TensorVariable:
    """The same for a window or a stride that is an expression: the entries are looked up by number."""
    places = (length(xs, axis) - size) // stride + 1
    entries = pt.arange(places)[:, None] * stride + pt.arange(size)[None, :]  # (O, K)
    looked_up = xs[(*(slice(None),) * axis, entries)]
    return (pt.sum if combine is pt.add else pt.max)(looked_up, axis=axis + 1)


def tail(n: Any, window: Any, stride: Any, padding: Any) -> Any:
    """Entries missing behind an axis of `n` (int or expression), so that its last partial window is whole."""
    if isinstance(n, int):
        return partial_windows_end(n, window, stride, padding) - n - 2 * padding
    return pt.maximum(partial_windows_end(n, window, stride, padding) - n - 2 * padding, 0)


def partial_windows_end(n: Any, window: Any, stride: Any, padding: Any) -> Any:
    """Where the last window ends that starts inside the padded axis; with gaps between windows at least its end.

    ``windows = ceil((n + 2 * padding - window) / stride) + 1``, where a window that would start behind the input is
    none.
    """
    # With a stride above the window a last window may start behind the input, and then is none.
    if stride >= window:
        windows = (n + 2 * padding - 1) // stride + 1
        end = (windows - 1) * stride + window
    else:
        over = n + 2 * padding - window
        over = max(over, 0) if isinstance(over, int) else pt.maximum(over, 0)
        end = -(-over // stride) * stride + window
    padded = n + 2 * padding
    return max(end, padded) if isinstance(end, int) else pt.maximum(end, padded)


def framed(
    xs: TensorVariable, padding: Sequence[Any], tails: Sequence[Any], value: float
) -> TensorVariable:
    """`xs` with `padding` on both sides and the `tails` behind it, filled with `value`."""
    if all(isinstance(t, int) for t in tails):
        return pad_spatial(xs, padding, [p + t for p, t in zip(padding, tails, strict=True)], value)
    lengths = [length(xs, axis) for axis in range(xs.ndim)]
    longer = [n + 2 * p + t for n, p, t in zip(lengths[2:], padding, tails, strict=True)]
    frame = pt.full((*lengths[:2], *longer), pt.constant(value, dtype=xs.dtype), dtype=xs.dtype)
    inside = tuple(slice(p, p + n) for p, n in zip(padding, lengths[2:], strict=True))
    return pt.set_subtensor(frame[(slice(None), slice(None), *inside)], xs)


def counts(
    xs: TensorVariable,
    window: Sequence[Any],
    stride: Sequence[Any],
    padding: Sequence[Any],
    tails: Sequence[Any],
    *,
    with_padding: bool,
) -> TensorVariable:
    """How many entries each window sums, (1, 1, *O); the entries behind the padding never count."""
    total = pt.constant(1, dtype=xs.dtype)
    for i, size in enumerate(window):
        n = length(xs, 2 + i)
        p, t = padding[i], tails[i]
        inner = (n + 2 * p, 0, t) if with_padding else (n, p, p + t)
        total = total * axis_counts(inner, size, stride[i], xs.dtype).dimshuffle(
            "x", "x", *("x",) * i, 0, *("x",) * (len(window) - i - 1)
        )
    return total


def axis_counts(parts: Sequence[Any], size: Size, stride: Size, dtype: str) -> TensorVariable:
    """Ones summed over the windows of one axis; `parts` are its counted entries, and those before and behind."""
    inside, before, behind = parts
    # Where all is known the counts are a constant, and cost nothing in the graph.
    if all(isinstance(part, int) for part in parts):
        ones = np.r_[np.zeros(before), np.ones(inside), np.zeros(behind)].astype(dtype)
        return reduced(pt.constant(ones)[None, None], (size,), (stride,), pt.add)[0, 0]
    where = pt.arange(before + inside + behind)
    ones = pt.cast(pt.and_(where >= before, where < before + inside), dtype)
    return reduced(ones[None, None], (size,), (stride,), pt.add)[0, 0]


def lowest(dtype: str) -> float:
    """What never wins against an entry."""
    return -np.inf if np.dtype(dtype).kind == "f" else np.iinfo(dtype).min


def check_padding(padding: Sequence[Any], window: Sequence[Any]) -> None:
    """Refuse padding that a whole window could lie in."""
    for p, size in zip(padding, window, strict=True):
        if isinstance(p, INTS) and isinstance(size, INTS) and not 0 <= p < size:
            raise UserError(
                f"padding must be at least 0 and less than the window, but is {padding!r} for {window!r}"
            )
