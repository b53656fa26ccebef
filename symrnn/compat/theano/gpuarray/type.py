"""``theano.gpuarray.type``: classes of variables on a GPU, of which there are none."""

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

GpuArrayType = gone("GpuArrayType", "theano.tensor.TensorType")
GpuArrayVariable = gone("GpuArrayVariable", "a variable of theano.tensor")
GpuArraySharedVariable = gone("GpuArraySharedVariable", "theano.shared")

__getattr__ = missing(__name__)
