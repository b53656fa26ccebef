"""Entries of a table that whole numbers name, one by one: a loop without calls, for a writer of LLVM or of C."""

from __future__ import annotations

from contextlib import ExitStack

from symrnn.native.loops import Function, Writer, nested, ordered
from symrnn.native.program import Lookup
from symrnn.native.scalar import arg, cast, select
from symrnn.native.sizes import Int


def lookup(writer: Writer, statement: Lookup) -> Function:
    """Each number's entry: read into the output, or written with the value that faces it."""
    table, numbers, other = statement.table, statement.numbers, statement.other
    buffers = {table.buffer, other.buffer}
    is_apart = len(buffers) == 2 and not any(n.buffer in buffers for n in numbers)
    names = [
        writer.parameter(
            table, "t0", is_alone=is_apart, is_read=is_apart and not statement.writes_table
        ),
        writer.parameter(
            other, "o0", is_alone=is_apart, is_read=is_apart and statement.writes_table
        ),
    ]
    # Two of them may be one array, which is written by none.
    places = [writer.parameter(n, f"i{i}", is_read=is_apart) for i, n in enumerate(numbers)]
    axes = zip(*ordered(other.shape, [other, *numbers]), strict=True)
    with ExitStack() as nest:
        at, *offsets = nested(writer, nest, axes, "j", ["0"] * (1 + len(numbers)))
        entry = "0"
        for axis, (number, place, offset) in enumerate(zip(numbers, places, offsets, strict=True)):
            given = writer.load(place, offset, number.dtype)
            row = _from_begin(writer, given, number.dtype, table.shape[axis])
            step = writer.times(row, writer.size(table.strides[axis]))
            entry = step if entry == "0" else writer.plus(entry, step)
        values = {0: writer.load(names[0], entry, table.dtype)}
        if statement.writes_table:
            values[1] = writer.load(names[1], at, other.dtype)
        [result] = writer.algebra([statement.body], values)
        if statement.writes_table:
            writer.store(result, names[0], entry, table.dtype)
        else:
            writer.store(result, names[1], at, other.dtype)
    return writer.function()


def _from_begin(writer: Writer, number: str, dtype: str, extent: Int) -> str:
    """A number, counted from the end where it is negative."""
    given, length = cast(arg(0, dtype), "int64"), arg(1, "int64")
    [row] = writer.algebra(
        [select(given < 0, given + length, given)], {0: number, 1: writer.size(extent)}
    )
    return row
