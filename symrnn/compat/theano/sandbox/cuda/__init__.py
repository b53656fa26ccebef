"""``theano.sandbox.cuda``, as it is without a GPU."""

import warnings

from symrnn.compat.missing import missing

from . import basic_ops, dnn, rng_curand, type, var
from .type import CudaNdarrayType
from .var import CudaNdarraySharedVariable, CudaNdarrayVariable

cuda_available = cuda_enabled = False

__getattr__ = missing(__name__, {"cuda_ndarray": "numpy"})


def use(device, *args, **kwargs):
    """Would choose a GPU; the CPU computes."""
    warnings.warn(
        f"theano.sandbox.cuda.use asks for {device}; symrnn.compat runs on the CPU", stacklevel=2
    )
