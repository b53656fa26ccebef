"""``theano.compile.io``."""

from pytensor.compile.io import In, Out, SymbolicInput, SymbolicOutput

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
