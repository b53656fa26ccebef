"""``theano.tensor.type``: types of tensors."""

from pytensor.tensor.type import TensorType as PyTensorType

from symrnn.compat.missing import missing
from symrnn.compat.stand_in import StandIn


class TensorType(metaclass=StandIn):
    """The type of a tensor: its dtype, and for each axis whether its size is one for good."""

    real = PyTensorType

    @staticmethod
    def make(dtype, broadcastable=None, name=None, sparse_grad=False, shape=None):
        if shape is None:
            if broadcastable is None:
                raise TypeError("TensorType needs broadcastable, true for each axis of size one")
            shape = tuple(1 if one is True or one == 1 else None for one in broadcastable)
        return PyTensorType(dtype, shape=shape, name=name)


__getattr__ = missing(__name__)
