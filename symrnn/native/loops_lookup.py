"""Entries of a table that whole numbers name, one by one: a loop without calls, for a writer of LLVM or of C."""

from __future__ import annotations

from contextlib import ExitStack

from symrnn.native.loops import Function, Writer, nested, ordered
from symrnn.native.program import Lookup
from symrnn.native.scalar import arg, from_begin


def lookup(writer: Writer, statement: Lookup) -> Function:
    """Each number's entry: read into the output, or written with the value that faces it."""
    table, numbers, other = statement.table, statement.numbers, statement.other
    buffers = {table.buffer, other.buffer}
    is_apart = len(buffers) == 2 and not any(n.buffer in buffers for n in numbers)
    [written] = statement.writes()
    to_table, to_other = (
        writer.parameter(w, name, is_alone=is_apart, is_read=is_apart and w is not written)
        for w, name in ((table, "t0"), (other, "o0"))
    )
    # Two of them may be one array, which is written by none.
    places = [writer.parameter(n, f"i{i}", is_read=is_apart) for i, n in enumerate(numbers)]
    axes = zip(*ordered(other.shape, [other, *numbers]), strict=True)
    with ExitStack() as nest:
        at, *offsets = nested(writer, nest, axes, "j", ["0"] * (1 + len(numbers)))
        entry = "0"
        for axis, (number, place, offset) in enumerate(zip(numbers, places, offsets, strict=True)):
            given = writer.load(place, offset, number.dtype)
            row = from_begin(arg(0, number.dtype), arg(1, "int64"))
            [start] = writer.algebra([row], {0: given, 1: writer.size(table.shape[axis])})
            step = writer.times(start, writer.size(table.strides[axis]))
            entry = step if entry == "0" else writer.plus(entry, step)
        values = {0: writer.load(to_table, entry, table.dtype)}
        if statement.writes_table:
            values[1] = writer.load(to_other, at, other.dtype)
        [result] = writer.algebra([statement.body], values)
        target, offset = (to_table, entry) if statement.writes_table else (to_other, at)
        writer.store(result, target, offset, written.dtype)
    return writer.function()
