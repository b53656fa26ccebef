"""``theano.compile.builders``."""

from pytensor.compile.builders import OpFromGraph

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
