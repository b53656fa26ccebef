"""One error for every name that the facade lacks, saying what to use."""

import difflib
import dis
import importlib
import importlib.util
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
    found = counterpart(theano_name, name)
    if found:
        return f"it is {found} in PyTensor"
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
    # Another case is another thing in Theano: `Dot` is an op, `dot` a function.
    if close and close[0].lower() != name.lower():
        return f"did you mean {close[0]!r}?"
    if not theano_name.startswith("theano"):
        return f"{theano_name} has what tests of that time were seen to use; write this one with pytest"
    return f"look for its counterpart in pytensor{theano_name[6:]}, or write it with the names that are there"


PYTENSOR = {  # where PyTensor has what a module of Theano had
    "theano.tensor": ("tensor", "tensor.basic", "tensor.math", "tensor.shape", "tensor.subtensor", "tensor.elemwise",
                      "tensor.extra_ops", "tensor.blas", "tensor.type", "tensor.type_other", "tensor.special",
                      "tensor.sort", "tensor.variable", "tensor.exceptions", "tensor.linalg", "tensor.rewriting",
                      "tensor.rewriting.basic", "tensor.rewriting.math", "tensor.rewriting.elemwise",
                      "tensor.rewriting.shape", "tensor.rewriting.subtensor"),
    "theano.gof": ("graph.basic", "graph.op", "graph.type", "graph.fg", "graph.features", "graph.utils",
                   "graph.traversal", "graph.destroyhandler", "graph.rewriting.basic", "graph.rewriting.db",
                   "graph.rewriting.utils", "link.basic", "link.utils", "link.vm", "link.c.basic", "link.c.op",
                   "link.c.cmodule", "link.c.type", "link.c.params_type"),
    "theano.compile": ("compile", "compile.builders", "compile.io", "compile.executor", "compile.maker",
                       "compile.mode", "compile.ops", "compile.sharedvalue", "compile.debug.debugmode",
                       "compile.debug.profiling", "compile.debug.nanguardmode", "compile.debug.monitormode"),
    "theano.scan_module": ("scan", "scan.op", "scan.utils", "scan.views", "scan.rewriting"),
    "theano.scalar": ("scalar", "scalar.basic", "scalar.math", "scalar.sharedvar"),
    "theano.gradient": ("gradient",),
    "theano.printing": ("printing",),
    "theano": ("", "gradient", "graph.basic", "compile", "printing", "raise_op", "tensor.basic"),
}  # fmt: skip


def counterpart(theano_name, name):
    """PyTensor's full name of `name`, if it has one by the same spelling where Theano's module went."""
    home = max((one for one in PYTENSOR if theano_name.startswith(one)), key=len, default=None)
    for place in PYTENSOR.get(home, ()):
        full = ".".join(filter(None, ["pytensor", place]))
        try:
            module = importlib.import_module(full)
        except ImportError:  # of the other of PyTensor's lines
            continue
        if name in vars(module):
            return f"{full}.{name}"
        if importlib.util.find_spec(f"{full}.{name}") if hasattr(module, "__path__") else None:
            return f"{full}.{name}"
    return None


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
