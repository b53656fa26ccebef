"""``theano.sandbox.gpuarray.dnn``, as it is without a GPU."""

from symrnn.compat.missing import missing


def dnn_present():
    """Whether there is a GPU with cuDNN."""
    return False


dnn_available = dnn_present

__getattr__ = missing(
    __name__,
    {"dnn_conv": "theano.tensor.nnet.conv2d", "dnn_pool": "theano.tensor.signal.pool.pool_2d"},
)
