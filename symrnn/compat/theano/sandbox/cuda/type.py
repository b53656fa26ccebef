"""``theano.sandbox.cuda.type``: the type of variables on a GPU, of which there are none."""

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

CudaNdarrayType = gone("CudaNdarrayType", "theano.tensor.TensorType")

__getattr__ = missing(__name__)
