"""``theano.compile.mode``."""

from pytensor.compile.mode import (
    FAST_COMPILE,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_NONE,
    Mode,
    get_mode,
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensor.compile.mode import get_default_mode as pytensor_default_mode

from symrnn.compat.missing import missing


def get_default_mode():
    """The mode that ``THEANO_FLAGS=mode=…`` chose."""
    return pytensor_default_mode()


# `theano.function` takes it for the default mode.
FAST_RUN = "FAST_RUN"

__getattr__ = missing(__name__)
