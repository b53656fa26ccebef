"""General and positive definite systems, factors, inverses and determinants, by LAPACK.

A matrix is copied before it is factored, rows after one another, which LAPACK reads as its transpose: systems are
solved with the transposed factors, and an inverse or a determinant is that of the transpose, transposed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytensor.scalar as ps
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor.linalg.decomposition.lu import LUFactor, PivotToPermutations
from pytensor.tensor.linalg.inverse import MatrixInverse
from pytensor.tensor.linalg.solvers.general import Solve
from pytensor.tensor.linalg.solvers.psd import CholeskySolve
from pytensor.tensor.linalg.summary import Det, SLogDet

from symrnn.native.builder import Builder
from symrnn.native.calls import is_row_major, leading
from symrnn.native.lowering.diagonals import diagonal
from symrnn.native.lowering.indexing import check_each
from symrnn.native.lowering.products import as_dtype, usable
from symrnn.native.lowering.rule import Rule, other_numbers
from symrnn.native.lowering.systems import (
    call,
    check_dtype,
    in_rows,
    letter,
    nan_if_failed,
    right_hand_sides,
    sizes,
)
from symrnn.native.program import Branch, Check, Kernel, Number, Position, Reduce, Source
from symrnn.native.scalar import Scalar, arg, cast, const, from_begin, scalar, select
from symrnn.native.scalar_ops import Unsupported, lowered
from symrnn.native.shapes import Shape, Shapes, dtype_of
from symrnn.native.window import Buffer, Window

BLOCK = 64  # columns that LAPACK's symmetric factorization works on at once: memory for them is asked for


def solve_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_dtype(node)
    if getattr(node.op, "assume_a", "pos") not in SOLVERS:
        raise Unsupported(node.op, f"no native code for assume_a={node.op.assume_a!r}")
    a, b = (shapes.of(x) for x in node.inputs)
    if a[0] != a[1]:
        raise ValueError(f"a system's matrix must be square, but is of shape {a}")
    if a[0] != b[0]:
        raise ValueError(f"incompatible dimensions ({a} and {b})")
    return [b]


def solve_lower(node: Apply, builder: Builder) -> None:
    """The right-hand sides are copied, column by column, and solved where they lie."""
    into = right_hand_sides(node, builder)
    if 0 not in sizes(into):
        info = SOLVERS[node.op.assume_a](node, builder, into)
        nan_if_failed(builder, into, info)


def copied(builder: Builder, x: Variable, dtype: str) -> Window:
    """A matrix in memory of its own, rows after one another."""
    return builder.contiguous_copy(as_dtype(builder, builder.window(x), dtype))


def lu(builder: Builder, x: Variable, dtype: str) -> tuple[Window, Window, Window]:
    """The factors of a matrix's transpose, the rows that were exchanged, and whether a pivot is 0."""
    matrix = copied(builder, x, dtype)
    n = matrix.shape[0]
    pivots, info = builder.temporary("int32", (n,)), builder.temporary("int32", ())
    operands = [n, n, matrix, n, pivots, info]
    call(builder, f"{letter(matrix)}getrf", operands, [matrix, pivots, info])
    return matrix, pivots, info


def general(node: Apply, builder: Builder, into: Window) -> Window:
    matrix, pivots, info = lu(builder, node.inputs[0], into.dtype)
    ignored = builder.temporary("int32", ())
    # What was factored is the transpose, so "T" solves with the matrix itself.
    operands = ["T", *sizes(into), matrix, into.shape[0], pivots, into, into.shape[0], ignored]
    read = [matrix, pivots]
    call(builder, f"{letter(into)}getrs", operands, [into, ignored], read)
    return info


def positive(node: Apply, builder: Builder, into: Window) -> Window:
    matrix, n = copied(builder, node.inputs[0], into.dtype), into.shape[0]
    # The lower triangle of rows is the upper one of columns.
    triangle, info = "U" if node.op.lower else "L", builder.temporary("int32", ())
    operands = [triangle, n, matrix, n, info]
    call(builder, f"{letter(into)}potrf", operands, [matrix, info])
    by_factor(builder, triangle, matrix, into)
    return info


def by_factor(builder: Builder, triangle: str, factor: Window, into: Window) -> None:
    """Solve where the right-hand sides lie, with a Cholesky factor as LAPACK sees it."""
    ignored = builder.temporary("int32", ())
    operands = [triangle, *sizes(into), factor, leading(factor), into, into.shape[0], ignored]
    call(builder, f"{letter(into)}potrs", operands, [into, ignored], [factor])


def symmetric(node: Apply, builder: Builder, into: Window) -> Window:
    matrix, n = copied(builder, node.inputs[0], into.dtype), into.shape[0]
    pivots, info = builder.temporary("int32", (n,)), builder.temporary("int32", ())
    work = builder.temporary(into.dtype, (BLOCK * n,))
    triangle = "U" if node.op.lower else "L"
    operands = [triangle, *sizes(into), matrix, n, pivots, into, n, work, BLOCK * n, info]
    changed = [into, matrix, pivots, work, info]
    call(builder, f"{letter(into)}sysv", operands, changed)
    return info


SOLVERS = {"gen": general, "pos": positive, "sym": symmetric, "her": symmetric}


def cholesky_solve_lower(node: Apply, builder: Builder) -> None:
    """``L L' x = b`` for a factor that is given."""
    into = right_hand_sides(node, builder)
    if 0 in sizes(into):
        return
    factor = usable(builder, as_dtype(builder, builder.window(node.inputs[0]), into.dtype))
    # In rows, the factor is its own transpose to LAPACK, and the other triangle holds it.
    by_factor(builder, "L" if node.op.lower != is_row_major(factor) else "U", factor, into)


def square_shapes(node: Apply, shapes: Shapes) -> Shape:
    check_dtype(node)
    shape = shapes.of(node.inputs[0])
    if shape[0] != shape[1]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return shape


def inverse_lower(node: Apply, builder: Builder) -> None:
    """``A' X = I``, and ``X`` read row by row is the inverse of ``A``."""
    [x], [out] = node.inputs, node.outputs
    place = builder.place(out)
    n = place.shape[0]
    builder.bind(out, place)
    if n == 0:
        return
    matrix = copied(builder, x, place.dtype)
    into = in_rows(builder, place)
    builder.write(into, [], const(0, into.dtype))
    builder.write(diagonal(into, 0, 1, 0), [], const(1, into.dtype))
    pivots, info = builder.temporary("int32", (n,)), builder.temporary("int32", ())
    operands = [n, n, matrix, n, pivots, into, leading(into), info]
    call(builder, f"{letter(into)}gesv", operands, [into, matrix, pivots, info])
    is_regular = builder.temporary("bool", ())
    builder.write(is_regular, [info], arg(0, "int32").equal(0))
    error = builder.parts.error(np.linalg.LinAlgError("Singular matrix"))
    builder.body.append(Check(is_regular, error))
    if into is not place:
        builder.copy(into, place)


def determinant_lower(node: Apply, builder: Builder) -> None:
    """The product of the pivots, with a change of sign for each exchange of rows; of SLogDet, by their logarithms."""
    [x], outputs = node.inputs, node.outputs
    dtype, n = dtype_of(outputs[0]), builder.shapes.of(x)[0]
    places = [builder.place(out) for out in outputs]
    for out, place in zip(outputs, places, strict=True):
        builder.bind(out, place)
    reductions = [PRODUCT] if isinstance(node.op, Det) else [SIGN, LOGARITHM]
    if n == 0:
        for place, each in zip(places, reductions, strict=True):
            builder.write(place, [], const(each.start, dtype))
        return
    matrix, pivots, info = lu(builder, x, dtype)
    read: list[Source] = [diagonal(matrix, 0, 1, 0), pivots, Position((1,), "int32")]
    # LAPACK counts from 1: where a row was exchanged with itself, the sign stays.
    kept = select(arg(1, "int32").equal(arg(2, "int32") + 1), const(1, dtype), const(-1, dtype))
    for place, each in zip(places, reductions, strict=True):
        factors = builder.temporary(dtype, (n,))
        builder.body.append(Kernel((n,), [factors], read, [each.factor(arg(0, dtype), kept)]))
        reduce_vector(builder, place, factors, each)
    singular = [
        Kernel((), [place], [], [const(each.of_singular, dtype)])
        for place, each in zip(places, reductions, strict=True)
    ]
    # A pivot of 0 would count as positive, and beside an infinite one make NaN.
    builder.body.append(Branch(info, singular))


@dataclass(frozen=True)
class Reduction:
    """What is made of all pivots: `factor` of a pivot and the sign of its exchange, combined by the op `name`."""

    factor: Callable[[Scalar, Scalar], Scalar]
    name: str
    start: float
    of_singular: float


def log_of_size(pivot: Scalar, kept: Scalar) -> Scalar:
    [size] = lowered(ps.abs, [pivot], [pivot.dtype])
    return lowered(ps.log, [size], [pivot.dtype])[0]


PRODUCT = Reduction(lambda pivot, kept: pivot * kept, "mul", 1, 0)
SIGN = Reduction(lambda pivot, kept: select(pivot < 0, -kept, kept), "mul", 1, 0)
LOGARITHM = Reduction(log_of_size, "add", 0, -np.inf)


def reduce_vector(builder: Builder, place: Window, factors: Window, how: Reduction) -> None:
    """All numbers of a vector, multiplied or added."""
    dtype, element = place.dtype, arg(0, place.dtype)
    # A stride of 0: all entries meet in one place.
    over = Window(place.buffer, factors.shape, (0,), place.offset)
    combined = scalar(how.name, element, arg(1, dtype))
    start = const(how.start, dtype)
    builder.body.append(
        Reduce(factors.shape, (0,), over, [factors], element, combined, start, False, element)
    )


def scalars(node: Apply, shapes: Shapes) -> list[Shape]:
    square_shapes(node, shapes)
    return [()] * len(node.outputs)


def lu_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    n, _ = square_shapes(node, shapes)
    return [(n, n), (n,)]


def lu_lower(node: Apply, builder: Builder) -> None:
    """The factors stand column by column; rows are counted from 0."""
    [x], [out, exchanged] = node.inputs, node.outputs
    (n, _), dtype = builder.shapes.of(x), dtype_of(out)
    into = Window(Buffer(dtype, n * n), (n, n), (1, n))
    rows = builder.place(exchanged)
    builder.bind(out, into)
    builder.bind(exchanged, rows)
    if n == 0:
        return
    builder.copy(builder.window(x), into)
    pivots, info = builder.temporary("int32", (n,)), builder.temporary("int32", ())
    operands = [n, n, into, n, pivots, info]
    call(builder, f"{letter(into)}getrf", operands, [into, pivots, info])
    nan_if_failed(builder, into, info)
    builder.write(rows, [pivots], arg(0, "int32") - 1)


def permutation_lower(node: Apply, builder: Builder) -> None:
    """Row ``i`` was exchanged with row ``pivots[i]``, one after another: LAPACK exchanges the rows' numbers so.

    From last to first they are the inverse.
    """
    [x], [out] = node.inputs, node.outputs
    source, place = builder.window(x), builder.place(out)
    n = place.shape[0]
    builder.bind(out, place)
    if n == 0:
        return
    # LAPACK exchanges rows of floats alone, and float64 holds every number of a row.
    pivots, rows = builder.temporary("int32", (n,)), builder.temporary("float64", (n,))
    check_each(builder, source, n, IndexError("a pivot is no row of the matrix"))
    row = from_begin(arg(0, source.dtype), arg(1, "int64"))
    read: list[Source] = [source, Number(n, "int64")]
    builder.body.append(Kernel((n,), [pivots], read, [cast(row + 1, "int32")]))
    builder.body.append(Kernel((n,), [rows], [Position((1,), "float64")], [arg(0, "float64")]))
    operands = [1, rows, n, 1, n, pivots, 1 if node.op.inverse else -1]
    call(builder, "dlaswp", operands, [rows], [pivots])
    builder.copy(rows, place)


RULES: dict[type, Rule] = {
    Solve: Rule(solve_shapes, solve_lower),
    CholeskySolve: Rule(solve_shapes, cholesky_solve_lower),
    MatrixInverse: Rule(lambda node, shapes: [square_shapes(node, shapes)], inverse_lower),
    Det: Rule(scalars, determinant_lower),
    SLogDet: Rule(scalars, determinant_lower),
    LUFactor: Rule(lu_shapes, lu_lower),
    PivotToPermutations: Rule(other_numbers, permutation_lower),
}
