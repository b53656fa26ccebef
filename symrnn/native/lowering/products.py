"""Products of vectors, matrices and stacks of matrices, by BLAS."""

from __future__ import annotations

from itertools import product as index_product

from pytensor.tensor.blas import BatchedDot, Dot22
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.math import Dot

from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Gemm, Loop
from symrnn.native.scalar import const
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import broadcast_shape, dtype_of
from symrnn.native.sizes import counter
from symrnn.native.window import Window


def product_shape(left, right):
    """The shape of ``left @ right`` for vectors and matrices, None axes of vectors dropped."""
    if left[-1] != right[0]:
        raise ValueError(f"shapes {left} and {right} not aligned: {left[-1]} (dim {len(left) - 1}) != {right[0]} (dim 0)")
    return (*left[:-1], *right[1:])


def dot_shapes(node, shapes):
    _check_dtype(node)
    return [product_shape(*(shapes.of(x) for x in node.inputs))]


def _check_dtype(node):
    dtypes = {dtype_of(x) for x in (*node.inputs, *node.outputs)}
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise Unsupported(node.op, f"BLAS has no product of {' and '.join(sorted(dtypes))}")


def dot_lower(node, builder):
    [out] = node.outputs
    left, right = (builder.window(x) for x in node.inputs)
    place = builder.place(out)
    multiply(builder, place, left, right)
    builder.bind(out, place)


def multiply(builder, place, left, right):
    """Write ``left @ right`` into `place`."""
    left = left if len(left.shape) == 2 else left.permuted([None, 0])
    right = right if len(right.shape) == 2 else right.permuted([0, None])
    target = Window(place.buffer, (left.shape[0], right.shape[1]), _matrix_strides(place, left, right), place.offset)
    if left.shape[1] == 0:
        builder.write(target, [], const(0, target.dtype))
        return
    into = target if fits_blas(target) else builder.temporary(target.dtype, target.shape)
    builder.body.append(Gemm(into, usable(builder, left), usable(builder, right)))
    if into is not target:
        builder.copy(into, target)


def _matrix_strides(place, left, right):
    strides = list(place.strides)
    if len(strides) == 2:
        return tuple(strides)
    if not strides:
        return (1, 1)
    return (1, strides[0]) if left.shape[0] is not right.shape[1] and left.strides[0] == 0 and left.shape[0] == 1 else (strides[0], 1)


def usable(builder, window):
    """The same matrix, in a layout that BLAS reads."""
    return window if fits_blas(window) else builder.contiguous_copy(window)


def fits_blas(window) -> bool:
    """Whether one stride is 1 and the other one leads from row to row (or column to column)."""
    (rows, columns), (row, column) = window.shape, window.strides
    if column == 1 or columns == 1:
        return bool(rows == 1 or (row >= columns and row >= 1))
    if row == 1 or rows == 1:
        return bool(columns == 1 or (column >= rows and column >= 1))
    return False


def batched_shapes(node, shapes):
    _check_dtype(node)
    left, right = (shapes.of(x) for x in node.inputs)
    if left[0] != right[0]:
        raise ValueError(f"BatchedDot: the batch axes must be equal, but are {left[0]} and {right[0]}")
    return [(left[0], *product_shape(left[1:], right[1:]))]


def batched_lower(node, builder):
    left, right = (builder.window(x) for x in node.inputs)
    _each(builder, node.outputs[0], left, right, 1)


def _each(builder, out, left, right, batch_axes):
    """One product for each index of the leading axes."""
    place = builder.place(out)
    left, right, target = (w if True else None for w in (left, right, place))
    left, right = (_readable_batch(builder, w, batch_axes) for w in (left, right))
    extents = place.shape[:batch_axes]
    size = 1
    for n in extents:
        size = size * n
    if isinstance(size, int) and size <= 4:
        for index in index_product(*(range(n) for n in extents)):
            multiply(builder, *(_entry(w, index) for w in (target, left, right)))
    else:
        body = builder.body
        loops, index = [], []
        for n in extents:
            loop = Loop(builder.program.name("b"), n)
            (loops[-1].body if loops else body).append(loop)
            loops.append(loop)
            index.append(counter(loop.name))
        builder.body = loops[-1].body
        multiply(builder, *(_entry(w, index) for w in (target, left, right)))
        builder.body = body
    builder.bind(out, place)


def _readable_batch(builder, window, batch_axes):
    """A copy in row-major order of a stack whose matrices BLAS can't read as they lie."""
    matrix = Window(window.buffer, window.shape[batch_axes:], window.strides[batch_axes:])
    if len(matrix.shape) == 2 and not fits_blas(matrix):
        return builder.contiguous_copy(window)
    return window


def _entry(window, index):
    for i in index:
        window = window.at(0, i)
    return window


def blockwise_shapes(node, shapes):
    core = node.op.core_op
    if not isinstance(core, Dot):
        raise Unsupported(node.op, "only products are lowered")
    _check_dtype(node)
    left, right = (shapes.of(x) for x in node.inputs)
    core_ranks = _core_ranks(node)
    batch = broadcast_shape([s[: len(s) - r] for s, r in zip((left, right), core_ranks, strict=True)])
    inner = product_shape(*(s[len(s) - r :] for s, r in zip((left, right), core_ranks, strict=True)))
    return [(*batch, *inner)]


def _core_ranks(node):
    return [len(dims) for dims in node.op.inputs_sig]


def blockwise_lower(node, builder):
    [out] = node.outputs
    ranks = _core_ranks(node)
    shape = builder.shapes.of(out)
    inner = sum(ranks) - 2
    batch = shape[: len(shape) - inner]
    windows = []
    for x, rank in zip(node.inputs, ranks, strict=True):
        window = builder.window(x)
        core = window.shape[len(window.shape) - rank :]
        windows.append(window.broadcast((*batch, *core)))
    _each(builder, out, *windows, len(batch))


RULES = {
    Dot: Rule(dot_shapes, dot_lower),
    Dot22: Rule(dot_shapes, dot_lower),
    BatchedDot: Rule(batched_shapes, batched_lower),
    Blockwise: Rule(blockwise_shapes, blockwise_lower),
}
