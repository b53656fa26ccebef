"""Initialisers: callables from a shape to an array of floatX, drawn from `random.get_rng`.

For a weight of shape ``(inputs, outputs, *receptive field)`` or, with more than two axes, ``(outputs, inputs,
*field)``,
the fan is what variance-preserving schemes scale by.
"""

import numpy as np

from .random import get_rng
from .utils import floatX


class Initializer:
    """The base: subclasses say how to `sample` an array of a shape."""

    def __call__(self, shape):
        return self.sample(shape)

    def sample(self, shape):
        """An array of `shape`."""
        raise NotImplementedError(f"{type(self).__name__} must define sample(shape)")


class Normal(Initializer):
    """Normal numbers of mean `mean` and standard deviation `std`."""

    def __init__(self, std=0.01, mean=0.0):
        self.std = std
        self.mean = mean

    def sample(self, shape):
        return floatX(get_rng().normal(self.mean, self.std, size=shape))


class Uniform(Initializer):
    """Uniform numbers: in `range` (a pair, or ``r`` for ``(-r, r)``), or around `mean` with deviation `std`."""

    def __init__(self, range=0.01, std=None, mean=0.0):
        if std is not None:
            half = np.sqrt(3) * std  # a uniform variable on (-a, a) has the deviation a / sqrt(3)
            self.range = (mean - half, mean + half)
            return
        try:
            low, high = range
        except TypeError:
            low, high = -range, range
        self.range = (low, high)

    def sample(self, shape):
        low, high = self.range
        return floatX(get_rng().uniform(low=low, high=high, size=shape))


class FanScaled:
    """An `initializer` whose standard deviation is ``gain * sqrt(spread / fan)``, chosen for every shape.

    ``gain="relu"`` is the square root of two. `c01b` says that convolution filters have their channels first and
    outputs last.
    """

    def __init__(self, initializer, gain=1.0, c01b=False):
        self.initializer = initializer
        self.gain = np.sqrt(2) if isinstance(gain, str) and gain == "relu" else gain
        self.c01b = c01b

    def sample(self, shape):
        fan_in, fan_out = fans(shape, self.c01b)
        return self.initializer(std=self.gain * self.deviation(fan_in, fan_out)).sample(shape)

    def deviation(self, fan_in, fan_out):
        """The standard deviation for a gain of one."""
        raise NotImplementedError


def fans(shape, c01b=False):
    """How many entries feed an output, and how many an input feeds: ``(fan_in, fan_out)``."""
    if c01b:
        if len(shape) != 4:
            raise RuntimeError(
                f"If c01b is True, only shapes of length 4 are accepted, but shape is {tuple(shape)}"
            )
        return int(np.prod(shape[:3])), int(shape[3] * np.prod(shape[1:3]))
    if len(shape) < 2:
        raise RuntimeError(
            f"This initializer only works with shapes of length >= 2, but shape is {tuple(shape)}"
        )
    if len(shape) == 2:
        return shape[0], shape[1]
    field = int(np.prod(shape[2:]))
    return shape[1] * field, shape[0] * field


class Glorot(FanScaled, Initializer):
    """Variance ``2 / (fan_in + fan_out)`` [1]_.

    .. [1] Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks. AISTATS 2010.
    """

    def deviation(self, fan_in, fan_out):
        return np.sqrt(2.0 / (fan_in + fan_out))


class GlorotNormal(Glorot):
    """`Glorot` with normal numbers."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Normal, gain, c01b)


class GlorotUniform(Glorot):
    """`Glorot` with uniform numbers."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Uniform, gain, c01b)


class He(FanScaled, Initializer):
    """Variance ``1 / fan_in``, with ``gain="relu"`` twice that [1]_.

    .. [1] He, Zhang, Ren, Sun: Delving deep into rectifiers. ICCV 2015.
    """

    def deviation(self, fan_in, fan_out):
        return np.sqrt(1.0 / fan_in)


class HeNormal(He):
    """`He` with normal numbers."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Normal, gain, c01b)


class HeUniform(He):
    """`He` with uniform numbers."""

    def __init__(self, gain=1.0, c01b=False):
        super().__init__(Uniform, gain, c01b)


class Constant(Initializer):
    """The same value everywhere."""

    def __init__(self, val=0.0):
        self.val = val

    def sample(self, shape):
        return floatX(np.ones(shape) * self.val)


class Sparse(Initializer):
    """A matrix in whose every column the share `sparsity` of the entries, rounded down, is normal, the rest zero."""

    def __init__(self, sparsity=0.1, std=0.01):
        self.sparsity = sparsity
        self.std = std

    def sample(self, shape):
        if len(shape) != 2:
            raise RuntimeError(
                f"sparse initializer only works with shapes of length 2, but shape is {tuple(shape)}"
            )
        rows, columns = shape
        weights = np.zeros(shape)
        filled = int(self.sparsity * rows)
        for column in range(columns):
            chosen = np.arange(rows)
            get_rng().shuffle(chosen)
            weights[chosen[:filled], column] = get_rng().normal(0.0, self.std, size=filled)
        return floatX(weights)


class Orthogonal(Initializer):
    """Orthonormal rows or columns, times `gain`; more axes than two are taken as one [1]_.

    .. [1] Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning. ICLR 2014.
    """

    def __init__(self, gain=1.0):
        self.gain = np.sqrt(2) if isinstance(gain, str) and gain == "relu" else gain

    def sample(self, shape):
        if len(shape) < 2:
            raise RuntimeError(
                f"Only shapes of length 2 or more are supported, but shape is {tuple(shape)}"
            )
        flat = (shape[0], int(np.prod(shape[1:])))
        left, _, right = np.linalg.svd(get_rng().normal(0.0, 1.0, flat), full_matrices=False)
        # Of both factors the one that has the shape: `left` of more rows, `right` of more columns.
        basis = left if left.shape == flat else right
        return floatX(self.gain * basis.reshape(shape))
