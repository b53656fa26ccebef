"""``theano.config``, over PyTensor's: dots in names, and settings of what is gone."""

from contextlib import ContextDecorator

import pytensor

from symrnn.compat.flags import GPU, NO_EFFECT, PASSED_ON
from symrnn.errors import nearest

GONE = {
    "device": "cpu",
    "force_device": False,
    "compute_test_value": "off",
    "compute_test_value_opt": "off",
    "unittests.rseed": "666",
    "print_test_value": False,
    "scan.allow_gc": False,
    "scan.allow_output_prealloc": True,
    "dnn.enabled": "auto",
    "dnn.conv.algo_fwd": "small",
    "dnn.conv.algo_bwd_filter": "none",
    "dnn.conv.algo_bwd_data": "none",
    "lib.cnmem": 0.0,
    "gpuarray.preallocate": 0.0,
    "profiling.time_thunks": True,
    "reoptimize_unpickled_function": False,
    "int_division": "int",
    "nvcc.fastmath": False,
}
GROUPS = {name.rpartition(".")[0] for name in (*GONE, *PASSED_ON) if "." in name}
GROUPS |= {group.partition(".")[0] for group in GROUPS} | {
    prefix.rstrip(".") for prefix in (*GPU, *NO_EFFECT) if "." in prefix
}

WARNINGS = ("warn.",)  # of Theano's own bugs of the past: none is asked for


class Config:
    """Settings as attributes; a group of them, such as ``config.scan``, is one of these too."""

    def __init__(self, prefix="", settings=None):
        # Not by attributes, which are settings here; a group shares the dictionary of the whole.
        vars(self).update(_prefix=prefix, _gone=dict(GONE) if settings is None else settings)

    def __getattr__(self, name):
        full = self._prefix + name
        if full in self._gone:
            return self._gone[full]
        if hasattr(pytensor.config, spelled(full)):
            return getattr(pytensor.config, spelled(full))
        if full in GROUPS:
            return Config(full + ".", self._gone)
        if full.startswith(WARNINGS):
            return False
        known = [*GONE, *PASSED_ON]
        raise AttributeError(
            f"theano.config.{full} is no setting that symrnn.compat knows; {nearest(full, known)}"
        )

    def __setattr__(self, name, value):
        full = self._prefix + name
        if hasattr(pytensor.config, spelled(full)):
            setattr(pytensor.config, spelled(full), value)
        else:
            self._gone[full] = value

    def add(self, name, default):
        """Know the setting `name`, with dots, by its default."""
        self._gone.setdefault(name, default)
        if "." in name:
            GROUPS.add(name.rpartition(".")[0])

    def change_flags(self, *settings, **named):
        """A context in which other settings hold; see `change_flags`."""
        return change_flags(*settings, **named)


class change_flags(ContextDecorator):
    """A context, or a decorator, in which other settings hold: ``change_flags(floatX="float32")``.

    Names with dots come in a dictionary, or with ``__`` for each dot.
    """

    def __init__(self, settings=(), **named):
        self.settings = {
            name.replace("__", "."): value for name, value in (dict(settings) | named).items()
        }
        for name in self.settings:
            read(name)  # one that is not known is refused at once

    def __enter__(self):
        self.before = {name: read(name) for name in self.settings}
        for name, value in self.settings.items():
            write(name, value)
        return self

    def __exit__(self, *exc_info):
        for name, value in self.before.items():
            write(name, value)


def read(name):
    """The setting `name`, with dots."""
    found = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


def write(name, value):
    """Set the setting `name`, with dots."""
    group, _, last = name.rpartition(".")
    setattr(read(group) if group else config, last, value)


def spelled(name):
    """A setting's name in PyTensor."""
    return PASSED_ON.get(name, name.replace(".", "__"))


config = Config()
