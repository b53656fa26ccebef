"""``theano.tensor.slinalg``."""

from pytensor.tensor.linalg import (
    Cholesky,
    Solve,
    cholesky,
    eigvalsh,
    expm,
    kron,
    solve,
    solve_triangular,
)

from symrnn.compat.missing import missing


def solve_lower_triangular(a, b):
    """The ``x`` of ``a @ x = b`` for a lower triangular `a`."""
    return solve_triangular(a, b, lower=True)


def solve_upper_triangular(a, b):
    """The ``x`` of ``a @ x = b`` for an upper triangular `a`."""
    return solve_triangular(a, b, lower=False)


def solve_symmetric(a, b):
    """The ``x`` of ``a @ x = b`` for a symmetric `a`."""
    return solve(a, b)


__getattr__ = missing(__name__)
