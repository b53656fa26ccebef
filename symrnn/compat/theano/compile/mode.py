"""``theano.compile.mode``."""

from pytensor.compile.mode import (
    FAST_COMPILE,
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


__getattr__ = missing(__name__)
