"""``theano.misc.safe_asarray``: arrays of exactly the dtype that was asked for."""

import numpy as np

from symrnn.compat.missing import missing


def _asarray(a, dtype, order=None):
    """`a` as an array of `dtype`, which may be ``"floatX"``."""
    if str(dtype) == "floatX":
        from pytensor import config

        dtype = config.floatX
    return np.asarray(a, dtype=dtype, order=order)


__getattr__ = missing(__name__)
