"""``theano.configdefaults``."""

import numpy as np

from symrnn.compat.missing import missing


def local_bitwidth():
    """Bits of an address."""
    return 8 * np.dtype(np.intp).itemsize


def python_int_bitwidth():
    """Bits of the integers that NumPy makes of Python's."""
    return 8 * np.dtype(int).itemsize


__getattr__ = missing(__name__)
