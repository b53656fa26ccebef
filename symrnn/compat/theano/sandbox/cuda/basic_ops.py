"""``theano.sandbox.cuda.basic_ops``: transfers, which leave a variable where it is."""

from pytensor.tensor import as_tensor_variable

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

as_cuda_ndarray_variable = gpu_contiguous = gpu_from_host = host_from_gpu = as_tensor_variable
GpuFromHost = gone("GpuFromHost", "the variable itself")
HostFromGpu = gone("HostFromGpu", "the variable itself")

__getattr__ = missing(__name__)
