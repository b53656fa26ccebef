"""Making arrays of others: Join, Split, Alloc. What can be written into its part of a whole at once is never copied."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.tensor.basic import Alloc, AllocEmpty, ARange, Join, Split

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Kernel, Number, Position, Source
from symrnn.native.scalar import arg, cast
from symrnn.native.shapes import SMALL, Shape, Shapes, dtype_of
from symrnn.native.sizes import Int, steps_within
from symrnn.native.window import Window


def axis_and_parts(node: Apply) -> tuple[int | Variable, list[Variable]]:
    """The axis of a Join, and what it joins; since PyTensor 3.3 the axis belongs to the op."""
    if hasattr(node.op, "axis"):
        return node.op.axis, list(node.inputs)
    axis, *parts = node.inputs
    return axis, parts


def join_axis(node: Apply, shapes: Shapes) -> tuple[int, list[Variable]]:
    axis, parts = axis_and_parts(node)
    axis = axis if isinstance(axis, int) else int(shapes.number(axis))
    return checked_axis(axis, parts[0].type.ndim), parts


def checked_axis(axis: int, ndim: int) -> int:
    """An axis counted from the front."""
    if not -ndim <= axis < ndim:
        raise IndexError(f"axis {axis} is out of bounds for an array of {ndim} dimensions")
    return axis % ndim


def join_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    axis, parts = join_axis(node, shapes)
    first = shapes.of(parts[0])
    for part in parts[1:]:
        shape = shapes.of(part)
        if any(n != m for i, (n, m) in enumerate(zip(first, shape, strict=True)) if i != axis):
            raise ValueError(
                f"all the input array dimensions except for the concatenation axis must match exactly, but are "
                f"{first} and {shape}"
            )
    numbers = [shapes.number_or_none(part) for part in parts]
    joined = [n for number in numbers if isinstance(number, tuple) for n in number]
    if first and len(first) == 1 and None not in numbers and len(joined) <= SMALL:
        shapes.numbers[node.outputs[0]] = tuple(joined)
    return [(*first[:axis], sum(shapes.of(part)[axis] for part in parts), *first[axis + 1 :])]


def join_windows(node: Apply, builder: Builder, whole: Window) -> list[tuple[Variable, Window]]:
    """The window of each part in the joined array."""
    axis, parts = join_axis(node, builder.shapes)
    lengths = [builder.shapes.of(part)[axis] for part in parts]
    # One more than there are parts: the last is the end of the last part.
    starts = [0, *accumulate(lengths)]
    return [
        (part, whole.sliced(axis, s, n)) for part, s, n in zip(parts, starts, lengths, strict=False)
    ]


def join_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    if builder.shapes.number_or_none(out) is not None:
        return
    place = builder.place(out)
    for part, window in join_windows(node, builder, place):
        builder.settle(part, window)
    builder.bind(out, place)


def join_wants(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    if builder.shapes.number_or_none(out) is not None:
        return
    _, parts = axis_and_parts(node)
    # As functions, not windows: where the whole lies is settled when the first of its parts is written.
    for i, part in enumerate(parts):
        builder.want(
            part, partial(lambda i: join_windows(node, builder, builder.place(out))[i][1], i)
        )


def split_ends(node: Apply, shapes: Shapes) -> Any:
    # As of a Join: since PyTensor 3.3 the axis belongs to the op.
    x, axis, lengths = (
        node.inputs if len(node.inputs) == 3 else (node.inputs[0], node.op.axis, node.inputs[1])
    )
    axis = axis if isinstance(axis, int) else int(shapes.number(axis))
    return x, checked_axis(axis, x.type.ndim), shapes.vector(lengths)


def split_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x, axis, lengths = split_ends(node, shapes)
    shape = shapes.of(x)
    if len(lengths) != len(node.outputs):
        raise ValueError("Length of splits is not equal to n_splits")
    if sum(lengths) != shape[axis]:
        raise ValueError(f"Split sizes sum to {sum(lengths)}; expected {shape[axis]}")
    if any(n < 0 for n in lengths):
        raise ValueError("Split sizes cannot be negative")
    return [(*shape[:axis], n, *shape[axis + 1 :]) for n in lengths]


def split_lower(node: Apply, builder: Builder) -> None:
    x, axis, lengths = split_ends(node, builder.shapes)
    window = builder.window(x)
    starts = [0, *accumulate(lengths)]
    # The last start is the end of the last part.
    for out, start, length in zip(node.outputs, starts, lengths, strict=False):
        builder.bind(out, window.sliced(axis, start, length))


def alloc_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    value, *sizes = node.inputs
    shape = tuple(shapes.number(n) for n in sizes)
    if any(n < 0 for n in shape):
        raise ValueError("negative dimensions are not allowed")
    if len(shapes.of(value)) > len(shape):
        raise ValueError("Alloc: the value has more dimensions than the array")
    given, known = shapes.of(value), value.type.broadcastable
    # The last axes face each other, as NumPy has it; before the value's first there is nothing to compare.
    axes = list(zip(*map(reversed, (given, shape, known)), strict=False))
    if any(n != m and n != 1 for n, m, _ in axes):
        raise ValueError(f"could not broadcast input array from shape {given} into shape {shape}")
    if any(n == 1 and m != 1 and not k for n, m, k in axes):
        raise ValueError(
            "Runtime broadcasting not allowed. Alloc was asked to broadcast a value along a dimension that was not "
            "marked as "
            "broadcastable. If broadcasting was intended, use `specify_broadcastable` on the relevant dimension(s)."
        )
    return [shape]


def alloc_lower(node: Apply, builder: Builder) -> None:
    value, [out] = node.inputs[0], node.outputs
    same = builder.uniform(value)
    if same is not None:
        builder.bind(out, same)
    else:
        # By strides of 0; it is laid out only for what cannot read it so.
        builder.bind(out, builder.window(value).broadcast(builder.shapes.of(out)))


def alloc_empty_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    return [tuple(shapes.number(n) for n in node.inputs)]


def alloc_empty_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    builder.bind(out, builder.place(out))


def arange_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    counted = _counted(node, shapes)
    return [arange_values(node, shapes).shape if counted is None else (counted[0],)]


def _counted(node: Apply, shapes: Shapes) -> tuple[Int, Int, int] | None:
    """``(length, start, step)`` of an ``arange`` between numbers that differ from call to call; else None."""
    if not all(isinstance(x, Constant) or x.type.dtype.startswith("int") for x in node.inputs):
        return None
    start, stop, step = (shapes.number_or_none(x) for x in node.inputs)
    # What is known is a constant; only of a number that is a parameter there would be another one for each length.
    if start is None or stop is None or not isinstance(step, int) or step == 0:
        return None
    if isinstance(start, int) and isinstance(stop, int):
        return None
    span = stop - start if step > 0 else start - stop
    if span <= 0:
        return 0, start, step
    return steps_within(span, step), start, step


def arange_values(node: Apply, shapes: Shapes) -> np.ndarray:
    """The entries, which must be known before anything is computed."""
    # numbers of Python: NumPy counts in the dtype of arrays, and a constant zero is an int8
    ends = [
        x.data.item() if isinstance(x, Constant) else int(shapes.number(x)) for x in node.inputs
    ]
    return np.arange(*ends, dtype=dtype_of(node.outputs[0]))


def arange_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    counted = _counted(node, builder.shapes)
    if counted is None:
        builder.bind(out, builder.constant(arange_values(node, builder.shapes)))
        return
    _, start, step = counted
    place, index = builder.place(out), arg(0, "int64")
    sources: list[Source] = [Position((1,), "int64")]
    if isinstance(start, int):
        value = index * step + start
    else:
        value = index * step + arg(1, "int64")
        sources.append(Number(start, "int64"))
    builder.body.append(Kernel(place.shape, [place], sources, [cast(value, place.dtype)]))
    builder.bind(out, place)


RULES: dict[type, Rule] = {
    Join: Rule(join_shapes, join_lower, join_wants),
    Split: Rule(split_shapes, split_lower),
    Alloc: Rule(alloc_shapes, alloc_lower),
    AllocEmpty: Rule(alloc_empty_shapes, alloc_empty_lower),
    ARange: Rule(arange_shapes, arange_lower),
}
