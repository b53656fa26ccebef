"""``theano.compile.mode``."""

import pytensor
from pytensor.compile.mode import (
    FAST_COMPILE,
    OPT_FAST_COMPILE,
    OPT_FAST_RUN,
    OPT_NONE,
    optdb,
    predefined_linkers,
    predefined_modes,
    predefined_optimizers,
    register_linker,
    register_mode,
    register_optimizer,
)
from pytensor.compile.mode import Mode as PyTensorMode
from pytensor.compile.mode import get_default_mode as pytensor_default_mode
from pytensor.compile.mode import get_mode as pytensor_mode

from symrnn.compat.flags import MODES
from symrnn.compat.missing import missing
from symrnn.compat.stand_in import StandIn
from symrnn.modes import NATIVE

# Theano's default, in its several forms
C_LINKERS = (
    None,
    "c",
    "c|py",
    "c|py_nogc",
    "cvm",
    "cvm_nogc",
)


class Mode(metaclass=StandIn):
    """A linker and an optimizer; Theano's C linkers are what the default mode has in their place, native code."""

    real = PyTensorMode

    @staticmethod
    def make(linker=None, optimizer="fast_run", **options):
        default = pytensor_default_mode()
        if linker in C_LINKERS and pytensor.config.mode == NATIVE:
            return type(default)(default.linker, optimizer, **options)
        return PyTensorMode(linker, optimizer, **options)


def get_mode(orig_string):
    """The mode of a name, or of None the default one, as which ``FAST_RUN`` counts."""
    return pytensor_mode(
        MODES.get(orig_string, orig_string) if isinstance(orig_string, str) else orig_string
    )


def get_default_mode():
    """The mode that ``THEANO_FLAGS=mode=…`` chose."""
    return pytensor_default_mode()


def fast_run():
    """The mode that FAST_RUN names."""
    if pytensor.config.mode == NATIVE:
        return pytensor_default_mode()
    return PyTensorMode(pytensor.config.linker, "fast_run")


_absent = missing(__name__)


def __getattr__(name):
    return fast_run() if name == "FAST_RUN" else _absent(name)
