"""``theano.tensor.type``: types of tensors."""

from pytensor.tensor.type import TensorType as PyTensorType

from symrnn.compat.missing import missing


class EveryTensorType(type):
    """Lets `isinstance` and `issubclass` answer for PyTensor's types of tensors, and makes those."""

    def __call__(cls, dtype, broadcastable=None, name=None, sparse_grad=False, shape=None):
        if shape is None:
            if broadcastable is None:
                raise TypeError("TensorType needs broadcastable, true for each axis of size one")
            shape = tuple(1 if one is True or one == 1 else None for one in broadcastable)
        return PyTensorType(dtype, shape=shape, name=name)

    def __instancecheck__(cls, instance):
        return isinstance(instance, PyTensorType)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, PyTensorType)


class TensorType(metaclass=EveryTensorType):
    """The type of a tensor: its dtype, and for each axis whether its size is one for good."""


__getattr__ = missing(__name__)
