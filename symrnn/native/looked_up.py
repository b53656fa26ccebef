"""Products of rows that are looked up in a table: the table is multiplied where it has fewer rows.

A character model multiplies 2,048 rows of its embedding by weights, and the embedding has 97. With ``P (R, V)``, whose
rows are 1 where an index looks and 0 elsewhere, ``P @ e`` are R rows of ``e (V, K)``, and ``P.T @ g`` adds up those
that were looked up at one place:

* ``(P @ e) @ w = P @ (e @ w)``
* ``(P @ e).T @ g = e.T @ (P.T @ g)``, as in the gradient with respect to `w`
* ``P.T @ (g @ w) = (P.T @ g) @ w``, as in that with respect to `e`

On the right V rows are multiplied instead of R. The last two share ``P.T @ g``. Rows of `e` that nothing looks up may
hold what is no number: in the second they are taken as 0, and after the third nothing is added to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from symrnn.native.lowering.products import fits_blas
from symrnn.native.program import Gemm, Kernel, Load, Loop, Statement, statements
from symrnn.native.scalar import Scalar, arg, const
from symrnn.native.sizes import Int, counter, linear, product
from symrnn.native.window import Buffer, Window, whole

COPY = 4  # what it costs to copy a number, in multiplications; measured


class Index(NamedTuple):
    """Which row of a table each of R is."""

    numbers: Window
    rows: Int  # V, of the table
    error: int  # where a number is beyond


@dataclass(frozen=True)
class Moved:
    """A loop that copies rows of a table, or adds rows to it."""

    index: Index
    table: Window  # (V, K)
    rows: Window  # of the index's shape, and K
    adds: bool

    @property
    def matrix(self) -> Window | None:
        """``(R, K)``."""
        return self.rows.reshaped((product(self.index.numbers.shape), self.rows.shape[-1]))

    @property
    def is_longer(self) -> bool:
        """Whether a product by R rows is more work than one by V, and to copy R rows."""
        rows = product(self.index.numbers.shape)
        return bool((rows - self.index.rows) * self.rows.shape[-1] > COPY * rows)


def with_tables_multiplied(body: list[Statement], name: Callable[[str], str]) -> list[Statement]:
    """Statements as they are, but tables are multiplied where rows looked up in them were, if that is less work.

    `name` makes names of counters.
    """
    if not any(moved(s) for s in body):
        return body
    shortened = Shortened(body, name)
    for statement in body:
        shortened.add(statement)
    return shortened.needed()


class Shortened:
    """Statements so far, and what of them a product may do without."""

    def __init__(self, body: list[Statement], name: Callable[[str], str]):
        self.name = name
        self.readers = Counter(w.buffer for s in statements(body) for w in s.reads())
        self.body: list[Statement] = []
        self.lookups: dict[Buffer, tuple[Statement, Moved]] = {}  # by the buffer of rows
        self.products: dict[Buffer, Gemm] = {}  # by the buffer of results
        self.sums: list[tuple[Statement, Window, Index, Window]] = []  # of rows by an index
        self.spared: dict[Buffer, Statement] = {}  # by the buffer that it fills

    def add(self, statement: Statement) -> None:
        """Add a statement, or what comes to the same."""
        if isinstance(statement, Gemm):
            if any(self.looks_up(*factors) for factors in both_ways(statement)):
                return
            self.products[statement.output.buffer] = statement
        elif (move := moved(statement)) is not None:
            if move.adds and self.adds_sums(move):
                return
            if not move.adds:
                self.lookups[move.rows.buffer] = statement, move
        self.body.append(statement)

    def looks_up(self, output: Window, left: Window, right: Window, accumulates: bool) -> bool:
        """Add a product of rows that were looked up, if it is one; so of their transpose."""
        filled, move = self.lookups.get(left.buffer, (None, None))
        if filled is None or move is None or move.matrix is None or not move.is_longer:
            return False
        if not self.is_kept(filled, left, move.table, move.index.numbers):
            return False
        if left == move.matrix and not accumulates and fits_blas(move.table):
            rows = output.reshaped((*move.index.numbers.shape, right.shape[1]))
            if rows is None:
                return False
            table = self.product(move.table, right)
            self.each(move.index, lambda at, row: copied(table.entry(at), rows.entry(row)))
        elif left == move.matrix.permuted([1, 0]):
            sums = self.summed(right, move.index)
            if sums is None:
                return False
            used = self.zeros(output.dtype, *move.table.shape)
            self.each(move.index, lambda at, _: copied(move.table.entry(at), used.entry(at)))
            self.body.append(Gemm(output, used.permuted([1, 0]), sums, accumulates))
        else:
            return False
        self.spared[left.buffer] = filled
        return True

    def adds_sums(self, move: Moved) -> bool:
        """Add to a table what would be a product's rows, if they are."""
        made = self.products.get(move.rows.buffer)
        if made is None or made.accumulates or not self.is_read_once(move.rows.buffer):
            return False
        if not move.is_longer or not self.is_kept(made, *made.reads(), move.rows):
            return False
        for output, left, right, _ in both_ways(made):
            if output == move.matrix and (sums := self.summed(left, move.index)) is not None:
                self.pour(self.product(sums, right), move)
                self.spared[output.buffer] = made
                return True
        return False

    def pour(self, sums: Window, move: Moved) -> None:
        """Add rows to a table where the index looks, once each."""
        self.each(move.index, lambda at, _: poured(sums.entry(at), move.table.entry(at)))

    def summed(self, rows: Window, index: Index) -> Window | None:
        """``P.T @ rows``, added once for all that need it."""
        for made, known, by, sums in self.sums:
            if (known, *by[:2]) == (rows, *index[:2]) and self.is_kept(made, rows, index.numbers):
                return sums
        apart = rows.reshaped((*index.numbers.shape, rows.shape[1]))
        if apart is None:
            return None
        sums = self.zeros(rows.dtype, index.rows, rows.shape[1])
        self.each(index, lambda at, row: added(apart.entry(row), sums.entry(at)))
        self.sums.append((self.body[-1], rows, index, sums))
        return sums

    def is_read_once(self, buffer: Buffer) -> bool:
        return buffer.kind == "temporary" and self.readers[buffer] == 1

    def is_kept(self, since: Statement, *windows: Window) -> bool:
        """Whether nothing after a statement writes where these are."""
        later = self.body[self.body.index(since) + 1 :]
        written = {w.buffer for s in statements(later) for w in s.writes()}
        return not any(window.buffer in written for window in windows)

    def each(self, index: Index, moved: Callable[[list[Int], list[Int]], Kernel]) -> None:
        """Add a loop over rows; `moved` is given what the index is, and of which row."""
        names = [self.name("g") for _ in index.numbers.shape]
        row: list[Int] = [counter(name) for name in names]
        number = self.name("i")
        load = Load(number, index.numbers.entry(row), index.rows, index.error)
        inner: list[Statement] = [load, moved([counter(number)], row)]
        for name, extent in zip(reversed(names), reversed(index.numbers.shape), strict=True):
            inner = [Loop(name, extent, inner)]
        self.body += inner

    def product(self, left: Window, right: Window) -> Window:
        """``left @ right``."""
        shape = (left.shape[0], right.shape[1])
        made = whole(Buffer(left.dtype, product(shape)), shape)
        self.body.append(Gemm(made, left, right))
        return made

    def zeros(self, dtype: str, rows: Int, columns: Int) -> Window:
        matrix = whole(Buffer(dtype, rows * columns), (rows, columns))
        self.body.append(Kernel(matrix.shape, [matrix], [], [const(0, dtype)]))
        return matrix

    def needed(self) -> list[Statement]:
        """All but the spared ones whose results nothing reads."""
        read = {w.buffer for s in statements(self.body) for w in s.reads()}
        idle = [
            s
            for buffer, s in self.spared.items()
            if buffer.kind == "temporary" and buffer not in read
        ]
        return [statement for statement in self.body if statement not in idle]


def both_ways(made: Gemm) -> list[tuple[Window, Window, Window, bool]]:
    """A product, and the same of transposes."""
    turned = [w.permuted([1, 0]) for w in (made.output, made.right, made.left)]
    return [
        (made.output, made.left, made.right, made.accumulates),
        (turned[0], turned[1], turned[2], made.accumulates),
    ]


def copied(source: Window, target: Window) -> Kernel:
    return Kernel(target.shape, [target], [source], [arg(0, source.dtype)])


def added(source: Window, target: Window) -> Kernel:
    """``target += source``."""
    return Kernel(target.shape, [target], [target, source], [total(target.dtype)])


def poured(source: Window, target: Window) -> Kernel:
    """``target, source := target + source, 0``: what comes again adds nothing."""
    dtype = target.dtype
    return Kernel(target.shape, [target, source], [target, source], [total(dtype), const(0, dtype)])


def total(dtype: str) -> Scalar:
    return arg(0, dtype) + arg(1, dtype)


def moved(statement: Statement) -> Moved | None:
    """A statement as a loop over rows of a table, None where it is none."""
    loops: list[Loop] = []
    inner: list[Statement] = [statement]
    while len(inner) == 1 and isinstance(inner[0], Loop) and inner[0].stop is None:
        loops.append(inner[0])
        inner = inner[0].body
    match inner:
        case [
            Load(has_sign=True) as load,
            Kernel(outputs=[output], inputs=[*before, Window() as source]) as it,
        ]:
            adds = before == [output] and it.body == [total(output.dtype)]
        case _:
            return None
    is_copy = not before and it.body == [arg(0, output.dtype)]
    if not (adds or is_copy) or source.dtype != output.dtype or len(output.shape) != 1:
        return None
    entry, row = (output, source) if adds else (source, output)
    counts = {loop.name: loop.steps for loop in loops}
    numbers, rows = over(load.source, counts), over(row, counts)
    table = over(entry, {load.name: load.extent})
    if numbers is None or rows is None or table is None:
        return None
    if output.buffer in (source.buffer, load.source.buffer):
        return None
    return Moved(Index(numbers, load.extent, load.error), table, rows, adds)


def over(window: Window, counts: dict[str, Int]) -> Window | None:
    """All windows that counters lead to as one, whose first axes they count; None where they do more than count."""
    offset, strides = window.offset, []
    for name in counts:
        stride, offset = linear(offset, name)
        strides.append(stride)
    if any(not has_value(n) for n in (*strides, offset)):
        return None
    return Window(
        window.buffer, (*counts.values(), *window.shape), (*strides, *window.strides), offset
    )


def has_value(n: Int) -> bool:
    return isinstance(n, int) or n.has_value
