"""``theano.tensor.type``: types of tensors."""

from pytensor.tensor.type import TensorType

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
