"""``theano.compile.nanguardmode``."""

from pytensor.compile.debug.nanguardmode import NanGuardMode

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
