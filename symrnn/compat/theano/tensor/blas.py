"""``theano.tensor.blas``: ops for BLAS's products."""

from pytensor.tensor.blas import (
    BatchedDot,
    Dot22,
    Dot22Scalar,
    Gemm,
    Gemv,
    gemm_inplace,
    gemm_no_inplace,
    gemv_inplace,
    gemv_no_inplace,
)

from symrnn.compat.missing import missing

from .renamed import batched_dot

__getattr__ = missing(__name__)
