"""The small language that graphs are lowered to: a handful of statements on windows of buffers.

Statements run in order. Everything is known but the numbers: extents, strides and offsets may be `Size`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symrnn.native.scalar import Scalar
from symrnn.native.sizes import Int
from symrnn.native.window import Buffer, Window


@dataclass(frozen=True)
class Number:
    """A size as a kernel's input: the same for every index."""

    size: Int
    dtype: str


@dataclass(frozen=True)
class Position:
    """The index itself as a kernel's input: ``sum(i * stride)``, as of a window of which every element is its place."""

    strides: tuple[Int, ...]
    dtype: str


Source = Window | Number | Position


@dataclass(eq=False)
class Kernel:
    """For every index below `shape`: each of `outputs` at the index is its expression of `inputs` at the index."""

    shape: tuple[Int, ...]
    outputs: list[Window]
    inputs: Sequence[Source]
    body: list[Scalar]

    def writes(self) -> list[Window]:
        return self.outputs

    def reads(self) -> list[Window]:
        return [source for source in self.inputs if isinstance(source, Window)]


@dataclass(eq=False)
class Reduce:
    """``output[kept] = combine over the axes of element(inputs[kept, axes])``, from `initial`.

    `element`, `initial` and `combine` are of the accumulator's dtype; `combine` is an expression of argument 0, what
    is accumulated, and argument 1, an element. The windows are of `shape`; the output's strides along `axes` are 0.
    """

    shape: tuple[Int, ...]
    axes: tuple[int, ...]
    output: Window
    inputs: list[Window | Number]
    element: Scalar
    combine: Scalar
    initial: Scalar
    may_reorder: bool
    finish: Scalar  # of argument 0, the accumulated value: of the output's dtype

    def writes(self) -> list[Window]:
        return [self.output]

    def reads(self) -> list[Window]:
        return [source for source in self.inputs if isinstance(source, Window)]


@dataclass(eq=False)
class RowArgmax:
    """The index of the greatest entry along the last axis of `source`, the first one; NaN is the greatest."""

    output: Window
    source: Window

    def writes(self) -> list[Window]:
        return [self.output]

    def reads(self) -> list[Window]:
        return [self.source]


@dataclass(eq=False)
class Lookup:
    """Entries of `table` that `numbers` name, one window of them for each of its axes, all within its extents.

    A negative one counts from the end. In the order of `other`, whose shape theirs is, either each of `other` is `body`
    of the entry (argument 0), or, where it `writes_table`, each entry is, of itself and what stands in `other` (1).
    """

    table: Window
    numbers: list[Window]
    other: Window
    body: Scalar
    writes_table: bool = False

    def writes(self) -> list[Window]:
        return [self.table if self.writes_table else self.other]

    def reads(self) -> list[Window]:
        return [self.table, *self.numbers, *([self.other] if self.writes_table else [])]


@dataclass(eq=False)
class Gemm:
    """``out = left @ right`` of matrices ``(M, K)`` and ``(K, N)``, or ``out += …``; of each, one stride is 1."""

    output: Window
    left: Window
    right: Window
    accumulates: bool = False

    def writes(self) -> list[Window]:
        return [self.output]

    def reads(self) -> list[Window]:
        return [self.left, self.right] + ([self.output] if self.accumulates else [])


@dataclass(eq=False)
class Contraction:
    """``out[i, j, f] = sum over k, l of left[i, j, k, l] * right[i, k, l, f]``, or ``out += …``.

    Of `output` and `right` the last stride is 1. `left` may be windows that overlap: an image under a filter. `right`
    may be one for all `i`, its stride there 0. `lanes` elements are computed at once, and `rows` of `j` side by side.
    """

    output: Window
    left: Window
    right: Window
    lanes: int
    rows: int
    columns: int  # vectors of `lanes` along f
    accumulates: bool = False

    def writes(self) -> list[Window]:
        return [self.output]

    def reads(self) -> list[Window]:
        return [self.left, self.right] + ([self.output] if self.accumulates else [])


@dataclass(eq=False)
class Lapack:
    """A routine of LAPACK by its name; `operands` are its arguments in order: letters, whole numbers and windows.

    `outputs` and `inputs` are the windows among them, in this order.
    """

    name: str
    operands: list[str | Int | Window]
    outputs: list[Window]
    inputs: list[Window]

    def writes(self) -> list[Window]:
        return self.outputs

    def reads(self) -> list[Window]:
        return self.inputs + self.outputs


@dataclass(eq=False)
class Loop:
    """`body` once for each value of a counter, from 0 below `steps`; `name` is the counter's symbol.

    After a body that leaves a number other than 0 in the 0-d window `stop` no other follows; `done` is then the symbol
    of how many there were.
    """

    name: str
    steps: Int
    body: list = field(default_factory=list)
    stop: Window | None = None
    done: str = ""

    def writes(self) -> list[Window]:
        return []

    def reads(self) -> list[Window]:
        return []


@dataclass(eq=False)
class Branch:
    """One of two bodies: `then` where the 0-d window holds a number other than 0."""

    condition: Window
    then: list = field(default_factory=list)
    otherwise: list = field(default_factory=list)

    def writes(self) -> list[Window]:
        return []

    def reads(self) -> list[Window]:
        return [self.condition]


@dataclass(eq=False)
class Load:
    """A number read from a 0-d window, to be part of offsets as the symbol `name`.

    A negative one counts from `extent`, if it `has_sign`; outside it, the program stops with that error.
    """

    name: str
    source: Window
    extent: Int
    error: int
    has_sign: bool = True  # else it may be too large for int64, which must not count from the end

    def writes(self) -> list[Window]:
        return []

    def reads(self) -> list[Window]:
        return [self.source]


@dataclass(eq=False)
class Check:
    """Stop with the error of that number where the 0-d window holds zero."""

    condition: Window
    error: int

    def writes(self) -> list[Window]:
        return []

    def reads(self) -> list[Window]:
        return [self.condition]


@dataclass(eq=False)
class Call:
    """A Python function of the numbered `callback`: it gets arrays that are the windows, inputs before outputs."""

    callback: int
    outputs: list[Window]
    inputs: list[Window]

    def writes(self) -> list[Window]:
        return self.outputs

    def reads(self) -> list[Window]:
        return self.inputs


@dataclass(frozen=True)
class Routine:
    """Statements, and the order in which buffers and extents are given to them: what an emitter writes down.

    Attributes
    ----------
    temporaries
        Buffers in the arena.
    arrays
        Those of the caller: inputs, then outputs.
    constants
        Those of arrays that are part of the program.
    extents
        The names of the extents that are parameters.
    """

    body: list[Statement]
    temporaries: list[Buffer]
    arrays: list[Buffer]
    constants: list[Buffer]
    extents: tuple[str, ...] = ()


Statement = (
    Kernel
    | Reduce
    | RowArgmax
    | Lookup
    | Gemm
    | Contraction
    | Lapack
    | Loop
    | Branch
    | Load
    | Check
    | Call
)


def bodies(statement: Statement) -> list[list[Statement]]:
    """What a statement holds."""
    if isinstance(statement, Loop):
        return [statement.body]
    return [statement.then, statement.otherwise] if isinstance(statement, Branch) else []


def statements(body: list[Statement]) -> Iterator[Statement]:
    """Every statement, a loop before what it holds."""
    for statement in body:
        yield statement
        for body in bodies(statement):
            yield from statements(body)


def buffers(body: list[Statement]) -> list[Buffer]:
    """Every buffer, in the order of its first mention."""
    found: dict[Buffer, None] = {}
    for statement in statements(body):
        for window in (*statement.reads(), *statement.writes()):
            found[window.buffer] = None
    return list(found)
