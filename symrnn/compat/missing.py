"""One error for every name that the facade lacks, saying what to use."""

import difflib
import dis
import sys
import types


def missing(module, instead=()):
    """A module's ``__getattr__``: refuses every name, with what stands for it `instead` or what is spelled alike.

    ``from module import name`` would swallow the message of an AttributeError, so it gets an ImportError.

    Examples
    --------
    >>> missing("symrnn.compat.theano.tensor", {"wmatrix": "pytensor.tensor.wmatrix"})("wmatrix")
    Traceback (most recent call last):
    AttributeError: theano.tensor.wmatrix is not in symrnn.compat; use pytensor.tensor.wmatrix...
    """
    theano_name = module.replace("symrnn.compat.", "")
    instead = dict(instead)

    def __getattr__(name):
        message = f"{theano_name}.{name} is not in symrnn.compat; {way_out(module, theano_name, name, instead)}"
        if not name.startswith("__") and imports_a_name(sys._getframe(1)):
            raise ImportError(message, name=name)
        raise AttributeError(message, name=name, obj=sys.modules.get(module))

    return __getattr__


def way_out(module, theano_name, name, instead):
    """What to use in place of `name`."""
    if name in instead:
        return f"use {instead[name]}"
    known = (
        [one for one in vars(sys.modules[module]) if not one.startswith("_")]
        if module in sys.modules
        else []
    )
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"look for its counterpart in pytensor{theano_name[6:]}, or write it with the names that are there"


def imports_a_name(frame):
    """Whether `frame` is executing ``from … import name``."""
    return frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]


class CallableModule(types.ModuleType):
    """A module that is called as the function of its name, which stands in the same place (``T.sort``, ``T.var``)."""

    def __call__(self, *args, **kwargs):
        return vars(self)[self.__name__.rpartition(".")[2]](*args, **kwargs)


def make_callable(module):
    """Let a module be called, too."""
    sys.modules[module].__class__ = CallableModule
