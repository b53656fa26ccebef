"""``theano.misc``."""

from symrnn.compat.missing import missing

from . import pkl_utils, safe_asarray

__getattr__ = missing(__name__)
