"""``theano.config``, over PyTensor's: dots in names, and settings of what is gone."""

import pytensor

from symrnn.compat.flags import GPU, NO_EFFECT, PASSED_ON
from symrnn.errors import nearest

GONE = {
    "device": "cpu",
    "force_device": False,
    "compute_test_value": "off",
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


class Config:
    """Settings as attributes; a group of them, such as ``config.scan``, is one of these too."""

    def __init__(self, prefix="", settings=None):
        vars(self).update(_prefix=prefix, _gone=dict(GONE) if settings is None else settings)

    def __getattr__(self, name):
        full = self._prefix + name
        if full in self._gone:
            return self._gone[full]
        if hasattr(pytensor.config, spelled(full)):
            return getattr(pytensor.config, spelled(full))
        if full in GROUPS:
            return Config(full + ".", self._gone)
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

    def change_flags(self, **settings):
        """A context in which other `settings` hold."""
        return pytensor.config.change_flags(
            **{spelled(name): value for name, value in settings.items()}
        )


def spelled(name):
    """A setting's name in PyTensor."""
    return PASSED_ON.get(name, name.replace(".", "__"))


config = Config()
