"""``theano.gpuarray``, as it is without a GPU."""

from symrnn.compat.missing import missing

from . import basic_ops, dnn, type
from .type import GpuArrayType

pygpu_activated = False
CPU = "the CPU: symrnn.compat has no GPU back-end"

__getattr__ = missing(__name__, dict.fromkeys(("GpuFromHost", "opt", "subtensor"), CPU))
