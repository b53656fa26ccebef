"""Initialisers: functions ``(shape, rng) -> ndarray`` in float64; `symrnn.params` casts to the wanted dtype."""

import numpy as np

from symrnn.typing import Initializer, Shape


def zeros(shape: Shape, rng: np.random.Generator | None = None) -> np.ndarray:
    """Zeros.

    Examples
    --------
    >>> zeros((2,))
    array([0., 0.])
    """
    return np.zeros(shape)


def constant(value: float) -> Initializer:
    """An initialiser that fills with `value`.

    Examples
    --------
    >>> constant(1.0)((2,))
    array([1., 1.])
    """
    return lambda shape, rng=None: np.full(shape, float(value))


def normal(std: float = 0.01) -> Initializer:
    """Normal numbers of standard deviation `std`."""
    return lambda shape, rng: rng.normal(0.0, std, shape)


def uniform(bound: float) -> Initializer:
    """Uniform numbers in ``[-bound, bound]``."""
    return lambda shape, rng: rng.uniform(-bound, bound, shape)


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform numbers of variance ``2 / (fan_in + fan_out)`` for a matrix ``(fan_in, fan_out)`` [1]_.

    .. [1] Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks. AISTATS 2010.

    Examples
    --------
    >>> bool(abs(glorot_uniform((3, 3), np.random.default_rng(0))).max() <= 1)
    True
    """
    bound = np.sqrt(6.0 / (shape[-2] + shape[-1]))
    return rng.uniform(-bound, bound, shape)


def orthogonal(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """A matrix ``(N, M)`` with orthonormal rows or columns; ``(H, G*H)`` is orthogonal block by block [1]_.

    .. [1] Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning. ICLR 2014.

    Examples
    --------
    >>> q = orthogonal((3, 3), np.random.default_rng(0))
    >>> bool(np.allclose(q @ q.T, np.eye(3)))
    True
    """
    rows, cols = shape
    # (H, G*H) are G recurrent matrices side by side; one orthogonal matrix of that width would scale each of them down.
    if cols > rows and cols % rows == 0:
        return np.concatenate([orthogonal((rows, rows), rng) for _ in range(cols // rows)], axis=1)
    q, r = np.linalg.qr(rng.normal(size=(max(shape), min(shape))))
    # QR leaves the signs to the library; with these the matrices are uniformly distributed.
    q *= np.sign(np.diag(r))
    return q if rows >= cols else q.T
