"""Cholesky factors and triangular systems, by LAPACK.

LAPACK reads columns after one another, so a matrix in row-major order is its transpose there, and a lower triangle an
upper one. Where a matrix has no answer, every number of the answer is NaN, as in PyTensor.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytensor.graph.basic import Apply
from pytensor.tensor.linalg.decomposition.cholesky import Cholesky
from pytensor.tensor.linalg.solvers.triangular import SolveTriangular

from symrnn.native.builder import Builder
from symrnn.native.calls import is_row_major, leading
from symrnn.native.lowering.products import as_dtype, fits_blas, usable
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Branch, Kernel, Lapack
from symrnn.native.scalar import const
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import Shape, Shapes, dtype_of
from symrnn.native.window import Buffer, Window


def cholesky_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_dtype(node)
    [rows, columns] = shape = shapes.of(node.inputs[0])
    if rows != columns:
        raise ValueError(f"Input array is expected to be square but has the shape: {shape}.")
    return [shape]


def cholesky_lower(node: Apply, builder: Builder) -> None:
    """One triangle is copied among zeros, and factored where it lies."""
    [x], [out] = node.inputs, node.outputs
    place = builder.place(out)
    n = place.shape[0]
    builder.bind(out, place)
    if n == 0:
        return
    source = as_dtype(builder, builder.window(x), place.dtype)
    if not is_in_rows(source):
        source = builder.contiguous_copy(source)
    into = in_rows(builder, place)
    info = builder.temporary("int32", ())
    builder.write(into, [], const(0, into.dtype))
    # Alone: what the other one holds is not asked for, and zeros stand there in the result.
    triangle, kind = "U" if node.op.lower else "L", letter(into)
    copied = [triangle, n, n, source, leading(source), into, leading(into)]
    call(builder, f"{kind}lacpy", copied, [into], [source])
    factored = [triangle, n, into, leading(into), info]
    call(builder, f"{kind}potrf", factored, [into, info])
    nan_if_failed(builder, into, info)
    if into is not place:
        builder.copy(into, place)


def triangular_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_dtype(node)
    a, b = (shapes.of(x) for x in node.inputs)
    if a[0] != a[1]:
        raise ValueError("expected square matrix")
    if a[0] != b[0]:
        raise ValueError(f"shapes of a {a} and b {b} are incompatible")
    return [b]


def triangular_lower(node: Apply, builder: Builder) -> None:
    """The right-hand sides are copied, column by column, and solved where they lie."""
    into = right_hand_sides(node, builder)
    n, columns = sizes(into)
    if 0 in (n, columns):
        return
    matrix = usable(builder, as_dtype(builder, builder.window(node.inputs[0]), into.dtype))
    is_transposed = is_row_major(matrix)
    info = builder.temporary("int32", ())
    letters = [
        # In rows it is its transpose to LAPACK: the other triangle, and "T" to solve with the matrix itself.
        "L" if node.op.lower != is_transposed else "U",
        "T" if is_transposed else "N",
        "U" if node.op.unit_diagonal else "N",
    ]
    operands = [*letters, n, columns, matrix, leading(matrix), into, n, info]
    call(builder, f"{letter(into)}trtrs", operands, [into, info], [matrix])
    nan_if_failed(builder, into, info)


def right_hand_sides(node: Apply, builder: Builder) -> Window:
    """A copy of them, column by column, which is to become the output."""
    [_, b], [out] = node.inputs, node.outputs
    dtype, shape = dtype_of(out), builder.shapes.of(out)
    n, columns = shape[0], shape[1] if len(shape) == 2 else 1
    into = Window(Buffer(dtype, n * columns), shape, (1, n)[: len(shape)])
    builder.bind(out, into)
    if 0 not in (n, columns):
        builder.copy(as_dtype(builder, builder.window(b), dtype), into)
    return into


def sizes(into: Window) -> list:
    """The number of unknowns, and of right-hand sides."""
    return [into.shape[0], into.shape[1] if len(into.shape) == 2 else 1]


def is_in_rows(window: Window) -> bool:
    """Whether LAPACK can take a matrix as it lies, rows after one another."""
    return fits_blas(window) and is_row_major(window)


def in_rows(builder: Builder, place: Window) -> Window:
    """The place of an output where LAPACK can write to it, else memory that is copied there afterwards."""
    return place if is_in_rows(place) else builder.temporary(place.dtype, place.shape)


def call(
    builder: Builder,
    routine: str,
    operands: Sequence,
    outputs: Sequence[Window],
    inputs: Sequence[Window] = (),
) -> None:
    """Add a call of a routine of LAPACK."""
    builder.body.append(Lapack(routine, list(operands), list(outputs), list(inputs)))


def check_dtype(node: Apply) -> None:
    dtype = dtype_of(node.outputs[0])
    if dtype not in ("float32", "float64"):
        raise Unsupported(node.op, f"no native code for {dtype}")


def letter(window: Window) -> str:
    """Of LAPACK's routines for numbers like these."""
    return {"float32": "s", "float64": "d"}[window.dtype]


def nan_if_failed(builder: Builder, window: Window, info: Window) -> None:
    """NaN everywhere, if `info` says that there is no answer."""
    nan = Kernel(window.shape, [window], [], [const(float("nan"), window.dtype)])
    builder.body.append(Branch(info, [nan]))


RULES: dict[type, Rule] = {
    Cholesky: Rule(cholesky_shapes, cholesky_lower),
    SolveTriangular: Rule(triangular_shapes, triangular_lower),
}
