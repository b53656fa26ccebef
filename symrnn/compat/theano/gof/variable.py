"""``theano.Variable``: every variable is one, and one can be made from a type alone."""

from pytensor.graph.basic import Variable as PyTensorVariable

from symrnn.compat.stand_in import StandIn


class Variable(metaclass=StandIn):
    """A variable of a type, by default without an owner."""

    real = PyTensorVariable

    @staticmethod
    def make(type, owner=None, index=None, name=None):
        return PyTensorVariable(type, owner, index, name)
