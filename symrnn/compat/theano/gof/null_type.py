"""``theano.gof.null_type``: the type of gradients that are not defined."""

from pytensor.graph.null_type import NullType, null_type

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
