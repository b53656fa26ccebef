"""Diagonals, which are windows, and running sums and products."""

from __future__ import annotations

from pytensor.graph.basic import Apply
from pytensor.tensor.basic import ExtractDiag, Eye
from pytensor.tensor.extra_ops import CumOp

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule, other_numbers
from symrnn.native.program import Loop
from symrnn.native.scalar import arg, const, scalar
from symrnn.native.shapes import Shape, Shapes, dtype_of
from symrnn.native.sizes import Int, counter
from symrnn.native.window import Window


def diagonal_length(rows: Int, columns: Int, offset: int) -> Int:
    """Entries of a diagonal, `offset` columns to the right of the main one."""
    rows, columns = (rows, columns - offset) if offset >= 0 else (rows + offset, columns)
    shorter = rows if rows <= columns else columns
    return shorter if shorter > 0 else 0


def diagonal(window: Window, axis1: int, axis2: int, offset: int) -> Window:
    """Two axes made one, which is the last."""
    length = diagonal_length(window.shape[axis1], window.shape[axis2], offset)
    step1, step2 = window.strides[axis1], window.strides[axis2]
    start = offset * step2 if offset >= 0 else -offset * step1
    kept = [a for a in range(len(window.shape)) if a not in (axis1, axis2)]
    shape = (*(window.shape[a] for a in kept), length)
    strides = (*(window.strides[a] for a in kept), step1 + step2)
    # A diagonal of nothing may lie outside: it must not begin beyond the buffer.
    return Window(window.buffer, shape, strides, window.offset + (start if length != 0 else 0))


def _axes(node):
    ndim = node.inputs[0].type.ndim
    return node.op.axis1 % ndim, node.op.axis2 % ndim, node.op.offset


def diagonal_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shape, (axis1, axis2, offset) = shapes.of(node.inputs[0]), _axes(node)
    kept = [n for a, n in enumerate(shape) if a not in (axis1, axis2)]
    return [(*kept, diagonal_length(shape[axis1], shape[axis2], offset))]


def diagonal_lower(node: Apply, builder: Builder) -> None:
    [x], [out] = node.inputs, node.outputs
    same = builder.uniform(x)
    builder.bind(out, same if same is not None else diagonal(builder.window(x), *_axes(node)))


def eye_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    rows, columns, offset = (shapes.number(n) for n in node.inputs)
    # Asked for here, where it may still be put off until the value is known: lowering needs the number.
    int(offset)
    if rows < 0 or columns < 0:
        raise ValueError("negative dimensions are not allowed")
    return [(rows, columns)]


def eye_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    offset = int(builder.shapes.number(node.inputs[2]))
    place, dtype = builder.place(out), dtype_of(out)
    builder.write(place, [], const(0, dtype))
    builder.write(diagonal(place, 0, 1, offset), [], const(1, dtype))
    builder.bind(out, place)


def running_lower(node: Apply, builder: Builder) -> None:
    """``out[i] = out[i - 1] + x[i]`` along the axis, or ``*``."""
    [x], [out] = node.inputs, node.outputs
    place = builder.place(out)
    running(builder, node.op.mode, builder.window(x), place, node.op.axis)
    builder.bind(out, place)


def running(builder: Builder, mode: str, source: Window, place: Window, axis: int) -> None:
    """Write sums of all entries so far, or products, along an axis."""
    length, dtype = place.shape[axis], place.dtype
    if length == 0:
        return
    names = {"add": "or", "mul": "and"} if dtype == "bool" else {"add": "add", "mul": "mul"}
    combined = scalar(names[mode], arg(0, dtype), arg(1, dtype))
    builder.copy(source.indexed(axis, 0), place.indexed(axis, 0))
    loop = Loop(builder.parts.name("c"), length - 1)
    before = counter(loop.name)
    outside, builder.body = builder.body, loop.body
    entries = [place.indexed(axis, before), source.indexed(axis, before + 1)]
    builder.write(place.indexed(axis, before + 1), entries, combined)
    builder.body = outside
    builder.body.append(loop)


RULES: dict[type, Rule] = {
    ExtractDiag: Rule(diagonal_shapes, diagonal_lower),
    Eye: Rule(eye_shapes, eye_lower),
    CumOp: Rule(other_numbers, running_lower),
}
