"""``theano.scalar.sharedvar``: shared scalars."""

from pytensor.scalar.sharedvar import ScalarSharedVariable, shared

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
