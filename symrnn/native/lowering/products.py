"""Products of vectors, matrices and stacks of matrices, by BLAS."""

from __future__ import annotations

from itertools import product as index_product

from pytensor.graph.basic import Apply, Variable
from pytensor.tensor import blas
from pytensor.tensor.blas import BatchedDot, Dot22, Dot22Scalar, Gemm, Gemv
from pytensor.tensor.math import Dot

from symrnn.native.builder import Builder, OpenKernel
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Gemm as Product
from symrnn.native.program import Kernel, Loop, Reduce
from symrnn.native.scalar import Scalar, arg, cast, const, constant_value, scalar, select
from symrnn.native.shapes import Shape, Shapes, broadcast_shape
from symrnn.native.sizes import Int, counter
from symrnn.native.window import Window


def product_shape(left: Shape, right: Shape) -> Shape:
    """The shape of ``left @ right`` for vectors and matrices, None axes of vectors dropped."""
    if left[-1] != right[0]:
        raise ValueError(
            f"shapes {left} and {right} not aligned: {left[-1]} (dim {len(left) - 1}) != {right[0]} (dim 0)"
        )
    return (*left[:-1], *right[1:])


def dot_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    return [product_shape(*(shapes.of(x) for x in node.inputs))]


def dot_lower(node: Apply, builder: Builder) -> None:
    [out] = node.outputs
    left, right = (builder.window(x) for x in node.inputs)
    place = builder.place(out)
    multiply(builder, place, left, right)
    builder.bind(out, place)


def scaled_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    """Of ``a * (x @ y)``."""
    return [product_shape(*(shapes.of(x) for x in node.inputs[:2]))]


def scaled_lower(node: Apply, builder: Builder) -> None:
    x, y, factor = node.inputs
    [out] = node.outputs
    place = builder.place(out)
    multiply(builder, place, builder.window(x), builder.window(y))
    kernel = OpenKernel(place.shape)
    scale, product = builder.element(kernel, factor), kernel.argument(place)
    builder.body.append(
        Kernel(place.shape, [place], kernel.inputs, [product_of(scale, product, place.dtype)])
    )
    builder.bind(out, place)


def sum_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    """Of ``b * z + a * (x @ y)``: `z` is repeated where it must be."""
    z, _, x, y, _ = node.inputs
    shape = product_shape(shapes.of(x), shapes.of(y))
    if broadcast_shape([shapes.of(z), shape]) != shape:
        raise ValueError(
            f"a product of shape {shape} can't be added to an array of shape {shapes.of(z)}"
        )
    return [shape]


def sum_lower(node: Apply, builder: Builder) -> None:
    z, a, x, y, b = node.inputs
    [out] = node.outputs
    place = builder.place(out)
    left, right = builder.window(x), builder.window(y)
    if _is_one(builder, a) and _is_one(builder, b) and fits_blas_output(place):
        # BLAS adds to what it finds in the output.
        builder.settle_broadcast(z, place)
        multiply(builder, place, left, right, accumulates=True)
        builder.bind(out, place)
        return
    product = builder.temporary(place.dtype, place.shape)
    multiply(builder, product, left, right)
    kernel = OpenKernel(place.shape)
    total = product_of(builder.element(kernel, a), kernel.argument(product), place.dtype)
    factor = cast(builder.element(kernel, b), place.dtype)
    if not (
        factor.op == "const" and constant_value(factor) == 0
    ):  # z may be memory that nothing was written to
        sum_ = total + product_of(factor, builder.element(kernel, z), place.dtype)
        # By 0, BLAS does not read what is there; NaN times 0 would be NaN.
        total = select(factor.equal(0), total, sum_)
    builder.body.append(Kernel(place.shape, [place], kernel.inputs, [total]))
    builder.bind(out, place)


def outer_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    """Of ``A + a * outer(x, y)``."""
    matrix, _, x, y = (shapes.of(var) for var in node.inputs)
    if matrix != (*x, *y):
        raise ValueError(
            f"an outer product of shape {(*x, *y)} can't be added to a matrix of shape {matrix}"
        )
    return [matrix]


def outer_lower(node: Apply, builder: Builder) -> None:
    matrix, factor, x, y = node.inputs
    [out] = node.outputs
    place = builder.place(out)
    kernel = OpenKernel(place.shape)
    column = builder.window(x).permuted([0, None]).broadcast(place.shape)
    row = builder.window(y).permuted([None, 0]).broadcast(place.shape)
    scaled = builder.element(kernel, factor) * kernel.argument(column) * kernel.argument(row)
    total = builder.element(kernel, matrix) + scaled
    builder.body.append(Kernel(place.shape, [place], kernel.inputs, [total]))
    builder.bind(out, place)


def product_of(left: Scalar, right: Scalar, dtype: str) -> Scalar:
    return cast(left, dtype) * cast(right, dtype)


def _is_one(builder: Builder, variable: Variable) -> bool:
    same = builder.uniform(variable)
    return same is not None and same.op == "const" and constant_value(same) == 1


def fits_blas_output(place: Window) -> bool:
    return len(place.shape) == 2 and fits_blas(place)


def multiply(
    builder: Builder, place: Window, left: Window, right: Window, accumulates: bool = False
) -> None:
    """Write ``left @ right`` into `place`, or add it there."""
    left = left if len(left.shape) == 2 else left.permuted([None, 0])
    right = right if len(right.shape) == 2 else right.permuted([0, None])
    target = Window(
        place.buffer,
        (left.shape[0], right.shape[1]),
        _matrix_strides(place, left),
        place.offset,
    )
    # A sum of nothing, or no sum at all. BLAS refuses matrices whose rows are nothing apart.
    if left.shape[1] == 0 or any(n == 0 for n in target.shape):
        if not accumulates:
            builder.write(target, [], const(0, target.dtype))
        return
    if target.dtype not in ("float32", "float64"):
        _summed(builder, target, left, right)
        return
    into = target if fits_blas(target) else builder.temporary(target.dtype, target.shape)
    left, right = (usable(builder, as_dtype(builder, w, target.dtype)) for w in (left, right))
    builder.body.append(Product(into, left, right, accumulates))
    if into is not target:
        builder.copy(into, target)


def as_dtype(builder: Builder, window: Window, dtype: str) -> Window:
    """The same numbers as of `dtype`."""
    if window.dtype == dtype:
        return window
    copy = builder.temporary(dtype, window.shape)
    builder.copy(window, copy)
    return copy


def _summed(builder, target, left, right):
    """A product of whole numbers, as NumPy computes it: each sum in the result's dtype, which may overflow."""
    (rows, depth), columns = left.shape, right.shape[1]
    shape, dtype = (rows, columns, depth), target.dtype
    sources = [
        left.permuted([0, None, 1]).broadcast(shape),
        right.permuted([None, 1, 0]).broadcast(shape),
    ]
    output = Window(target.buffer, shape, (*target.strides, 0), target.offset)
    operands = [cast(arg(i, w.dtype), dtype) for i, w in enumerate(sources)]
    is_bool = dtype == "bool"
    element = scalar("and" if is_bool else "mul", *operands)
    combine = scalar("or" if is_bool else "add", arg(0, dtype), arg(1, dtype))
    start = const(False if is_bool else 0, dtype)
    builder.body.append(
        Reduce(shape, (2,), output, sources, element, combine, start, True, arg(0, dtype))
    )


def _matrix_strides(place, left):
    strides = list(place.strides)
    if len(strides) == 2:
        return tuple(strides)
    if not strides:
        return (1, 1)
    # One row: the left factor was a vector, given an axis of extent 1 and stride 0. A matrix of such a row by a vector
    # has one entry, and either way is right.
    is_row = left.strides[0] == 0 and left.shape[0] == 1
    return (1, strides[0]) if is_row else (strides[0], 1)


def usable(builder: Builder, window: Window) -> Window:
    """The same matrix, in a layout that BLAS reads."""
    return window if fits_blas(window) else builder.contiguous_copy(window)


def fits_blas(window: Window) -> bool:
    """Whether one stride is 1 and the other one leads from row to row (or column to column)."""
    (rows, columns), (row, column) = window.shape, window.strides
    if column == 1 or columns == 1:
        # Neither repeated nor overlapping: rows that begin within the one before are no matrix to BLAS.
        return bool(rows == 1 or (row >= columns and row >= 1))
    if row == 1 or rows == 1:
        return bool(columns == 1 or (column >= rows and column >= 1))
    return False


def batched_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    left, right = (shapes.of(x) for x in node.inputs)
    if left[0] != right[0]:
        raise ValueError(
            f"BatchedDot: the batch axes must be equal, but are {left[0]} and {right[0]}"
        )
    return [(left[0], *product_shape(left[1:], right[1:]))]


def batched_lower(node: Apply, builder: Builder) -> None:
    left, right = (builder.window(x) for x in node.inputs)
    products_of_stacks(builder, node.outputs[0], left, right, 1)


def products_of_stacks(
    builder: Builder, out: Variable, left: Window, right: Window, batch_axes: int
) -> None:
    """One product for each index of the leading axes."""
    place = builder.place(out)
    target = place
    left, right = (_readable_batch(builder, w, batch_axes) for w in (left, right))
    extents = place.shape[:batch_axes]
    size: Int = 1
    for n in extents:
        size = size * n
    if isinstance(size, int) and size <= 4:
        for index in index_product(*(range(n) for n in extents)):
            multiply(builder, target.entry(index), left.entry(index), right.entry(index))
    else:
        body = builder.body
        loops: list[Loop] = []
        counters = []
        for n in extents:
            loop = Loop(builder.parts.name("b"), n)
            (loops[-1].body if loops else body).append(loop)
            loops.append(loop)
            counters.append(counter(loop.name))
        builder.body = loops[-1].body
        multiply(builder, target.entry(counters), left.entry(counters), right.entry(counters))
        builder.body = body
    builder.bind(out, place)


def _readable_batch(builder, window, batch_axes):
    """A copy in row-major order of a stack whose matrices BLAS can't read as they lie."""
    matrix = Window(window.buffer, window.shape[batch_axes:], window.strides[batch_axes:])
    if len(matrix.shape) == 2 and not fits_blas(matrix):
        return builder.contiguous_copy(window)
    return window


RULES: dict[type, Rule] = {
    Dot: Rule(dot_shapes, dot_lower),
    Dot22: Rule(dot_shapes, dot_lower),
    Dot22Scalar: Rule(scaled_shapes, scaled_lower),
    Gemm: Rule(sum_shapes, sum_lower),
    Gemv: Rule(sum_shapes, sum_lower),
    BatchedDot: Rule(batched_shapes, batched_lower),
}
if hasattr(blas, "Ger"):  # gone since PyTensor 3.1
    RULES[blas.Ger] = Rule(outer_shapes, outer_lower)
