"""Sliding windows as strided slices, one axis at a time: what convolution and pooling are built from.

Every slice has constant bounds, counted from the nearer end, so no shape arithmetic enters the graph and every backend
lowers it. A window of ``k1 * k2`` entries costs ``k1 + k2`` slices, because the axes are taken in turn.

Shapes: ``B`` batch, ``C`` channels, ``S`` spatial axes.
"""

from collections.abc import Sequence
from typing import Any

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError

PerAxis = int | Sequence[int]  # one number for all spatial axes, or one an axis


def length(x: TensorVariable, axis: int) -> Any:
    """The length of `x` along `axis`: an int where the type knows it, an expression where it does not."""
    known = x.type.shape[axis]
    return x.shape[axis] if known is None else known


def taps(
    x: TensorVariable, axis: int, size: int, stride: int = 1, dilation: int = 1
) -> list[TensorVariable]:
    """The `size` strided slices of `x` that hold entry 0, 1, ... of every window along `axis`.

    Slice ``i`` starts at ``i * dilation`` and ends where the last window's entry ``i`` stands, so all have
    ``(length - dilation * (size - 1) - 1) // stride + 1`` entries.

    Examples
    --------
    >>> import numpy as np
    >>> [tap.eval().tolist() for tap in taps(pt.as_tensor(np.arange(5)), 0, size=2, stride=2)]
    [[0, 2], [1, 3]]
    """
    check_fits(x, axis, size, dilation)
    # `or None`: a stop of 0 would be the front of the axis, where its end is meant.
    span = dilation * (size - 1)
    before = (slice(None),) * axis
    return [
        x[(*before, slice(i, (i - span) or None, stride))] for i in range(0, span + 1, dilation)
    ]


def check_fits(x: TensorVariable, axis: int, size: int, dilation: int = 1) -> None:
    """Refuse windows that are longer than an axis whose length is known."""
    known = x.type.shape[axis]
    if known is not None and known < dilation * (size - 1) + 1:
        raise UserError(f"a window of {dilation * (size - 1) + 1} must fit in axis {axis}, which has {known} entries;"
                        " pad the input, or take a smaller window")  # fmt: skip


def pad_spatial(
    x: TensorVariable, before: Sequence[int], after: Sequence[int], value: float = 0.0
) -> TensorVariable:
    """`x` (B, C, *S) with `before` and `after` entries of `value` put around each spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> pad_spatial(pt.as_tensor(np.ones((1, 1, 2))), [1], [2]).eval().tolist()
    [[[0.0, 1.0, 1.0, 0.0, 0.0]]]
    """
    if not any(before) and not any(after):
        return x
    lengths = [length(x, axis) for axis in range(x.ndim)]
    padded = [n + a + b for n, a, b in zip(lengths[2:], before, after, strict=True)]
    # One allocation and one write, whatever the number of axes; a join an axis would copy each time.
    frame = pt.full((*lengths[:2], *padded), pt.constant(value, dtype=x.dtype), dtype=x.dtype)
    inside = tuple(slice(a, -b or None) for a, b in zip(before, after, strict=True))
    return pt.set_subtensor(frame[(slice(None), slice(None), *inside)], x)


def spread(x: TensorVariable, stride: Sequence[int]) -> TensorVariable:
    """`x` (B, C, *S) with ``stride - 1`` zeros put between neighbours along each spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> spread(pt.as_tensor(np.ones((1, 1, 2))), [3]).eval().tolist()
    [[[1.0, 0.0, 0.0, 1.0]]]
    """
    if all(s == 1 for s in stride):
        return x
    lengths = [length(x, axis) for axis in range(x.ndim)]
    spaced = [(n - 1) * s + 1 for n, s in zip(lengths[2:], stride, strict=True)]
    frame = pt.zeros((*lengths[:2], *spaced), dtype=x.dtype)
    steps = tuple(slice(None, None, s) for s in stride)
    return pt.set_subtensor(frame[(slice(None), slice(None), *steps)], x)


def per_axis(value: Any, axes: int, name: str) -> tuple[Any, ...]:
    """`value` once for each of `axes` spatial axes: an int is repeated, a sequence must have that length.

    Examples
    --------
    >>> per_axis(2, 3, "stride")
    (2, 2, 2)
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    # NumPy's integers become ints; a symbolic scalar has `__index__` too, and stays what it is.
    values = tuple(
        int(v) if hasattr(v, "__index__") and not hasattr(v, "type") else v for v in values
    )
    if len(values) != axes:
        raise UserError(
            f"{name} must be one number or {axes}, one for each spatial axis, but is {value!r}"
        )
    return values
