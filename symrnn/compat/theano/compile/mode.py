"""``theano.compile.mode``."""

from pytensor.compile.mode import (
    FAST_COMPILE,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_NONE,
    Mode,
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensor.compile.mode import get_default_mode as pytensor_default_mode
from pytensor.compile.mode import get_mode as pytensor_mode

from symrnn.compat.flags import MODES
from symrnn.compat.missing import missing


def get_mode(orig_string):
    """The mode of a name, or of None the default one, as which ``FAST_RUN`` counts."""
    return pytensor_mode(
        MODES.get(orig_string, orig_string) if isinstance(orig_string, str) else orig_string
    )


def get_default_mode():
    """The mode that ``THEANO_FLAGS=mode=…`` chose."""
    return pytensor_default_mode()


# `theano.function` takes it for the default mode.
FAST_RUN = "FAST_RUN"

__getattr__ = missing(__name__)
