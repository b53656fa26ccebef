"""Subtensor and IncSubtensor with whole numbers and slices, and their advanced kin with arrays of whole numbers."""

from __future__ import annotations

from typing import Any

from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.basic import AllocEmpty
from pytensor.tensor.subtensor import IncSubtensor, Subtensor, get_idx_list

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Check, Load, Number, Reduce
from symrnn.native.scalar import arg, const, from_begin, scalar
from symrnn.native.shapes import NeedsValue, Shape, Shapes, dtype_of
from symrnn.native.sizes import Int, Size, counter, steps_within
from symrnn.native.window import Window


def index_of(node: Apply, shapes: Shapes) -> list[Any]:
    """The index as numbers, slices of numbers, and variables where a number is not known."""
    inputs = node.inputs if isinstance(node.op, Subtensor) else node.inputs[1:]
    result: list[Any] = []
    for item in get_idx_list(inputs, node.op.idx_list):
        if isinstance(item, slice):
            result.append(
                slice(*(number_of(end, shapes) for end in (item.start, item.stop, item.step)))
            )
        else:
            number = item if isinstance(item, int) else shapes.number_or_none(item)
            result.append(item if number is None else number)
    return result


def number_of(end: Any, shapes: Shapes) -> Int | None:
    # An end that is left out may be a constant that is None.
    if end is None or isinstance(end, int) or (hasattr(end, "data") and end.data is None):
        return end if isinstance(end, int) else None
    return shapes.number(end)


def slice_range(item: slice, n: Int) -> tuple[Int, Int, int]:
    """``(start, length, step)`` of a slice of an axis of extent `n`, as Python clips it."""
    step = 1 if item.step is None else int(item.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    # Backwards, the end before all entries is -1, which must not be taken for the last one.
    low, high = (0, n) if step > 0 else (-1, n - 1)

    def clipped(end, default):
        if end is None:
            return default
        if end < 0:
            end = end + n
            return low if end < low else end
        return high if end > high else end

    start = clipped(item.start, low if step > 0 else high)
    stop = clipped(item.stop, high if step > 0 else low)
    span = stop - start if step > 0 else start - stop
    if span <= 0:
        # A window of nothing must not begin beyond the buffer.
        return (start if start < n else 0), 0, step
    return start, steps_within(span, step), step


def wrapped(i: Int, n: Int) -> Int:
    """A known index, counted from the end where it is negative."""
    if i >= n or i < -n:
        raise IndexError(f"index {i} is out of bounds for axis of size {n}")
    return i + n if i < 0 else i


def subtensor_shape(node: Apply, shapes: Shapes, shape: Shape) -> Shape:
    result = []
    index = index_of(node, shapes)
    # An index may name fewer axes than there are; the others stay whole.
    for item, n in zip(index, shape, strict=False):
        if isinstance(item, slice):
            result.append(slice_range(item, n)[1])
        elif isinstance(item, int) or not hasattr(item, "type"):
            wrapped(item, n)
    return (*result, *shape[len(index) :])


def subtensor_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x = node.inputs[0]
    shape = subtensor_shape(node, shapes, shapes.of(x))
    number = shapes.number_or_none(x)
    if isinstance(number, tuple):
        [item] = index_of(node, shapes)
        if isinstance(item, slice):
            start, length, step = slice_range(item, len(number))
            shapes.numbers[node.outputs[0]] = tuple(
                number[start + step * i] for i in range(int(length))
            )
        elif isinstance(item, int):
            shapes.numbers[node.outputs[0]] = number[wrapped(item, len(number))]
    return [shape]


def subtensor_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    x = node.inputs[0]
    if builder.shapes.number_or_none(out) is not None:
        return
    same = builder.uniform(x)
    if same is not None:
        # The bounds are checked all the same.
        for item, n in zip(index_of(node, builder.shapes), builder.shapes.of(x), strict=False):
            if hasattr(item, "type"):
                loaded(builder, item, n)
        builder.bind(out, same)
        return
    builder.bind(out, part(node, builder, builder.window(x)))


def part(node: Apply, builder: Builder, window: Window) -> Window:
    """The window of `window` that the node's index names."""
    axis = 0
    for item in index_of(node, builder.shapes):
        n = window.shape[axis]
        if isinstance(item, slice):
            window = window.sliced(axis, *slice_range(item, n))
            axis += 1
        elif hasattr(item, "type"):
            window = window.indexed(axis, loaded(builder, item, n))
        else:
            window = window.indexed(axis, wrapped(item, n))
    return window


def loaded(builder: Builder, index: Variable | Window, extent: Int) -> Size:
    """A number read when the program runs, checked against the extent of the axis that it indexes."""
    name = builder.parts.name("i")
    error = builder.parts.error(out_of_bounds(extent))
    source = index if isinstance(index, Window) else builder.window(index)
    # Of a window of whole numbers without a sign, NumPy takes what they are as int64.
    has_sign = isinstance(index, Window) or not index.type.dtype.startswith("u")
    builder.body.append(Load(name, source, extent, error, has_sign))
    return counter(name)


def out_of_bounds(extent: Int) -> IndexError:
    """What is said where a number that indexes an axis is beyond it."""
    return IndexError(f"index out of bounds for an axis of size {extent}")


def check_each(builder: Builder, numbers: Window, extent: Int, error: Exception) -> None:
    """Stop with `error` where one of many numbers, of either sign, is no index of an axis."""
    row, length = from_begin(arg(0, numbers.dtype), arg(1, "int64")), arg(1, "int64")
    holds, all_are = builder.temporary("bool", ()), arg(0, "bool")
    builder.body.append(
        Reduce(
            numbers.shape,
            tuple(range(len(numbers.shape))),
            holds.broadcast(numbers.shape),
            [numbers, Number(extent, "int64")],
            (row >= 0) & (row < length),
            scalar("and", all_are, arg(1, "bool")),
            const(True, "bool"),
            True,
            all_are,
        )
    )
    builder.body.append(Check(holds, builder.parts.error(error)))


def subtensor_wants(node: Apply, builder: Builder) -> None:
    """A whole axis turned round is wanted turned round."""
    [out], x = node.outputs, node.inputs[0]
    if out not in builder.places:
        return
    try:
        index = index_of(node, builder.shapes)
    except NeedsValue:
        return
    shape = builder.shapes.of(x)
    # Of a part, `x` would find no place there for the rest.
    if not all(isinstance(item, slice) for item in index) or builder.shapes.of(out) != shape:
        return

    def place():
        window = builder.place(out)
        for axis, item in enumerate(index):
            if item.step is not None and item.step < 0:
                window = window.sliced(axis, shape[axis] - 1, shape[axis], -1)
        return window

    builder.want(x, place)


def inc_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x, y = node.inputs[:2]
    shape = shapes.of(x)
    target = subtensor_shape(node, shapes, shape)
    given = shapes.of(y)
    if len(given) > len(target):
        raise ValueError(f"could not broadcast input array from shape {given} into shape {target}")
    # The last axes face each other; those that the value lacks are repeated.
    for n, m in zip(reversed(given), reversed(target), strict=False):
        if n != m and n != 1:
            raise ValueError(
                f"could not broadcast input array from shape {given} into shape {target}"
            )
    return [shape]


def inc_lower(node: Apply, builder: Builder) -> None:
    x, y, *_ = node.inputs
    [out] = node.outputs
    # This also closes `y`, where it is still to be computed from the memory that is now written over.
    whole = overwritten(node, builder, x, out)
    target = part(node, builder, whole)
    if node.op.set_instead_of_inc:
        builder.settle_broadcast(y, target)
    else:
        builder.add_to(target, y)
    builder.bind(out, whole)


def overwritten(node: Apply, builder: Builder, x: Variable, out: Variable) -> Window:
    """Where `x` is to be changed into `out`: in place where nothing else reads it, else in a copy."""
    window = builder.window(x) if x in builder.values and builder.uniform(x) is None else None
    place = builder.place(out) if out in builder.places else None
    # Wanted elsewhere, it has to be copied anyway, and then there at once.
    if window is not None and builder.can_overwrite(x, node) and place in (None, window):
        builder.before_write(window.buffer)
        return window
    # Elsewhere in its own buffer, a copy would overwrite what it has still to read.
    if place is None or (window is not None and place.buffer is window.buffer):
        place = builder.temporary(dtype_of(out), builder.shapes.of(out))
    builder.settle(x, place)
    return place


def inc_wants(node: Apply, builder: Builder) -> None:
    """`x` is wanted where the result is, if nothing else reads it."""
    x, [out] = node.inputs[0], node.outputs
    if builder.unread.get(x) != {node} or x in builder.outputs:
        return
    if out in builder.places:
        builder.want(x, lambda: builder.place(out))
    if not isinstance(node.op, IncSubtensor):
        return
    y = node.inputs[1]
    is_empty = x.owner is not None and isinstance(x.owner.op, AllocEmpty)
    # What sets a part of memory that holds nothing yet is computed there.
    if is_empty and node.op.set_instead_of_inc:
        place = lambda: part(node, builder, builder.place(x))  # noqa: E731
        if builder.shapes.of(y) == subtensor_shape(
            node, builder.shapes, builder.shapes.of(x)
        ) and is_static(node, builder):
            builder.want(y, place)


def is_static(node: Apply, builder: Builder) -> bool:
    """Whether the index is known before anything is computed."""
    return not any(hasattr(item, "type") for item in index_of(node, builder.shapes))


RULES: dict[type, Rule] = {
    Subtensor: Rule(subtensor_shapes, subtensor_lower, subtensor_wants),
    IncSubtensor: Rule(inc_shapes, inc_lower, inc_wants),
}
