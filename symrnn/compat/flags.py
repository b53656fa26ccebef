"""``THEANO_FLAGS``, in PyTensor's words.

Flags that PyTensor has are passed on (``base_compiledir`` with a folder for symrnn inside it, since its caches
must not meet Theano's);
GPU flags are accepted with one warning; flags of what is gone are accepted and have no effect.
"""

import os
import re
import shlex
import sys
import warnings

from symrnn.errors import UserError

PASSED_ON = {
    "floatX": "floatX",
    "mode": "mode",
    "optimizer": "optimizer",
    "optimizer_including": "optimizer_including",
    "optimizer_excluding": "optimizer_excluding",
    "optimizer_verbose": "optimizer_verbose",
    "linker": "linker",
    "cxx": "cxx",
    "gcc.cxxflags": "gcc__cxxflags",
    "blas.ldflags": "blas__ldflags",
    "base_compiledir": "base_compiledir",
    "compiledir": "compiledir",
    "exception_verbosity": "exception_verbosity",
    "on_unused_input": "on_unused_input",
    "openmp": "openmp",
    "profile": "profile",
    "warn_float64": "warn_float64",
    "cast_policy": "cast_policy",
    "traceback.limit": "traceback__limit",
    "allow_gc": "allow_gc",
}
NO_EFFECT = (
    "compute_test_value", "optimizer_requiring", "numpy.seterr", "scan.", "warn.", "reoptimize", "int_division",
    "lib.amdlibm", "amdlibm", "print_test_value", "profiling.",
    "profile_optimizer", "profile_memory", "assert_no_cpu_op",
    "conv.", "nocleanup", "cmodule.", "on_opt_error", "on_shape_error", "pickle_test_value", "deterministic",
    "experimental.", "DebugMode.", "NanGuardMode.", "metaopt.", "tensor.", "ctc.", "enable_initial_driver_test",
    "unittests.",
)  # fmt: skip
GPU = (
    "device",
    "init_gpu_device",
    "force_device",
    "gpuarray.",
    "dnn.",
    "lib.cnmem",
    "nvcc.",
    "cuda.",
    "magma.",
    "pycuda.",
    "contexts",
    "print_active_device",
)
MODES = {
    "FAST_RUN": None,
    "DebugMode": "DEBUG_MODE",
    "ProfileMode": None,
}  # None: PyTensor's default


def parsed(flags):
    """``"a=1,b=2"`` as a dictionary; a comma inside a value, in quotes or before what is no flag, belongs to it.

    Examples
    --------
    >>> parsed("floatX=float32, device=gpu0")
    {'floatX': 'float32', 'device': 'gpu0'}
    >>> parsed("gcc.cxxflags=-O1,-Wl,-rpath=/a,blas.ldflags='-lb,c=d'")
    {'gcc.cxxflags': '-O1,-Wl,-rpath=/a', 'blas.ldflags': '-lb,c=d'}
    """
    found = {}
    for part in filter(None, map(str.strip, split_commas(flags))):
        name, equals, value = (one.strip() for one in part.partition("="))
        if equals and FLAG.fullmatch(name):
            last = name
            found[name] = value
        elif found and not FLAG.fullmatch(part):
            found[last] += f",{part}"
        else:
            raise UserError(
                f"THEANO_FLAGS must be name=value pairs with commas between them, but has {part!r}"
            )
    return found


FLAG = re.compile(r"[A-Za-z_][\w.]*")


def split_commas(flags):
    """`flags` cut at the commas outside quotes, which are taken off."""
    words = shlex.shlex(flags, posix=True)
    words.whitespace, words.whitespace_split, words.commenters, words.escape = ",", True, "", ""
    try:
        return list(words)
    except ValueError:
        raise UserError(f"THEANO_FLAGS has a quote that is not closed: {flags}") from None


def quoted(value):
    """A value as PyTensor reads it back, whatever is in it."""
    if not re.search(r"""[,'"\\#]""", value):
        return value
    return "'" + value.replace("'", """'"'"'""") + "'"


def translated(flags):
    """PyTensor's flags for a dictionary of Theano's, and the names of those that ask for a GPU.

    Examples
    --------
    >>> translated({"floatX": "float32", "device": "gpu", "gcc.cxxflags": "-O1", "scan.allow_gc": "False"})
    ({'floatX': 'float32', 'gcc__cxxflags': '-O1'}, ['device'])
    """
    ours, gpu = {}, []
    for name, value in flags.items():
        if name == "mode" and value in MODES:
            if MODES[value]:
                ours["mode"] = MODES[value]
        elif name == "base_compiledir":
            ours[name] = os.path.join(os.path.expanduser(value), "symrnn")
        elif name in PASSED_ON:
            ours[PASSED_ON[name]] = value
        elif name.startswith(GPU):
            gpu += [name] if value not in ("cpu", "", "0", "False") else []
        elif not name.startswith(NO_EFFECT):
            raise UserError(f"THEANO_FLAGS has {name!r}, which is no flag that symrnn.compat knows;"
                            f" known are {', '.join(sorted(PASSED_ON))}")  # fmt: skip
    return ours, gpu


def apply_environment(environ=os.environ):
    """Bring ``THEANO_FLAGS`` into ``PYTENSOR_FLAGS``, whose own settings win; returns what it held.

    Where PyTensor is imported already (a notebook), the flags that may still change are set on its config.
    """
    given = parsed(environ.get("THEANO_FLAGS", ""))
    ours, gpu = translated(given)
    if gpu:
        warnings.warn(
            f"THEANO_FLAGS ask for a GPU ({', '.join(gpu)}); symrnn.compat runs on the CPU",
            stacklevel=2,
        )
    if "pytensor" in sys.modules:
        set_on_config(ours)
    else:
        own = environ.get("PYTENSOR_FLAGS", "")
        pairs = [f"{name}={quoted(value)}" for name, value in ours.items()]
        # Of a flag that is given twice PyTensor takes the last.
        environ["PYTENSOR_FLAGS"] = ",".join(filter(None, [*pairs, own]))
    return given


def set_on_config(flags):
    """Set `flags` on a config that exists."""
    from pytensor import config

    for name, value in flags.items():
        if name in ("base_compiledir", "compiledir"):
            warnings.warn(
                f"{name} of THEANO_FLAGS comes too late, PyTensor is imported already", stacklevel=3
            )
        else:
            setattr(config, name, value)
