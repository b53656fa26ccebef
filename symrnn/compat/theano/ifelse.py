"""``theano.ifelse``."""

from pytensor.ifelse import IfElse, ifelse

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
