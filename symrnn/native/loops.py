"""Loops over elements, as a writer of LLVM or of C writes them down: which loops, in which order, what each element is.

A writer (`symrnn.native.loops_llvm.Loops`, `symrnn.native.loops_c.Loops`) gathers one function, called ``kernel``
until the driver names it. Its operands are windows, by address, and sizes, by value; extents and strides that are known
stand in the text, so equal loops are equal texts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import NamedTuple, Protocol

from symrnn.native.program import Kernel, Number, Position, Reduce, RowArgmax, Source
from symrnn.native.scalar import Scalar, arg, cast, const, scalar, select
from symrnn.native.sizes import Int
from symrnn.native.window import Buffer, Window, collapsed

Axis = tuple[Int, list[Int]]  # an extent, and a stride for each window
TILE = 256  # accumulators that a reduction over rows keeps at once


class Function(NamedTuple):
    """A function's text without its name, what it is called with, and the declarations that it needs."""

    text: str
    operands: list[Window | Number | Int]
    declared: set[str]


class Writer(Protocol):
    """What a language has to say of a nest of loops. Values, addresses and offsets are text."""

    def size(self, size: Int) -> str:
        """A size as a value: a number, or a parameter."""

    def parameter(
        self, operand: Window | Number, name: str, *, is_alone: bool = False, is_read: bool = False
    ) -> str:
        """A parameter; `is_alone`: no other one leads to its memory, `is_read`: which is not written."""

    def loop(self, extent: Int | str, stem: str) -> AbstractContextManager[str]:
        """A loop from 0, which may be of no step; its index."""

    def times(self, left: str, right: str) -> str:
        """The product of two whole numbers."""

    def plus(self, left: str, right: str) -> str:
        """Their sum."""

    def load(self, pointer: str, offset: str, dtype: str) -> str:
        """An element, as a value of `dtype`."""

    def store(self, value: str, pointer: str, offset: str, dtype: str) -> None:
        """Write an element."""

    def algebra(
        self, outputs: list[Scalar], arguments: dict[int, str], may_reorder: bool = False
    ) -> list[str]:
        """The values of expressions; sums and products that stand in a loop may be taken in any order."""

    def local(self, name: str, dtype: str, count: int | None = None) -> str:
        """Memory of the function's own: one value, or the address of `count`."""

    def get(self, local: str, dtype: str) -> str:
        """The value in a local variable."""

    def set(self, local: str, value: str, dtype: str) -> None:
        """Put a value there."""

    def vector(self, dtype: str, lanes: int) -> str:
        """A local variable of `lanes` elements, one register where the processor has such."""

    def no_vector(self, dtype: str, lanes: int) -> str:
        """Zeros."""

    def get_vector(self, local: str, dtype: str, lanes: int) -> str:
        """The value in such a variable."""

    def set_vector(self, local: str, value: str, dtype: str, lanes: int) -> None:
        """Put a value there."""

    def load_vector(self, pointer: str, offset: str, dtype: str, lanes: int) -> str:
        """Elements side by side, wherever they begin."""

    def store_vector(self, value: str, pointer: str, offset: str, dtype: str, lanes: int) -> None:
        """Write them."""

    def added_product(self, total: str, element: str, vector: str, dtype: str, lanes: int) -> str:
        """``total + element * vector``, of one element."""

    def function(self) -> Function:
        """All that was written."""


def moved(writer: Writer, offsets: list[str], index: str, strides: list[Int]) -> list[str]:
    """Offsets after a step along an axis; equal ones are one value."""
    known: dict[tuple[str, str], str] = {}
    result = []
    for offset, stride in zip(offsets, strides, strict=True):
        key = (offset, writer.size(stride))
        if key not in known:
            known[key] = _moved(writer, offset, index, key[1])
        result.append(known[key])
    return result


def _moved(writer: Writer, offset: str, index: str, stride: str) -> str:
    if stride == "0":
        return offset
    step = index if stride == "1" else writer.times(index, stride)
    return step if offset == "0" else writer.plus(offset, step)


def nested(
    writer: Writer, nest: ExitStack, axes: Iterable[Axis], stem: str, offsets: list[str]
) -> list[str]:
    """A loop for each of `axes`, pairs of an extent and a stride for each offset; the offsets in the innermost one."""
    for extent, strides in axes:
        index = nest.enter_context(writer.loop(extent, stem))
        offsets = moved(writer, offsets, index, strides)
    return offsets


def inputs_of(
    writer: Writer,
    inputs: Sequence[Source],
    outputs: list[Window],
    names: list[str],
    written: Container[Buffer],
) -> list[str]:
    """Names of the inputs; one that is an output itself is read through the output's."""
    found = []
    for i, source in enumerate(inputs):
        if isinstance(source, Position):
            found.append("")  # it has no memory
        # The very window: each element is read before it is written, at the same index, so nothing is overtaken.
        elif isinstance(source, Window) and source in outputs:
            found.append(names[outputs.index(source)])
        else:
            alone = isinstance(source, Window) and source.buffer not in written
            found.append(writer.parameter(source, f"i{i}", is_alone=alone, is_read=alone))
    return found


def elements(
    writer: Writer, inputs: Sequence[Source], pointers: list[str], offsets: list[str]
) -> dict[int, str]:
    """The value of each input at the present index."""
    values, flat = {}, iter(offsets)
    for i, (source, pointer) in enumerate(zip(inputs, pointers, strict=True)):
        if isinstance(source, Window):
            values[i] = writer.load(pointer, next(flat), source.dtype)
        else:
            number = next(flat) if isinstance(source, Position) else pointer
            [values[i]] = writer.algebra([cast(arg(0, "int64"), source.dtype)], {0: number})
    return values


def kernel(writer: Writer, statement: Kernel) -> Function:
    """Every output's element from the inputs' elements."""
    outputs = statement.outputs
    windows = [w for w in statement.inputs if isinstance(w, Window | Position)]
    # An output whose buffer is read through another window is not alone: with `noalias`, LLVM may reorder the two.
    # Outputs that share a buffer, as parts of a Join do, never share an element.
    shared = {w.buffer for w in windows if isinstance(w, Window) and w not in outputs}
    names = [
        writer.parameter(out, f"o{i}", is_alone=out.buffer not in shared)
        for i, out in enumerate(outputs)
    ]
    written = {out.buffer for out in outputs}
    pointers = inputs_of(writer, statement.inputs, outputs, names, written)
    axes = zip(*ordered(statement.shape, [*outputs, *windows]), strict=True)
    with ExitStack() as nest:
        offsets = nested(writer, nest, axes, "j", ["0"] * (len(outputs) + len(windows)))
        values = elements(writer, statement.inputs, pointers, offsets[len(outputs) :])
        results = writer.algebra(statement.body, values)
        # Behind the offsets of the outputs stand those of what is read.
        for result, out, name, offset in zip(results, outputs, names, offsets, strict=False):
            writer.store(result, name, offset, out.dtype)
    return writer.function()


def ordered(
    shape: Sequence[Int], windows: Sequence[Window | Position]
) -> tuple[list[Int], list[list[Int]]]:
    """Extents and strides of a nest, neighbours made one, the axis along which most windows are dense innermost."""
    dims, steps = collapsed(shape, [w.strides for w in windows])
    if len(dims) > 1 and all(isinstance(s, int) for stride in steps for s in stride):
        # Of equal costs the later axis, as elements lie. Strides that are parameters say nothing, and the order stays.
        cost = [(sum(s not in (0, 1) for s in stride), -i) for i, stride in enumerate(steps)]
        inner = min(range(len(dims)), key=cost.__getitem__)
        if cost[inner][0] < cost[-1][0]:
            dims.append(dims.pop(inner))
            steps.append(steps.pop(inner))
    return dims, steps


def reduction(writer: Writer, statement: Reduce) -> Function:
    """An output's element from all elements along the reduced axes."""
    output = writer.parameter(statement.output, "o0", is_alone=True)
    windows = [w for w in statement.inputs if isinstance(w, Window)]
    pointers = inputs_of(writer, statement.inputs, [], [], {})
    kinds = [axis in statement.axes for axis in range(len(statement.shape))]
    # a stride of its own for reduced axes keeps them from being made one with others
    all_strides = [w.strides for w in (statement.output, *windows)]
    dims, steps = collapsed(statement.shape, [*all_strides, [0 if k else 1 << 40 for k in kinds]])
    reduced = [bool(stride[-1] == 0) for stride in steps]
    axes = [(n, stride[:-1]) for n, stride in zip(dims, steps, strict=True)]
    kept = [axis for axis, r in zip(axes, reduced, strict=True) if not r]
    summed = [axis for axis, r in zip(axes, reduced, strict=True) if r]
    is_by_rows = bool(kept and summed and not reduced[-1] and _is_wide(kept[-1][0]))
    # The inner axis is kept, so elements of one sum lie apart, and those of many sums lie side by side.
    write = _by_rows if is_by_rows else _by_element
    write(writer, statement, output, pointers, kept, summed, ["0"] * (1 + len(windows)))
    return writer.function()


def _is_wide(extent: Int) -> bool:
    return not isinstance(extent, int) or extent >= 8


def _by_element(
    writer: Writer,
    statement: Reduce,
    output: str,
    pointers: list[str],
    kept: list[Axis],
    summed: list[Axis],
    offsets: list[str],
) -> None:
    dtype = statement.initial.dtype
    total = writer.local("acc", dtype)
    with ExitStack() as nest:
        offsets = nested(writer, nest, kept, "j", offsets)
        [start] = writer.algebra([statement.initial], {})
        writer.set(total, start, dtype)
        with ExitStack() as inner:
            at = nested(writer, inner, summed, "r", offsets)
            values = elements(writer, statement.inputs, pointers, at[1:])
            [element] = writer.algebra([statement.element], values)
            operands = {0: writer.get(total, dtype), 1: element}
            [after] = writer.algebra([statement.combine], operands, statement.may_reorder)
            writer.set(total, after, dtype)
        [result] = writer.algebra([statement.finish], {0: writer.get(total, dtype)})
        writer.store(result, output, offsets[0], statement.output.dtype)


def _by_rows(
    writer: Writer,
    statement: Reduce,
    output: str,
    pointers: list[str],
    kept: list[Axis],
    summed: list[Axis],
    offsets: list[str],
) -> None:
    """Rows are added to a tile of accumulators, so that elements are read in the order in which they lie."""
    dtype = statement.initial.dtype
    totals = writer.local("acc", dtype, TILE)
    *outer, (width, strides) = kept
    with ExitStack() as nest:
        offsets = nested(writer, nest, outer, "j", offsets)
        first, count = _tile(writer, nest, width)
        offsets = moved(writer, offsets, first, strides)
        with writer.loop(count, "c") as column:
            [start] = writer.algebra([statement.initial], {})
            writer.store(start, totals, column, dtype)
        with ExitStack() as inner:
            at = nested(writer, inner, summed, "r", offsets)
            column = inner.enter_context(writer.loop(count, "c"))
            at = moved(writer, at, column, strides)
            values = elements(writer, statement.inputs, pointers, at[1:])
            [element] = writer.algebra([statement.element], values)
            operands = {0: writer.load(totals, column, dtype), 1: element}
            # Without leave to reorder: lanes of a register are sums of their own, which take their elements in turn.
            [after] = writer.algebra([statement.combine], operands)
            writer.store(after, totals, column, dtype)
        with writer.loop(count, "c") as column:
            [result] = writer.algebra([statement.finish], {0: writer.load(totals, column, dtype)})
            [end] = moved(writer, offsets[:1], column, strides[:1])
            writer.store(result, output, end, statement.output.dtype)


def _tile(writer: Writer, nest: ExitStack, width: Int) -> tuple[str, int | str]:
    """A loop over tiles of an axis: the first column of a tile, and how many it has."""
    limit = writer.size(width)
    if isinstance(width, int):
        tiles: int | str = -(-width // TILE)
    else:
        # 8 is the binary logarithm of `TILE`.
        [tiles] = writer.algebra([(arg(0, "int64") + (TILE - 1)) >> 8], {0: limit})
    first = writer.times(nest.enter_context(writer.loop(tiles, "tile")), str(TILE))
    if isinstance(width, int) and width % TILE == 0:
        return first, TILE
    left = arg(0, "int64") - arg(1, "int64")
    [count] = writer.algebra([select(left < TILE, left, TILE)], {0: limit, 1: first})
    return first, count


def argmax(writer: Writer, statement: RowArgmax) -> Function:
    """The index of the greatest entry of each row, the first of equal ones, or of the first NaN."""
    source, target, dtype = statement.source, statement.output, statement.source.dtype
    output = writer.parameter(target, "o0", is_alone=True)
    pointer = writer.parameter(source, "i0", is_alone=True, is_read=True)
    best, which = writer.local("best", dtype), writer.local("which", "int64")
    axes = zip(*collapsed(target.shape, [target.strides, source.strides[:-1]]), strict=True)
    with ExitStack() as nest:
        offsets = nested(writer, nest, axes, "j", ["0", "0"])
        # There is a first entry: the rule for shapes refuses empty rows. It meets itself in the loop, and does not win.
        writer.set(best, writer.load(pointer, offsets[1], dtype), dtype)
        [zero] = writer.algebra([const(0, "int64")], {})
        writer.set(which, zero, "int64")
        with writer.loop(source.shape[-1], "c") as column:
            [at] = moved(writer, [offsets[1]], column, [source.strides[-1]])
            operands = [writer.load(pointer, at, dtype), writer.get(best, dtype)]
            operands += [column, writer.get(which, "int64")]
            new_best, new_which = writer.algebra(_better(dtype), dict(enumerate(operands)))
            writer.set(best, new_best, dtype)
            writer.set(which, new_which, "int64")
        writer.store(writer.get(which, "int64"), output, offsets[0], target.dtype)
    return writer.function()


def _better(dtype: str) -> list[Scalar]:
    """The greater one of an entry and the best so far, and its index: of arguments 0 and 1, 2 and 3."""
    entry, best = arg(0, dtype), arg(1, dtype)
    is_better = entry > best
    if dtype.startswith("float"):
        # No comparison with NaN is true but "differs": a first NaN wins, and is not beaten.
        is_better = (is_better | entry.differs(entry)) & best.equal(best)
    return [
        scalar("select", is_better, entry, best),
        scalar("select", is_better, arg(2, "int64"), arg(3, "int64")),
    ]
