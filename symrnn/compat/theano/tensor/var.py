"""``theano.tensor.var``: variables."""

from pytensor.tensor.math import var
from pytensor.tensor.variable import TensorConstant, TensorVariable

from symrnn.compat.missing import make_callable, missing

__getattr__ = missing(__name__)
make_callable(__name__)
