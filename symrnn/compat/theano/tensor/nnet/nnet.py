"""``theano.tensor.nnet.nnet``."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.special import LogSoftmax, Softmax

from symrnn.compat.gone import gone
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

logsoftmax_op = logsoftmax
softmax_op = softmax_graph = softmax
SoftmaxGrad = gone("SoftmaxGrad", "theano.grad")
SoftmaxWithBias = gone("SoftmaxWithBias", "softmax(x + b)")
CrossentropyCategorical1Hot = gone("CrossentropyCategorical1Hot", "categorical_crossentropy")
CrossentropyCategorical1HotGrad = gone("CrossentropyCategorical1HotGrad", "theano.grad")
CrossentropySoftmax1HotWithBiasDx = gone("CrossentropySoftmax1HotWithBiasDx", "theano.grad")
CrossentropySoftmaxArgmax1HotWithBias = gone(
    "CrossentropySoftmaxArgmax1HotWithBias", "crossentropy_softmax_1hot"
)


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
    return crossentropy_softmax_1hot(pt.as_tensor(x) + b, y_idx)


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
    true = pt.eq(pt.as_tensor(y_idx)[:, None], pt.arange(sm.shape[1])[None, :])
    return dy[:, None] * (sm - pt.cast(true, sm.dtype))


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
