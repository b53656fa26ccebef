"""``theano.gof.type``."""

from pytensor.graph.type import Type
from pytensor.link.c.type import CType, Generic, generic

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
