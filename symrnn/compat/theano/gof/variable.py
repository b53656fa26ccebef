"""``theano.Variable``: every variable is one, and one can be made from a type alone."""

from pytensor.graph.basic import Variable as PyTensorVariable


class EveryVariable(type):
    """Lets `isinstance` and `issubclass` answer for PyTensor's variables, and makes those."""

    def __call__(cls, type, owner=None, index=None, name=None):
        return PyTensorVariable(type, owner, index, name)

    def __instancecheck__(cls, instance):
        return isinstance(instance, PyTensorVariable)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, PyTensorVariable)


class Variable(metaclass=EveryVariable):
    """A variable of a type, by default without an owner."""
