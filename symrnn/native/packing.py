"""Products in loops by a matrix that stays, the recurrent weights: laid out once before the loop, in panels.

BLAS lays the matrix out anew in each product, and knows not that it is the same. A panel is as wide as a block of sums
in registers; its rows follow one another, so a block reads memory in order. Of ``(32, 256) @ (256, 1024)`` and
``(32, 1024) @ (1024, 256)`` in float32, on an AMD EPYC with registers of 64 bytes, this takes 0.74 and 0.45 of
OpenBLAS' time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from symrnn.native.module import lanes_of, registers_of_sums
from symrnn.native.program import (
    Contraction,
    Gemm,
    Kernel,
    Load,
    Loop,
    Statement,
    bodies,
    statements,
)
from symrnn.native.scalar import arg
from symrnn.native.sizes import Int, symbols
from symrnn.native.window import Buffer, Window, whole

FEWEST_STEPS = 8  # of a loop: fewer don't pay for the laying out
MOST_ROWS = 256  # of a product: with more, BLAS is as fast
LONGEST_SUMS = 4096  # which one register adds up: longer ones are BLAS', which adds in parts


def with_panels(body: list[Statement]) -> list[Statement]:
    """Statements as they are, but products in loops by matrices that no step changes read panels."""
    result: list[Statement] = []
    for statement in body:
        # Before the loops in it: what stays through the outer one is laid out once for all of them.
        if isinstance(statement, Loop) and is_long(statement):
            result += laid_out(statement)
        for part in bodies(statement):
            part[:] = with_panels(part)
        result.append(statement)
    return result


def is_long(loop: Loop) -> bool:
    return not isinstance(loop.steps, int) or loop.steps >= FEWEST_STEPS


def laid_out(loop: Loop) -> list[Statement]:
    """What lays out the panels that products of the loop then read."""
    steady, copies, known = Steady.of(loop), [], dict[Window, list[Window]]()
    for part in parts(loop):
        # From the end, since one product may become two.
        for i in reversed(range(len(part))):
            product = part[i]
            if isinstance(product, Gemm) and (rows := fitting(product, steady)) is not None:
                # As wide as suits the first product by it; any other finds the same numbers, if not its best width.
                if rows.right not in known:
                    known[rows.right], made = panels_of(rows)
                    copies += made
                part[i : i + 1] = contractions(rows, known[rows.right])
    return copies


def parts(statement: Statement) -> Iterator[list[Statement]]:
    """All lists of statements within one."""
    for body in bodies(statement):
        yield body
        for inner in list(body):
            yield from parts(inner)


@dataclass
class Steady:
    """What a loop leaves as it is: neither memory that it writes nor numbers that it counts."""

    written: set[Buffer]
    counted: set[str]

    @classmethod
    def of(cls, loop: Loop) -> Steady:
        inside = list(statements([loop]))
        counted = {s.name for s in inside if isinstance(s, Loop | Load)}
        counted |= {s.done for s in inside if isinstance(s, Loop)}
        return cls({w.buffer for s in inside for w in s.writes()}, counted)

    def holds(self, window: Window) -> bool:
        """Whether every step finds the same numbers there."""
        return window.buffer not in self.written and not symbols(window.offset) & self.counted


class Rows(NamedTuple):
    """A product as rows times a matrix that stays; what `output` has side by side lies side by side."""

    output: Window
    left: Window
    right: Window
    accumulates: bool

    @property
    def vectors(self) -> int:
        """The width of a panel in registers: the fewer rows, the wider, so that there are sums enough to wait for."""
        columns = int(self.right.shape[1])
        most = registers_of_sums() // self.rows
        return max(1, min(most, columns // lanes_of(self.output.dtype)))

    @property
    def rows(self) -> int:
        """Rows of a block: all blocks are as high, or all but one."""
        height, most = int(self.left.shape[0]), registers_of_sums() // 2
        blocks = -(-height // most)
        return -(-height // blocks)


def fitting(product: Gemm, steady: Steady) -> Rows | None:
    """The product as rows by a steady matrix, None where neither factor is one or BLAS is better."""
    # A steady left factor is the right one of the product turned round.
    turned = (w.permuted([1, 0]) for w in (product.output, product.right, product.left))
    for output, left, right in ((product.output, product.left, product.right), turned):
        rows = Rows(output, left, right, product.accumulates)
        extents = (*left.shape, right.shape[1], *right.strides)
        # Blocks are written for numbers. The batch may be a parameter: then the product is left to BLAS.
        if not all(isinstance(n, int) for n in extents):
            continue
        (height, depth), width = (int(n) for n in left.shape), int(right.shape[1])
        is_small = 0 < height <= MOST_ROWS and 0 < depth <= LONGEST_SUMS
        is_dense = output.strides[1] == 1 and 2 * width >= lanes_of(output.dtype)
        if is_small and is_dense and steady.holds(right):
            return rows
    return None


def panels_of(rows: Rows) -> tuple[list[Window], list[Statement]]:
    """A matrix ``(K, N)`` as ``(N // P, K, P)`` and what is left of it ``(1, K, N % P)``, and what copies it there."""
    depth, columns = (int(n) for n in rows.right.shape)
    width = rows.vectors * lanes_of(rows.output.dtype)
    whole_, rest = divmod(columns, width)
    panels: list[Window] = []
    copies: list[Statement] = []
    for start, count, wide in ((0, whole_, width), (whole_ * width, 1, rest)):
        if not count * wide:
            continue
        source = as_panels(rows.right, start, count, wide)
        panel = whole(Buffer(source.dtype, count * depth * wide), source.shape)
        copies.append(Kernel(panel.shape, [panel], [source], [arg(0, source.dtype)]))
        panels.append(panel)
    return panels, copies


def as_panels(matrix: Window, start: Int, count: int, width: int) -> Window:
    """``(count, rows, width)``: so many panels side by side from a column on."""
    (rows, _), (down, right) = matrix.shape, matrix.strides
    shape, strides = (count, rows, width), (width * right, down, right)
    return Window(matrix.buffer, shape, strides, matrix.offset + start * right)


def contractions(rows: Rows, panels: list[Window]) -> list[Statement]:
    """One for each layout of panels."""
    made: list[Statement] = []
    start: int = 0
    for panel in panels:
        count, depth, width = (int(n) for n in panel.shape)
        output = as_panels(rows.output, start, count, width)
        # ``(panels, rows, 1, K)`` by ``(panels, 1, K, width)``: a contraction sums over two axes, and has two besides.
        left = rows.left.permuted([None, 0, None, 1])
        left = left.broadcast((count, *left.shape[1:]))
        right = Window(
            panel.buffer, (count, 1, depth, width), (depth * width, 0, width, 1), panel.offset
        )
        lanes = lanes_of(output.dtype)
        made.append(
            Contraction(output, left, right, lanes, rows.rows, rows.vectors, rows.accumulates)
        )
        start += count * width
    return made
