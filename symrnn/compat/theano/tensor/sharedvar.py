"""``theano.tensor.sharedvar``: shared tensors."""

from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.compat.missing import missing

ScalarSharedVariable = TensorSharedVariable

__getattr__ = missing(__name__)
