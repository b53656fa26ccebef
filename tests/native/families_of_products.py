"""Families of products of vectors, matrices and stacks, and of linear systems."""

import pytensor.tensor as pt
from family import FLOATS, NOT_EMPTY, NOTHING, NUMBERS, SINGLE, Family
from pytensor.tensor.blas import _batched_dot

from symrnn.convolution import ImageConvolution

try:
    from pytensor.tensor.linalg import cholesky, solve, solve_triangular
except ImportError:  # before PyTensor 3.1
    from pytensor.tensor.slinalg import cholesky, solve, solve_triangular


def matrix_products(x, y):
    return {"": pt.dot(x, y)}


def vector_products(x, y, v):
    """`x` is ``(a, b)``, `y` ``(b, c)``, `v` ``(b,)``."""
    outputs = {
        "mv": pt.dot(x, v),
        "vm": pt.dot(v, y),
        "vv": pt.dot(v, v),
        "chain": pt.dot(pt.dot(x, y).T, x[:, 0]),
    }
    outputs |= {
        "added": pt.dot(x, v) + x[:, 0] if x.dtype in FLOATS else pt.dot(x, v),
        "outer": pt.outer(v, v),
    }
    return outputs | {
        "scaled": 2 * pt.dot(v, y),
        "column": pt.dot(x, v[:, None]),
        "row": pt.dot(v[None], y),
    }


def more_products(x, y):
    """`x` is ``(a, b)``, `y` ``(b, a)``."""
    outputs = {"mv": pt.dot(x, y[:, 0]), "vm": pt.dot(x[0], y), "vv": pt.dot(x[:, 0], y[0])}
    outputs |= {
        "3 with 2": pt.tensordot(x[None] + x[:, None], y, axes=1),
        "outer": pt.outer(x[:, 0], y[0]),
    }
    outputs |= {"transposed": pt.dot(x.T, y.T), "square": pt.dot(pt.dot(x, y), x)}
    return outputs | {"sum": pt.dot(x, y) * 2 + pt.dot(y.T, x.T), "row added": pt.dot(x, y) + y[0]}


def stacked_products(x, y):
    """`x` is ``(a, b, c)``, `y` ``(a, c, b)``."""
    outputs = {"stacks": pt.matmul(x, y), "repeated": pt.matmul(x, y[0])}
    outputs["turned"] = pt.matmul(x[:, 0], y[0])
    outputs["vector"] = pt.matmul(x, y[0, :, 0])
    return outputs | {"batched": _batched_dot(x, y)} if x.dtype in FLOATS else outputs


def systems(x, y):
    """`x` is ``(a, b)``, `y` ``(b, c)``: all by a matrix that is positive definite."""
    square = pt.dot(x.T, x) + 3 * pt.eye(x.shape[1], dtype=x.dtype)
    lower = cholesky(square)
    outputs = {"cholesky": lower, "upper": cholesky(square, lower=False), "solve": solve(square, y)}
    outputs |= {"vector": solve(square, y[:, 0]), "positive": solve(square, y, assume_a="pos")}
    outputs |= {
        "triangular": solve_triangular(lower, y, lower=True),
        "inverse": pt.linalg.inv(square),
    }
    outputs["transposed"] = solve_triangular(lower, y, lower=True, trans="T")
    return outputs | {
        "determinant": pt.linalg.det(square),
        "gradient": pt.grad(cholesky(square).sum(), x),
    }


def stacked_systems(x):
    """`x` is ``(a, b, c)``: a system for each index of the first axis."""
    squares = pt.matmul(x, x.transpose(0, 2, 1)) + 3 * pt.eye(x.shape[1], dtype=x.dtype)
    return {"cholesky": cholesky(squares), "solve": solve(squares, x, b_ndim=2)}


def image_convolutions(x, y):
    """`x` is ``(a, c, c, b)``, images; `y` ``(b, b, b, c)``, filters."""
    outputs = {}
    ways = {"padded": ((1, 1), ((1, 1), (1, 1))), "strided": ((2, 3), ((0, 2), (1, 0)))}
    for name, (stride, padding) in ways.items():
        out = ImageConvolution(stride, padding)(x, y)
        by_images, by_filters = pt.grad((out**2).sum(), [x, y])
        outputs |= {name: out, f"{name}, images": by_images, f"{name}, filters": by_filters}
    return outputs | {"turned": ImageConvolution(*ways["padded"])(x, y).transpose(3, 0, 2, 1)}


LAPACK = frozenset(
    {
        "Solve",
        "CholeskySolve",
        "MatrixInverse",
        "Det",
        "SLogDet",
        "Blockwise",
        "LUFactor",
        "BlockwiseWithCoreShape",
        "PivotToPermutations",
        "Nonzero",
    }
)
PRODUCTS = {
    "dot": Family(matrix_products, ("ab", "bc"), NUMBERS, crossed=True),
    "dot of length 1": Family(matrix_products, ("ab", "bc"), FLOATS, SINGLE, crossed=True),
    "dot of nothing": Family(matrix_products, ("ab", "bc"), ("int64", "float32"), NOTHING, crossed=True),
    "vectors": Family(vector_products, ("ab", "bc", "b"), NUMBERS, NOT_EMPTY),
    "short vectors": Family(vector_products, ("ab", "bc", "b"), FLOATS, SINGLE),
    "other dots": Family(more_products, ("ab", "ba"), NUMBERS, NOT_EMPTY),
    "stacks": Family(stacked_products, ("abc", "acb"), NUMBERS, NOT_EMPTY),
    "image convolutions": Family(image_convolutions, ("accb", "bbbc"), FLOATS),
    "systems": Family(systems, ("ab", "bc"), FLOATS, NOT_EMPTY, left=LAPACK),
    "stacks of systems": Family(stacked_systems, ("abc",), ("float64",), NOT_EMPTY, left=LAPACK),
}  # fmt: skip
