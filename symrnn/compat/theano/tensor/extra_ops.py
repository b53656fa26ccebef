"""``theano.tensor.extra_ops``: operations beyond NumPy's first ones."""

from pytensor.tensor.extra_ops import (
    bincount,
    compress,
    cumprod,
    cumsum,
    diff,
    fill_diagonal,
    ravel_multi_index,
    repeat,
    searchsorted,
    squeeze,
    unravel_index,
    Unique,
)

from .renamed import to_one_hot

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
