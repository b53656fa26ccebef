"""`Contraction` as loops: a block of results stays in registers while all that adds to it is read.

A block is some rows of ``j`` by a panel of ``f``, which is a few vectors wide. For each ``k, l`` the vectors of `right`
are loaded once and multiplied with one element of `left` a row; nothing is laid out anew, so windows that overlap are
read where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from typing import NamedTuple

from symrnn.native.loops import Axis, Function, Writer, moved, nested
from symrnn.native.program import Contraction


class Panel(NamedTuple):
    """Columns from `start`, in `times` stretches of `vectors` vectors of `lanes` elements."""

    start: int
    times: int
    vectors: int
    lanes: int

    @property
    def width(self) -> int:
        return self.vectors * self.lanes


def panels(width: int, lanes: int, vectors: int) -> Iterator[Panel]:
    """All of `width`: wide panels, then one of fewer vectors, then ever shorter vectors.

    Examples
    --------
    >>> [tuple(panel) for panel in panels(75, 8, 2)]
    [(0, 4, 2, 8), (64, 1, 1, 8), (72, 1, 1, 2), (74, 1, 1, 1)]
    """
    start = 0
    while start < width:
        while lanes > width - start:
            lanes //= 2
        vectors = min(vectors, (width - start) // lanes)
        panel = Panel(start, (width - start) // (vectors * lanes), vectors, lanes)
        yield panel
        start += panel.times * panel.width


def contraction(writer: Writer, statement: Contraction) -> Function:
    """Every result, panel by panel, row by row."""
    output, left, right = statement.output, statement.left, statement.right
    pointers = [
        writer.parameter(output, "o0", is_alone=True),
        writer.parameter(left, "i0", is_alone=True, is_read=True),
        writer.parameter(right, "i1", is_alone=True, is_read=True),
    ]
    # Numbers, not parameters: how many sums a block has decides which registers they are.
    height, length, width = map(int, output.shape)
    whole, rest = divmod(length, statement.rows)
    for panel in panels(width, statement.lanes, statement.columns):
        with ExitStack() as nest:
            offsets = [str(panel.start), "0", str(panel.start)]
            axes: list[Axis] = [(panel.times, [panel.width, 0, panel.width])] * (panel.times > 1)
            apart = [window.strides[0] for window in (output, left, right)]
            axes += [(height, apart)] * (height > 1)
            offsets = nested(writer, nest, axes, "p", offsets)
            steps = [output.strides[1], left.strides[1], 0]
            if whole:
                with ExitStack() as inner:
                    along = [(whole, [statement.rows * step for step in steps])] * (whole > 1)
                    at = nested(writer, inner, along, "j", offsets)
                    block(writer, statement, pointers, at, panel, statement.rows)
            if rest:
                at = [
                    writer.plus(offset, writer.size(whole * statement.rows * step))
                    for offset, step in zip(offsets, steps, strict=True)
                ]
                block(writer, statement, pointers, at, panel, rest)
    return writer.function()


def block(
    writer: Writer,
    statement: Contraction,
    pointers: list[str],
    offsets: list[str],
    panel: Panel,
    rows: int,
) -> None:
    """`rows` of results by a panel, from these offsets on."""
    left, right = statement.left, statement.right
    dtype, lanes = statement.output.dtype, panel.lanes
    below = statement.output.strides[1]
    places = {
        (row, vector): writer.plus(offsets[0], writer.size(row * below + vector * lanes))
        for row, vector in product(range(rows), range(panel.vectors))
    }
    # One variable each and no array, so that all of them stay in registers.
    sums = {at: writer.vector(dtype, lanes) for at in places}
    for at, place in places.items():
        if statement.accumulates:
            start = writer.load_vector(pointers[0], place, dtype, lanes)
        else:
            start = writer.no_vector(dtype, lanes)
        writer.set_vector(sums[at], start, dtype, lanes)
    with ExitStack() as nest:
        along = zip(left.shape[2:], left.strides[2:], right.strides[1:3], strict=True)
        depth = [(n, [a, b]) for n, a, b in along]
        read, weights = nested(writer, nest, depth, "k", offsets[1:])
        beside = [writer.plus(weights, writer.size(v * lanes)) for v in range(panel.vectors)]
        factors = [writer.load_vector(pointers[2], place, dtype, lanes) for place in beside]
        for row in range(rows):
            [from_] = moved(writer, [read], writer.size(row), [left.strides[1]]) if row else [read]
            element = writer.load(pointers[1], from_, dtype)
            for vector, factor in enumerate(factors):
                total = sums[row, vector]
                before = writer.get_vector(total, dtype, lanes)
                after = writer.added_product(before, element, factor, dtype, lanes)
                writer.set_vector(total, after, dtype, lanes)
    for at, place in places.items():
        total = writer.get_vector(sums[at], dtype, lanes)
        writer.store_vector(total, pointers[0], place, dtype, lanes)
