"""``theano.tensor.var``: variables."""

from pytensor.tensor.variable import TensorConstant, TensorVariable

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
