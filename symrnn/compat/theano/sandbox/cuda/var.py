"""``theano.sandbox.cuda.var``: classes of variables on a GPU, of which there are none."""

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

CudaNdarrayVariable = gone("CudaNdarrayVariable", "a variable of theano.tensor")
CudaNdarrayConstant = gone("CudaNdarrayConstant", "theano.tensor.constant")
CudaNdarraySharedVariable = gone("CudaNdarraySharedVariable", "theano.shared")

__getattr__ = missing(__name__)
