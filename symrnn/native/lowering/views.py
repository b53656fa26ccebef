"""Ops that only see an array otherwise: no code, but where elements have to lie in another order."""

from __future__ import annotations

from functools import partial

from pytensor.compile.ops import DeepCopyOp, ViewOp
from pytensor.graph.basic import Apply
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.basic import MakeVector, ScalarFromTensor, TensorFromScalar
from pytensor.tensor.elemwise import DimShuffle
from pytensor.tensor.shape import Reshape, Shape_i, SpecifyShape
from pytensor.tensor.shape import Shape as ShapeOp

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule, same_shape, same_value, wants_through
from symrnn.native.shapes import SMALL, Shape, Shapes
from symrnn.native.sizes import product, quotient


def dimshuffle_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    [x] = node.inputs
    shape, order = shapes.of(x), node.op.new_order
    dropped = set(range(len(shape))) - {a for a in order if a != "x"}
    for axis in dropped:
        if shape[axis] != 1:
            raise ValueError(
                "Attempting to squeeze axes with size not equal to one: "
                f"axis {axis} is of extent {shape[axis]}"
            )
    number = shapes.number_or_none(x)
    if number is not None and len(order) < 2:
        flat = number if isinstance(number, tuple) else (number,)
        shapes.numbers[node.outputs[0]] = flat if order else flat[0]
    return [tuple(1 if a == "x" else shape[a] for a in order)]


def dimshuffle_lower(node: Apply, builder: Builder) -> None:
    [x], [out] = node.inputs, node.outputs
    same = builder.uniform(x)
    if same is not None:
        builder.bind(out, same)
    elif x in builder.values or builder.shapes.number_or_none(out) is None:
        builder.bind(
            out, builder.window(x).permuted([None if a == "x" else a for a in node.op.new_order])
        )


def dimshuffle_wants(node: Apply, builder: Builder) -> None:
    [x], [out] = node.inputs, node.outputs
    order = node.op.new_order
    # An axis that is dropped would have none in the place.
    if out not in builder.places or x.type.ndim != sum(a != "x" for a in order):
        return

    def place():
        window = builder.place(out)
        return window.permuted([order.index(axis) for axis in range(x.type.ndim)])

    builder.want(x, place)


def reshape_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x, wanted = node.inputs
    old = shapes.of(x)
    new = list(shapes.vector(wanted))[: node.op.ndim]
    size = product(old)
    # A parameter by its value in this call, which becomes a guard. NumPy takes any negative number for the rest.
    unknown = [axis for axis, n in enumerate(new) if getattr(n, "has_value", True) and n < 0]
    if unknown:
        rest = product(n for axis, n in enumerate(new) if axis != unknown[0])
        filled = quotient(size, rest) if rest != 0 else None
        if len(unknown) > 1 or filled is None:
            raise ValueError(f"cannot reshape array of shape {old} into shape {tuple(new)}")
        new[unknown[0]] = filled
    if product(new) != size:
        raise ValueError(f"cannot reshape array of size {size} into shape {tuple(new)}")
    number = shapes.number_or_none(x)
    if number is not None and len(new) < 2:
        flat = number if isinstance(number, tuple) else (number,)
        shapes.numbers[node.outputs[0]] = flat if new else flat[0]
    return [tuple(new)]


def reshape_lower(node: Apply, builder: Builder) -> None:
    x, [out] = node.inputs[0], node.outputs
    same = builder.uniform(x)
    if same is not None:
        builder.bind(out, same)
        return
    shape = builder.shapes.of(out)
    source = builder.window(x)
    window = source.reshaped(shape)
    if window is None:
        window = builder.place(out)
        # Where the result's place can be seen as of the old shape, the copy is made there and no second one.
        flat = window.reshaped(source.shape)
        if flat is None:
            window = builder.contiguous(source).reshaped(shape)
        else:
            builder.copy(source, flat)
    assert window is not None
    builder.bind(out, window)


def reshape_wants(node: Apply, builder: Builder) -> None:
    x, [out] = node.inputs[0], node.outputs
    if out in builder.places:
        builder.want(x, lambda: builder.place(out).reshaped(builder.shapes.of(x)))


def shape_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shape = shapes.of(node.inputs[0])
    if len(shape) <= SMALL:
        shapes.numbers[node.outputs[0]] = tuple(shape)
    return [(len(shape),)]


def shape_i_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shapes.numbers[node.outputs[0]] = shapes.of(node.inputs[0])[node.op.i]
    return [()]


def known(node: Apply, builder: Builder) -> None:
    """Nothing to do: the number is written where it is read."""


def specify_shape_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    x, *wanted = node.inputs
    shape = shapes.of(x)
    for axis, (n, var) in enumerate(zip(shape, wanted, strict=True)):
        # This axis may be of any extent.
        if getattr(var, "data", var) is None or type(var.type).__name__ == "NoneTypeT":
            continue
        if n != shapes.number(var):
            raise AssertionError(
                f"SpecifyShape: dim {axis} of input has shape {n}, expected {shapes.number(var)}."
            )
    return same_shape(node, shapes)


def make_vector_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    numbers = [shapes.number_or_none(x) for x in node.inputs]
    if node.op.dtype == "int64" and None not in numbers and len(numbers) <= SMALL:
        shapes.numbers[node.outputs[0]] = tuple(numbers)
    return [(len(node.inputs),)]


def make_vector_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    if builder.shapes.number_or_none(out) is not None:
        return
    window = builder.place(out)
    for i, x in enumerate(node.inputs):
        builder.settle(x, window.indexed(0, i))
    builder.bind(out, window)


def make_vector_wants(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    for i, x in enumerate(node.inputs):
        builder.want(x, partial(lambda i: builder.place(out).indexed(0, i), i))


def check_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    for condition in node.inputs[1:]:
        if shapes.number_or_none(condition) == 0:
            raise node.op.exc_type(node.op.msg)
    return same_shape(node, shapes)


def check_lower(node: Apply, builder: Builder) -> None:
    for condition in node.inputs[1:]:
        # Others held when the shapes were found, or that was the error.
        if builder.shapes.number_or_none(condition) is None:
            builder.check(condition, node.op.exc_type(node.op.msg))
    same_value(node, builder)


RULES: dict[type, Rule] = {
    DimShuffle: Rule(dimshuffle_shapes, dimshuffle_lower, dimshuffle_wants),
    Reshape: Rule(reshape_shapes, reshape_lower, reshape_wants),
    ShapeOp: Rule(shape_shapes, known),
    Shape_i: Rule(shape_i_shapes, known),
    SpecifyShape: Rule(specify_shape_shapes, same_value, wants_through),
    MakeVector: Rule(make_vector_shapes, make_vector_lower, make_vector_wants),
    ScalarFromTensor: Rule(same_shape, same_value),
    TensorFromScalar: Rule(same_shape, same_value),
    ViewOp: Rule(same_shape, same_value, wants_through),
    DeepCopyOp: Rule(same_shape, same_value, wants_through),
    CheckAndRaise: Rule(check_shapes, check_lower, wants_through),
}
