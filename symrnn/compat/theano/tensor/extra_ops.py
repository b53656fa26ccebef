"""``theano.tensor.extra_ops``: operations beyond NumPy's first ones."""

from pytensor.tensor.extra_ops import (
    Unique,
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
)

from symrnn.compat.missing import missing

from .renamed import to_one_hot

__getattr__ = missing(__name__)
