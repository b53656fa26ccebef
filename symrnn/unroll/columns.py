"""Rows and columns: what several directions compute with one matrix product, joined and taken apart."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

import pytensor.tensor as pt
from pytensor.tensor.basic import Join
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.windows import length
from symrnn.typing import Size
from symrnn.versions import join_parts


def rows(xs: TensorVariable) -> TensorVariable:
    """``(T, B, N, *S)`` as ``(T*B, N, *S)``."""
    return xs.reshape(
        (-1, xs.type.shape[2], *(length(xs, axis) for axis in range(3, xs.type.ndim)))
    )


def unrows(flat: TensorVariable, steps: Size, batch: Size) -> TensorVariable:
    """``(T*B, N, *S)`` as ``(T, B, N, *S)``."""
    places = [length(flat, axis) for axis in range(2, flat.type.ndim)]
    return flat.reshape((steps, batch, flat.type.shape[1], *places))


def columns(xs: TensorVariable, widths: Sequence[int]) -> list[TensorVariable]:
    """``(T, B, N, *S)`` cut into pieces of `widths` along the axis of N."""
    ends = list(accumulate(widths))
    # One piece is no slice: a Subtensor of everything would stay in the graph until it is rewritten.
    return [
        xs if width == ends[-1] else xs[:, :, end - width : end]
        for width, end in zip(widths, ends, strict=True)
    ]


def joined(hs: Sequence[TensorVariable]) -> TensorVariable:
    """The outputs of the directions, side by side."""
    return hs[0] if len(hs) == 1 else pt.join(2, *hs)


def side_by_side(pieces: Iterable[TensorVariable], axis: int = -1) -> TensorVariable:
    """Variables joined along their last axis, or `axis`; one that is a join itself is taken apart first.

    Examples
    --------
    >>> a, b, c = (pt.matrix(name) for name in "abc")
    >>> join_parts(side_by_side([pt.join(1, a, b), c]).owner)
    (1, [a, b, c])
    """
    first, *others = pieces
    if not others:
        return first
    axis %= first.type.ndim
    return pt.join(axis, *(part for piece in (first, *others) for part in _parts(piece, axis)))


def _parts(var: TensorVariable, axis: int) -> list[TensorVariable]:
    node = var.owner
    if node is None or not isinstance(node.op, Join):
        return [var]
    joined_along, parts = join_parts(node)
    return parts if joined_along == axis else [var]
