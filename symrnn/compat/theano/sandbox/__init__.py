"""``theano.sandbox``."""

from symrnn.compat.missing import missing

from . import cuda, gpuarray, rng_mrg

__getattr__ = missing(__name__)
