"""``theano.gpuarray.dnn``, as it is without a GPU."""

from symrnn.compat.missing import missing

from ..sandbox.cuda.dnn import dnn_available, dnn_conv, dnn_pool

dnn_present = dnn_available

__getattr__ = missing(__name__)
