"""PyTensor's ops on tensors in the intermediate graph: one row of `OPS` an op.

A row is a function ``(builder, node, operands)`` that returns the values of the node's outputs. An op of your own is a
function here and its row, under the name of its class; subclasses go with it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply
from pytensor.scalar.basic import Composite
from pytensor.tensor.type_other import NoneTypeT

from symrnn.export.build import Builder
from symrnn.export.graph import Value
from symrnn.export.indexing import advanced_subtensor, inc_subtensor, subtensor
from symrnn.export.lengths import length
from symrnn.export.scalar_ops import SCALARS
from symrnn.versions import join_parts

Values = Sequence[Any]


class Unknown(NotImplementedError):
    """An op, or a use of it, that no row covers."""


def elemwise(b: Builder, node: Any, operands: Values) -> list[Value]:
    return scalar(b, node.op.scalar_op, operands, [out.type.dtype for out in node.outputs])


def scalar(b: Builder, op: Any, operands: Values, dtypes: Sequence[str]) -> list[Value]:
    """A scalar op, or the graph of a fused one, on arrays."""
    if isinstance(op, Composite):
        known = dict(zip(op.fgraph.inputs, operands, strict=True))
        for node in op.fgraph.toposort():
            # Whatever is no input of the fused graph and made by none of its nodes is a constant.
            inner = [known.get(v) or b.constant(v.data) for v in node.inputs]  # type: ignore[attr-defined]
            made = scalar(b, node.op, inner, [out.type.dtype for out in node.outputs])
            known |= zip(node.outputs, made, strict=True)
        return [known[out] for out in op.fgraph.outputs]
    # By names, since both PyTensor lines have some that the other lacks; the nearest base class counts.
    row = next((SCALARS[c.__name__] for c in type(op).__mro__ if c.__name__ in SCALARS), None)
    if row is None:
        raise Unknown(type(op).__name__)
    if isinstance(row, str):
        return [b.make(row, *operands)]
    return [row(b, operands, dtypes[0])]


def scalar_apply(b: Builder, node: Any, operands: Values) -> list[Value]:
    return scalar(b, node.op, operands, [out.type.dtype for out in node.outputs])


def dimshuffle(b: Builder, node: Any, operands: Values) -> list[Value]:
    [x] = operands
    order = node.op.new_order
    kept = [axis for axis in order if axis != "x"]
    # A DimShuffle drops axes of length one, turns what is left, and puts axes in: in that order.
    x = b.squeeze(x, *(axis for axis in range(x.ndim) if axis not in kept))
    places = sorted(kept)
    x = b.transpose(x, [places.index(axis) for axis in kept])
    return [b.unsqueeze(x, *(i for i, axis in enumerate(order) if axis == "x"))]


def product(b: Builder, node: Any, operands: Values) -> list[Value]:
    out = node.outputs[0].type
    x, y = (b.cast(each, out.dtype) for each in operands)
    # A weight that was given axes of length one to fit a batch is a matrix again.
    while y.ndim > 2 and y.constant is not None and y.shape[0] == 1 and x.ndim >= y.ndim:
        y = b.squeeze(y, 0)
    shape = list(out.shape)
    # Values know more of lengths than types do: a shared variable's is that of its value.
    if y.ndim > 1 and shape[-1] is None:
        shape[-1] = y.shape[-1]
    if x.ndim == out.ndim:
        # All axes of x but the last one, which the product sums over.
        shape[:-1] = [n if s is None else s for s, n in zip(shape[:-1], x.shape, strict=False)]
    return [b.make("MatMul", x, y, dtype=out.dtype, shape=tuple(shape))]


def blockwise(b: Builder, node: Any, operands: Values) -> list[Value]:
    core = type(node.op.core_op).__name__
    if core not in ("Dot", "MatrixMultiply", "Matmul"):
        raise Unknown(f"Blockwise of {core}")
    return product(b, node, operands)


def gemm(b: Builder, node: Any, operands: Values) -> list[Value]:
    """What rewriting makes of ``beta * z + alpha * x @ y``."""
    z, alpha, x, y, beta = operands
    out = node.outputs[0].type
    product_ = b.make("MatMul", x, y, dtype=out.dtype, shape=tuple(out.shape))
    return [b.make("Add", b.make("Mul", beta, z), b.make("Mul", alpha, product_))]


def scaled_product(b: Builder, node: Any, operands: Values) -> list[Value]:
    """What rewriting makes of ``alpha * x @ y``."""
    x, y, alpha = operands
    out = node.outputs[0].type
    product_ = b.make("MatMul", x, y, dtype=out.dtype, shape=tuple(out.shape))
    return [b.make("Mul", alpha, product_)]


def scalars_of(b: Builder, vector: Value, count: int) -> list[Value]:
    """The entries of a vector of `count`."""
    return [b.cast(b.gather(vector, i, 0), "int64") for i in range(count)]


def reshape(b: Builder, node: Any, operands: Values) -> list[Value]:
    x, shape = operands
    out = tuple(node.outputs[0].type.shape)
    sizes = scalars_of(b, shape, len(out))
    return [b.reshape(x, sizes, known_shape(out, sizes))]


def known_shape(stated: Sequence[int | None], sizes: Values) -> tuple[int | None, ...]:
    """What a type says of a shape, and the lengths that are known besides."""
    numbers = [None if size.constant is None else int(size.constant) for size in sizes]
    each = zip(stated, numbers, strict=True)
    return tuple(n if s is None and n is not None and n >= 0 else s for s, n in each)


def shape_of(b: Builder, node: Any, operands: Values) -> list[Value]:
    [x] = operands
    return [vector(b, [length(b, x, axis) for axis in range(x.ndim)])]


def vector(b: Builder, items: Values, dtype: str = "int64") -> Value:
    items = [b.cast(item, dtype) for item in items]
    return b.make("Vector", *items, dtype=dtype, shape=(len(items),))


def make_vector(b: Builder, node: Any, operands: Values) -> list[Value]:
    return [vector(b, operands, node.outputs[0].type.dtype)]


def shape_i(b: Builder, node: Any, operands: Values) -> list[Value]:
    return [length(b, operands[0], node.op.i)]


def passed(b: Builder, node: Any, operands: Values) -> list[Value]:
    """A view of the first input, which a function for use alone can do without."""
    return [operands[0]]


def specify_shape(b: Builder, node: Any, operands: Values) -> list[Value]:
    x = operands[0]
    # What is said of the shape is true of the value, too, where nothing else has said it.
    if x.constant is None:
        stated = zip(x.shape, node.outputs[0].type.shape, strict=True)
        x.shape = tuple(known if size is None else size for size, known in stated)
    return [x]


def alloc(b: Builder, node: Any, operands: Values) -> list[Value]:
    x, *sizes = operands
    out = node.outputs[0].type
    sizes = [b.cast(size, "int64") for size in sizes]
    shape = known_shape(out.shape, sizes)
    return [b.make("Expand", x, *sizes, dtype=out.dtype, shape=shape)]


def alloc_empty(b: Builder, node: Any, operands: Values) -> list[Value]:
    # An empty array is written to before it is read, so zeros are as good.
    zero = b.constant(np.zeros((), node.outputs[0].type.dtype))
    return alloc(b, node, [zero, *operands])


def joined(b: Builder, node: Any, operands: Values) -> list[Value]:
    axis, parts = join_parts(node)
    if axis is None:
        raise Unknown("Join along an axis that is an expression")
    out = node.outputs[0].type
    joined = [b.cast(each, out.dtype) for each in operands[-len(parts) :]]
    return [b.concat(joined, axis % out.ndim)]


def split(b: Builder, node: Any, operands: Values) -> list[Value]:
    x, *rest = operands
    # Since PyTensor 3.3 the axis of a Split belongs to the op, before it is an input.
    axis, sizes = (node.op.axis, rest[0]) if len(rest) == 1 else rest
    if sizes.constant is None or getattr(axis, "constant", 0) is None:
        raise Unknown("Split into parts whose sizes are expressions")
    axis = int(getattr(axis, "constant", axis)) % x.ndim
    ends = np.cumsum(sizes.constant).tolist()
    # The last end begins no part.
    return [b.slice(x, axis, start, end) for start, end in zip([0, *ends], ends, strict=False)]


def arange(b: Builder, node: Any, operands: Values) -> list[Value]:
    out = node.outputs[0].type
    bounds = [b.cast(each, out.dtype) for each in operands]
    return [b.make("Range", *bounds, dtype=out.dtype, shape=tuple(out.shape))]


def eye(b: Builder, node: Any, operands: Values) -> list[Value]:
    if any(each.constant is None for each in operands):
        raise Unknown("Eye of a size that is an expression")
    n, m, k = (int(each.constant) for each in operands)
    return [b.constant(np.eye(n, m, k, dtype=node.outputs[0].type.dtype))]


REDUCTIONS = {
    "Add": "ReduceSum",
    "Mul": "ReduceProd",
    "ScalarMaximum": "ReduceMax",
    "ScalarMinimum": "ReduceMin",
    "Maximum": "ReduceMax",
    "Minimum": "ReduceMin",
    "AND": "ReduceAll",
    "OR": "ReduceAny",
    "Mean": "ReduceMean",
}


def reduced(b: Builder, node: Any, operands: Values) -> list[Value]:
    [x] = operands
    name = type(node.op.scalar_op).__name__ if hasattr(node.op, "scalar_op") else "LogSumExp"
    op = {**REDUCTIONS, "LogSumExp": "ReduceLogSumExp"}.get(name)
    if op is None:
        raise Unknown(f"{type(node.op).__name__} by {name}")
    axes = tuple(range(x.ndim)) if node.op.axis is None else tuple(node.op.axis)
    out = node.outputs[0].type
    if not axes:
        return [x]
    if op in ("ReduceAll", "ReduceAny") and x.dtype != "bool":
        raise Unknown("bitwise reduction of integers")
    x = x if out.dtype == "bool" else b.cast(x, out.dtype)
    return [b.make(op, x, dtype=out.dtype, shape=tuple(out.shape), axes=axes)]


def max_and_argmax(b: Builder, node: Any, operands: Values) -> list[Value]:
    [highest] = reduced(b, node, operands) if hasattr(node.op, "scalar_op") else [None]
    return [highest, *argmax(b, node, operands)]  # type: ignore[list-item]


def argmax(b: Builder, node: Any, operands: Values) -> list[Value]:
    [x] = operands
    axes = tuple(range(x.ndim) if node.op.axis is None else node.op.axis)
    out = node.outputs[-1].type
    axis = axes[0] if len(axes) == 1 else x.ndim - len(axes)
    x = x if len(axes) == 1 else flat_at_the_end(b, x, axes)
    return [b.make("ArgMax", x, dtype="int64", shape=tuple(out.shape), axis=int(axis))]


def flat_at_the_end(b: Builder, x: Value, axes: Sequence[int]) -> Value:
    """`x` with these axes made one, the last: ``(*kept, N)``."""
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    sizes = [x.shape[axis] for axis in axes]
    last = None if None in sizes else int(np.prod(sizes))  # type: ignore[arg-type]
    turned = b.transpose(x, [*kept, *axes])
    lengths = [*(length(b, x, axis) for axis in kept), b.integer(-1)]
    return b.reshape(turned, lengths, (*(x.shape[axis] for axis in kept), last))


def softmax(op: str) -> Callable[[Builder, Any, Values], list[Value]]:
    def row(b: Builder, node: Any, operands: Values) -> list[Value]:
        [x] = operands
        axes = range(x.ndim) if node.op.axis is None else node.op.axis
        axes = tuple(axes) if isinstance(axes, tuple | list | range) else (axes,)
        axes = tuple(int(axis) % x.ndim for axis in axes)
        if len(axes) == 1:
            return [b.make(op, x, dtype=x.dtype, shape=x.shape, axis=axes[0])]
        flat = flat_at_the_end(b, x, axes)
        shares = b.make(op, flat, dtype=x.dtype, shape=flat.shape, axis=flat.ndim - 1)
        order = [*(axis for axis in range(x.ndim) if axis not in axes), *axes]
        shape = tuple(x.shape[axis] for axis in order)
        apart = b.reshape(shares, [length(b, x, axis) for axis in order], shape)
        return [b.transpose(apart, [order.index(axis) for axis in range(x.ndim)])]

    return row


def cumulated(b: Builder, node: Any, operands: Values) -> list[Value]:
    [x] = operands
    if node.op.mode != "add" or node.op.axis is None:
        raise Unknown("CumOp that multiplies, or of no axis")
    return [b.make("CumSum", x, dtype=x.dtype, shape=x.shape, axis=node.op.axis % x.ndim)]


def image_convolution(b: Builder, node: Any, operands: Values) -> list[Value]:
    """Channels last, which files have first."""
    xs, filters = operands
    turned = b.transpose(xs, (0, 3, 1, 2))
    order = (3, 2, 0, 1)
    if filters.constant is None:
        weights = b.transpose(filters, order)
    else:
        weights = b.constant(filters.constant.transpose(order), filters.name)
    batch, height, width, count = node.outputs[0].type.shape
    attributes = {"strides": node.op.stride, "dilations": (1, 1), "pads": node.op.padding}
    shape = (batch, count, height, width)
    made = b.make("Conv", turned, weights, dtype=xs.dtype, shape=shape, **attributes)
    return [b.transpose(made, (0, 2, 3, 1))]


def is_none(variable: Any) -> bool:
    """Whether a variable stands for None."""
    return isinstance(variable.type, NoneTypeT)


Row = Callable[[Builder, Apply, Values], list[Value]]
OPS: dict[str, Row] = {
    "Elemwise": elemwise,
    "ScalarOp": scalar_apply,
    "DimShuffle": dimshuffle,
    "Dot": product,
    "Dot22": product,
    "Dot22Scalar": scaled_product,
    "Gemm": gemm,
    # Gemv has its operands in Gemm's order: z, alpha, x, y, beta.
    "Gemv": gemm,
    "BatchedDot": product,
    "Blockwise": blockwise,
    "Reshape": reshape,
    "Shape": shape_of,
    "Shape_i": shape_i,
    "SpecifyShape": specify_shape,
    "MakeVector": make_vector,
    "Subtensor": subtensor,
    "IncSubtensor": inc_subtensor,
    "AdvancedSubtensor": advanced_subtensor,
    "AdvancedSubtensor1": advanced_subtensor,
    "Join": joined,
    "Split": split,
    "Alloc": alloc,
    "AllocEmpty": alloc_empty,
    "ARange": arange,
    "Eye": eye,
    # Sum, Prod, Max and all others are subclasses of it.
    "CAReduce": reduced,
    "LogSumExp": reduced,
    "MaxAndArgmax": max_and_argmax,
    "Argmax": argmax,
    "Softmax": softmax("Softmax"),
    "LogSoftmax": softmax("LogSoftmax"),
    "CumOp": cumulated,
    "ImageConvolution": image_convolution,
    "ScalarFromTensor": passed,
    "TensorFromScalar": passed,
    "CheckAndRaise": passed,  # what it would refuse, no file can refuse
    "ViewOp": passed,
    "DeepCopyOp": passed,
    "GradClip": passed,
    "DisconnectedGrad": passed,
    "ZeroGrad": passed,
    "ConsiderConstant": passed,
    "GradScale": passed,
    "OutputGuard": passed,
}
