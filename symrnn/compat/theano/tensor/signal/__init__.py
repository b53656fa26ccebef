"""``theano.tensor.signal``."""

from symrnn.compat.missing import missing

from . import conv, downsample, pool

__getattr__ = missing(__name__)
