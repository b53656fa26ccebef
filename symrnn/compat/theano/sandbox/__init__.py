"""``theano.sandbox``."""

from symrnn.compat.missing import missing

from . import gpuarray, rng_mrg

__getattr__ = missing(__name__, {"cuda": "the CPU: symrnn.compat has no GPU back-end"})
