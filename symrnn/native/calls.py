"""What a driver calls, whatever its language: loops over elements, of which equal ones are one function, and BLAS."""

from __future__ import annotations

from collections.abc import Callable

from symrnn.native import loops
from symrnn.native.loops_contraction import contraction
from symrnn.native.loops_lookup import lookup
from symrnn.native.program import Contraction, Gemm, Kernel, Lookup, Number, Reduce, RowArgmax
from symrnn.native.sizes import Int
from symrnn.native.window import Window


class Functions:
    """Loops over elements as functions of one language, written by what `writer` makes.

    Attributes
    ----------
    names
        The name of each text, which calls itself ``kernel``.
    declared
        Declarations that they need.
    """

    def __init__(self, writer: Callable[[], loops.Writer]):
        self.writer = writer
        self.names: dict[str, str] = {}
        self.declared: set[str] = set()

    def call(
        self, statement: Kernel | Reduce | RowArgmax | Lookup | Contraction
    ) -> tuple[str, list[Window | Int]]:
        """The name of the function that does what the statement says, and what it is called with."""
        write: dict[type, Callable] = {
            Kernel: loops.kernel,
            Reduce: loops.reduction,
            RowArgmax: loops.argmax,
            Lookup: lookup,
            Contraction: contraction,
        }
        text, operands, declared = write[type(statement)](self.writer(), statement)
        self.declared |= declared
        name = self.names.setdefault(text, f"k{len(self.names)}")
        return name, [o.size if isinstance(o, Number) else o for o in operands]

    def texts(self, before: str) -> list[str]:
        """The functions by their names, which in the text stand after `before`."""
        return [
            text.replace(f"{before}kernel(", f"{before}{name}(", 1)
            for text, name in self.names.items()
        ]


def gemm_call(gemm: Gemm) -> tuple[str, list[str | Int | float | Window]]:
    """BLAS's function and its arguments: letters, whole numbers, factors and matrices.

    Fortran sees the transpose of a row-major matrix, so it is asked for ``out' = right' left'``.
    """
    output, left, right = gemm.output, gemm.left, gemm.right
    if not is_row_major(output):
        output, left, right = (w.permuted([1, 0]) for w in (output, right, left))
    (m, k), n = left.shape, right.shape[1]
    # As Fortran sees them, a row-major matrix has been transposed already.
    letters: list = ["N" if is_row_major(matrix) else "T" for matrix in (right, left)]
    operands = [*letters, n, m, k, 1.0, right, leading(right), left, leading(left)]
    operands += [1.0 if gemm.accumulates else 0.0, output, leading(output)]
    return {"float32": "sgemm", "float64": "dgemm"}[output.dtype], operands


def is_row_major(matrix: Window) -> bool:
    return bool(matrix.strides[1] == 1 or matrix.shape[1] == 1)


def leading(matrix: Window) -> Int:
    """Elements from row to row, or from column to column; what BLAS demands where there is only one."""
    axis = 0 if is_row_major(matrix) else 1
    length = matrix.shape[1 - axis]
    return length if matrix.shape[axis] == 1 else matrix.strides[axis]
