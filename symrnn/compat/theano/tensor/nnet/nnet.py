"""``theano.tensor.nnet.nnet``."""

import numpy as np
import pytensor.tensor as pt
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.special import LogSoftmax as PyTensorLogSoftmax
from pytensor.tensor.special import Softmax as PyTensorSoftmax

from symrnn.compat.gone import written
from symrnn.compat.missing import missing
from symrnn.compat.stand_in import StandIn
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

logsoftmax_op = logsoftmax
softmax_op = softmax_graph = softmax


def softmax_with_bias(x, b):
    """``softmax(x + b)``, with `b` (K,) added to each row."""
    return softmax(pt.as_tensor(x) + b)


def softmax_grad(dy, sm):
    """The gradient of the rows that `sm` is the softmax of, where `dy` is that of `sm`."""
    return dy * sm - pt.sum(dy * sm, axis=-1, keepdims=True) * sm


def crossentropy_categorical_1hot(coding_dist, true_one_of_n):
    """``-log p`` of the true class (B,) for rows of probabilities (B, K)."""
    return categorical_crossentropy(coding_dist, true_one_of_n)


def crossentropy_softmax_1hot_with_bias(x, b, y_idx):
    """The cross-entropy (B,) of ``softmax(x + b)``, and the softmax (B, K)."""
    return crossentropy_softmax_1hot(pt.as_tensor(x) + b, from_zero(y_idx))


def from_zero(y_idx):
    """Class numbers (B,), of which none is below zero: as an index it would count from the end."""
    y_idx = pt.as_tensor(y_idx)
    check = CheckAndRaise(ValueError, "y_idx must hold class numbers from zero, but one is below")
    return check(y_idx, pt.all(pt.ge(y_idx, 0)))


def crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx):
    """The cross-entropy (B,) of ``softmax(x + b)``, the softmax (B, K), and its likeliest class (B,)."""
    loss, probabilities = crossentropy_softmax_1hot_with_bias(x, b, y_idx)
    return [loss, probabilities, pt.argmax(probabilities, axis=-1)]


def crossentropy_softmax_max_and_argmax_1hot(x, y_idx):
    """The cross-entropy (B,) of ``softmax(x)``, the softmax (B, K), its largest entry and likeliest class (B,)."""
    loss, probabilities = crossentropy_softmax_1hot(x, y_idx)
    return [loss, probabilities, pt.max(probabilities, axis=-1), pt.argmax(probabilities, axis=-1)]


def crossentropy_softmax_1hot_with_bias_dx(dy, sm, y_idx):
    """The gradient (B, K) of the rows that `sm` is the softmax of, where `dy` (B,) is that of the cross-entropy."""
    true = pt.eq(from_zero(y_idx)[:, None], pt.arange(sm.shape[1])[None, :])
    return dy[:, None] * (sm - pt.cast(true, sm.dtype))


def crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y_idx):
    """The cross-entropy (B,) of ``softmax(x + b)``, the softmax (B, K), its largest entry and likeliest class (B,)."""
    return crossentropy_softmax_max_and_argmax_1hot(pt.as_tensor(x) + b, y_idx)


def crossentropy_categorical_1hot_grad(g_y, coding_dist, true_one_of_n):
    """The gradient (B, K) of the rows `coding_dist`, where `g_y` (B,) is that of the cross-entropy."""
    true = pt.eq(pt.as_tensor(true_one_of_n)[:, None], pt.arange(coding_dist.shape[1])[None, :])
    return -g_y[:, None] * pt.cast(true, coding_dist.dtype) / coding_dist


SoftmaxGrad = written("SoftmaxGrad", softmax_grad)
SoftmaxWithBias = written("SoftmaxWithBias", softmax_with_bias)
CrossentropyCategorical1Hot = written("CrossentropyCategorical1Hot", crossentropy_categorical_1hot)
CrossentropyCategorical1HotGrad = written(
    "CrossentropyCategorical1HotGrad", crossentropy_categorical_1hot_grad
)
CrossentropySoftmax1HotWithBiasDx = written(
    "CrossentropySoftmax1HotWithBiasDx", crossentropy_softmax_1hot_with_bias_dx
)
CrossentropySoftmaxArgmax1HotWithBias = written(
    "CrossentropySoftmaxArgmax1HotWithBias", crossentropy_softmax_argmax_1hot_with_bias
)


class Softmax(metaclass=StandIn):
    """The op of `softmax`; made, it is called with a matrix."""

    real = PyTensorSoftmax

    @staticmethod
    def make(axis=None):
        return softmax


class LogSoftmax(metaclass=StandIn):
    """The op of `logsoftmax`; made, it is called with a matrix."""

    real = PyTensorLogSoftmax

    @staticmethod
    def make(axis=None):
        return logsoftmax


class Prepend_scalar_constant_to_each_row:
    """Puts a column of one number before a matrix."""

    def __init__(self, val=0):
        self.val = val

    def __call__(self, mat):
        return Prepend_scalar_to_each_row()(np.asarray(self.val, dtype=mat.dtype), mat)


class Prepend_scalar_to_each_row:
    """Puts a column of one number, an expression, before a matrix."""

    def __call__(self, val, mat):
        column = pt.alloc(pt.cast(val, mat.dtype), mat.shape[0], 1)
        return pt.concatenate([column, mat], axis=1)


__getattr__ = missing(__name__)
