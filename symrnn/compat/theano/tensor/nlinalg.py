"""``theano.tensor.nlinalg``."""

from pytensor.tensor import diag, diagonal
from pytensor.tensor.linalg import (
    Det,
    MatrixInverse,
    MatrixPinv,
    det,
    eig,
    eigh,
    lstsq,
    matrix_dot,
    matrix_inverse,
    matrix_power,
    norm,
    pinv,
    qr,
    svd,
    tensorinv,
    tensorsolve,
    trace,
)

from symrnn.compat.missing import missing

alloc_diag = diag
extract_diag = diagonal

__getattr__ = missing(__name__)
