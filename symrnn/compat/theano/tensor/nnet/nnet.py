"""``theano.tensor.nnet.nnet``."""

from symrnn.compat.missing import missing
from symrnn.ops.nnet import (
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_softmax_1hot,
    elu,
    logsoftmax,
    relu,
    selu,
    sigmoid_binary_crossentropy,
    softmax,
    softsign,
)

__getattr__ = missing(__name__)
