"""``theano.compile.debugmode``."""

from pytensor.compile.debug.debugmode import (
    BadDestroyMap,
    BadThunkOutput,
    BadViewMap,
    DebugMode,
    DebugModeError,
    InvalidValueError,
    StochasticOrder,
)

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
