"""The mode that old programs run in: native, which starts at once, unless a flag names another.

Theano's default was its C backend. Here a program that only says `theano.function(...)`, or ``mode=FAST_RUN``, gets
`symrnn.native`; a mode or a linker in ``THEANO_FLAGS`` or ``PYTENSOR_FLAGS`` is kept.
"""

import os

from symrnn.compat.flags import parsed

NAMED_BY = ("mode", "linker")
_before = {}  # PyTensor's default mode, while ours holds


def choose(theano_flags, environ=os.environ):
    """Set PyTensor's default mode where no flag did.

    Parameters
    ----------
    theano_flags
        What ``THEANO_FLAGS`` held, by name.
    """
    from pytensor import config

    if not is_named(theano_flags, parsed(environ.get("PYTENSOR_FLAGS", ""))):
        # Of the first call, so that a second `install` does not take ours for PyTensor's.
        _before.setdefault("mode", config.mode)
        config.mode = quick_mode()


def is_named(theano_flags, own_flags):
    """Whether flags choose a mode or a linker; Theano's FAST_RUN is its default and chooses none.

    Examples
    --------
    >>> is_named({"mode": "FAST_RUN"}, {}), is_named({"linker": "py"}, {})
    (False, True)
    """
    from symrnn.compat.flags import MODES

    theanos = {
        name: value
        for name, value in theano_flags.items()
        if not (name == "mode" and MODES.get(value, value) is None)
    }
    return any(name in flags for flags in (theanos, own_flags) for name in NAMED_BY)


def quick_mode():
    """The fastest mode that starts at once: native, or PyTensor's few rewrites where it cannot be imported."""
    try:
        from symrnn.modes import NATIVE, known_mode

        return known_mode(NATIVE)
    except ImportError:  # no llvmlite
        return "FAST_COMPILE"


def restore():
    """Put back the default mode that `choose` replaced, if it did."""
    from pytensor import config

    if _before:
        config.mode = _before.pop("mode")
