"""``theano.tensor.nnet.sigm``."""

from pytensor.tensor import sigmoid, softplus

from symrnn.compat.missing import missing
from symrnn.ops.nnet import hard_sigmoid, ultra_fast_sigmoid

__getattr__ = missing(__name__)
