"""Sums, products, extremes and the softmax family."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pytensor.graph.basic import Apply, Variable
from pytensor.scalar import basic as ps
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.math import Argmax, MulWithoutZeros
from pytensor.tensor.special import LogSoftmax, Softmax

from symrnn.native.builder import Builder, OpenKernel
from symrnn.native.lowering.rule import Rule, same_shape
from symrnn.native.program import Number, Reduce, RowArgmax
from symrnn.native.scalar import Scalar, arg, cast, const, scalar
from symrnn.native.scalar_ops import Unsupported, lowered
from symrnn.native.shapes import Shape, Shapes, dtype_of
from symrnn.native.sizes import product
from symrnn.native.window import Window

EXTREMES = (ps.Maximum, ps.Minimum)
ON_SIZES: dict[type, Callable] = {ps.Add: sum, ps.Mul: product}  # of extents that may be parameters


def axes_of(node: Apply) -> tuple[int, ...]:
    axis = node.op.axis
    ndim = node.inputs[0].type.ndim
    return tuple(range(ndim)) if axis is None else tuple(sorted(a % ndim for a in axis))


def reduce_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shape, axes = shapes.of(node.inputs[0]), axes_of(node)
    # Before anything is lowered: what has no rule is then left to Python by itself.
    initial(node.op.scalar_op, accumulator_of(node))  # or `Unsupported`
    combination(node.op.scalar_op, accumulator_of(node))
    if isinstance(node.op.scalar_op, EXTREMES) and any(shape[a] == 0 for a in axes):
        raise ValueError("zero-size array to reduction operation which has no identity")
    number = shapes.number_or_none(node.inputs[0])
    if isinstance(number, tuple) and axes and type(node.op.scalar_op) in ON_SIZES:
        # In int64 alone, whose sums and products wrap in machine code as they do in NumPy.
        if dtype_of(node.outputs[0]) == "int64":
            shapes.numbers[node.outputs[0]] = ON_SIZES[type(node.op.scalar_op)](number)
    elif isinstance(number, tuple) and axes and all(isinstance(n, int) for n in number):
        storage = [[None]]
        node.op.perform(node, [np.asarray(number, dtype_of(node.inputs[0]))], storage)
        shapes.note(node.outputs[0], storage[0][0])
    return [tuple(n for a, n in enumerate(shape) if a not in axes)]


def reduce_lower(node: Apply, builder: Builder) -> None:
    [x], [out] = node.inputs, node.outputs
    if builder.shapes.number_or_none(out) is not None:
        return
    accumulator = accumulator_of(node)
    reduced(
        builder,
        builder.place(out),
        x,
        axes_of(node),
        combination(node.op.scalar_op, accumulator),
        initial(node.op.scalar_op, accumulator),
        # NumPy adds in pairs itself, so no order is the right one.
        may_reorder=isinstance(node.op.scalar_op, ps.Add | ps.Mul),
        change=lambda s: cast(s, accumulator),
    )
    builder.bind(out, builder.place(out))


def accumulator_of(node: Apply) -> str:
    """The dtype that a reduction computes in."""
    [x], [out] = node.inputs, node.outputs
    if isinstance(node.op.scalar_op, EXTREMES):
        return dtype_of(x)
    return str(node.op._acc_dtype(dtype_of(x))) if hasattr(node.op, "_acc_dtype") else dtype_of(out)


def combination(scalar_op: ps.ScalarOp, dtype: str) -> Scalar:
    """An accumulated value and one more made one."""
    return lowered(scalar_op, [arg(0, dtype), arg(1, dtype)], [dtype])[0]


def reduced(
    builder: Builder,
    target: Window,
    x: Variable,
    axes: tuple[int, ...],
    combine: Scalar,
    start: Scalar,
    *,
    may_reorder: bool,
    change: Callable[[Scalar], Scalar] = lambda s: s,
) -> None:
    """Write into `target` what `combine` makes of the elements of `x` along `axes`."""
    shape = builder.shapes.of(x)
    kernel, element = gathered(builder, x)
    strides = list(target.strides)
    for axis in axes:
        strides.insert(axis, 0)
    output = Window(target.buffer, shape, tuple(strides), target.offset)
    finish = cast(arg(0, start.dtype), target.dtype)
    builder.body.append(
        Reduce(
            shape,
            axes,
            output,
            list(kernel.inputs),
            change(element),
            combine,
            start,
            may_reorder,
            finish,
        )
    )


def gathered(builder: Builder, x: Variable) -> tuple[OpenKernel, Scalar]:
    """A kernel and the element of `x` in it: what computes `x` where nothing else reads it, else where it lies."""
    value = builder.values.get(x)
    # Nobody else reads it, so it is computed within the reduction and never written.
    if isinstance(value, OpenKernel) and len(builder.unread[x]) == 1 and x not in builder.outputs:
        return value, value.members[x]
    kernel = OpenKernel(builder.shapes.of(x))
    return kernel, builder.element(kernel, x)


def initial(scalar_op: ps.ScalarOp, dtype: str) -> Scalar:
    """What a reduction begins with."""
    kind = np.dtype(dtype).kind
    match scalar_op:
        case ps.Maximum():
            return const(
                -np.inf if kind == "f" else False if kind == "b" else np.iinfo(dtype).min, dtype
            )
        case ps.Minimum():
            return const(
                np.inf if kind == "f" else True if kind == "b" else np.iinfo(dtype).max, dtype
            )
        case ps.Add() | ps.OR() | ps.XOR():
            return const(0, dtype)
        case ps.Mul() | MulWithoutZeros():
            return const(1, dtype)
        case ps.AND():
            return const(True if kind == "b" else -1 if kind == "i" else np.iinfo(dtype).max, dtype)
    raise Unsupported(scalar_op, "no reduction by it")


def softmax_axes(node: Apply) -> tuple[int, ...]:
    axis, ndim = node.op.axis, node.inputs[0].type.ndim
    return (
        tuple(range(ndim)) if axis is None else tuple(sorted(a % ndim for a in np.atleast_1d(axis)))
    )


def softmax_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shape, axes = shapes.of(node.inputs[0]), softmax_axes(node)
    if any(shape[a] == 0 for a in axes):
        raise ValueError("zero-size array to reduction operation maximum which has no identity")
    return same_shape(node, shapes)


def softmax_lower(node: Apply, builder: Builder) -> None:
    """``exp(x - max) / sum`` and ``x - max - log(sum)``, over one axis or all."""
    [x], [out] = node.inputs, node.outputs
    shape, dtype = builder.shapes.of(x), dtype_of(x)
    axes = softmax_axes(node)
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    source = builder.window(x)
    place = builder.place(out)
    # One number for each row, seen as of the whole shape.
    top, total = (builder.temporary(dtype, kept).broadcast(shape) for _ in range(2))
    one, other = arg(0, dtype), arg(1, dtype)
    [greater] = lowered(ps.scalar_maximum, [one, other], [dtype])
    lowest = initial(ps.scalar_maximum, dtype)
    builder.body.append(Reduce(shape, axes, top, [source], one, greater, lowest, False, one))
    shifted = scalar("sub", one, other)
    [raised] = lowered(ps.exp, [shifted], [dtype])

    def add_up(inputs: list[Window | Number], element: Scalar) -> None:
        # The last two below: whether the terms may be taken in any order, and what is made of their sum.
        both, none = scalar("add", one, other), const(0, dtype)
        builder.body.append(Reduce(shape, axes, total, inputs, element, both, none, True, one))

    if isinstance(node.op, LogSoftmax):
        add_up([source, top], raised)
        [logarithm] = lowered(ps.log, [arg(2, dtype)], [dtype])
        builder.write(place, [source, top, total], scalar("sub", shifted, logarithm))
    else:
        # The exponentials lie where the result will, so that each is computed once.
        builder.write(place, [source, top], raised)
        add_up([place], one)
        builder.write(place, [place, total], scalar("div", one, other))
    builder.bind(out, place)


def argmax_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    shape, axes = shapes.of(node.inputs[0]), axes_of(node)
    if any(shape[a] == 0 for a in axes):
        raise ValueError("attempt to get argmax of an empty sequence")
    return [tuple(n for a, n in enumerate(shape) if a not in axes)] * len(node.outputs)


def argmax_lower(node: Apply, builder: Builder) -> None:
    [x], [out] = node.inputs, node.outputs
    axes = axes_of(node)
    window = builder.window(x)
    kept = [a for a in range(len(window.shape)) if a not in axes]
    # The index counts through all reduced axes, row by row, so they must be one.
    rows = builder.contiguous(window.permuted([*kept, *axes]))
    shape = builder.shapes.of(out)
    place = builder.place(out)
    flat = rows.reshaped((*shape, product(rows.shape[len(kept) :])))
    target = place if place.is_contiguous else builder.temporary(place.dtype, shape)
    assert flat is not None
    builder.body.append(RowArgmax(target, flat))
    if target is not place:
        builder.copy(target, place)
    builder.bind(out, place)


RULES: dict[type, Rule] = {
    CAReduce: Rule(reduce_shapes, reduce_lower),
    Softmax: Rule(softmax_shapes, softmax_lower),
    LogSoftmax: Rule(softmax_shapes, softmax_lower),
    Argmax: Rule(argmax_shapes, argmax_lower),
}
