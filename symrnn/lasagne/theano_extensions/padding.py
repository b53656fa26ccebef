"""Padding of tensors with a constant."""

import pytensor.tensor as pt

from symrnn.ops.windows import length

from ..utils import int_types


def pad(x, width, val=0, batch_ndim=1):
    """`x` with `val` around all axes but the first `batch_ndim`; see `sides_of` for `width`.

    Examples
    --------
    >>> pad(pt.as_tensor([[7.0]]), [(1, 2)]).eval().tolist()
    [[0.0, 7.0, 0.0, 0.0]]
    """
    x = pt.as_tensor(x)
    sides = sides_of(width, x.ndim - batch_ndim)
    lengths = [length(x, axis) for axis in range(x.ndim)]
    padded = [n + a + b for n, (a, b) in zip(lengths[batch_ndim:], sides, strict=True)]
    frame = pt.full((*lengths[:batch_ndim], *padded), pt.cast(val, x.dtype), dtype=x.dtype)
    inside = [slice(a, a + n) for n, (a, _) in zip(lengths[batch_ndim:], sides, strict=True)]
    return pt.set_subtensor(frame[(*(slice(None),) * batch_ndim, *inside)], x)


def sides_of(width, axes):
    """`width`, a number, one an axis, or a pair an axis, as `axes` pairs; axes that it leaves out are not padded.

    Examples
    --------
    >>> sides_of((1, (2, 3)), 3)
    [(1, 1), (2, 3), (0, 0)]
    """
    widths = [width] * axes if isinstance(width, int_types) else list(width)
    if len(widths) > axes:
        raise IndexError(f"width must be for at most {axes} axes, but is {width!r}")
    sides = [(one, one) if isinstance(one, int_types) else tuple(one) for one in widths]
    return sides + [(0, 0)] * (axes - len(sides))
