"""Nonlinearities: functions from an expression to an expression, to pass to layers."""

import pytensor.tensor as pt

from symrnn.ops import nnet


def sigmoid(x):
    """``1 / (1 + exp(-x))``."""
    return pt.sigmoid(x)


def softmax(x):
    """``exp(x) / sum(exp(x))`` over each row."""
    return nnet.softmax(x)


def tanh(x):
    """``tanh(x)``."""
    return pt.tanh(x)


class ScaledTanH:
    """``scale_out * tanh(scale_in * x)`` [1]_.

    .. [1] LeCun, Bottou, Orr, Müller: Efficient BackProp. In Neural Networks: Tricks of the Trade (1998).
    """

    def __init__(self, scale_in=1, scale_out=1):
        self.scale_in = scale_in
        self.scale_out = scale_out

    def __call__(self, x):
        return pt.tanh(x * self.scale_in) * self.scale_out


ScaledTanh = ScaledTanH


def rectify(x):
    """``max(0, x)``."""
    return nnet.relu(x)


class LeakyRectify:
    """``x`` above zero, ``leakiness * x`` below [1]_.

    .. [1] Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models. ICML 2013.
    """

    def __init__(self, leakiness=0.01):
        self.leakiness = leakiness

    def __call__(self, x):
        return nnet.relu(x, self.leakiness)


leaky_rectify = LeakyRectify()
very_leaky_rectify = LeakyRectify(1.0 / 3)


def elu(x):
    """``x`` above zero, ``exp(x) - 1`` below [1]_.

    .. [1] Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by ELUs. ICLR 2016.
    """
    return nnet.elu(x)


class SELU:
    """``scale * x`` above zero, ``scale * scale_neg * (exp(x) - 1)`` below [1]_.

    .. [1] Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks. NIPS 2017.
    """

    def __init__(self, scale=1, scale_neg=1):
        self.scale = scale
        self.scale_neg = scale_neg

    def __call__(self, x):
        return self.scale * nnet.elu(x, self.scale_neg)


selu = SELU(scale=1.0507009873554804934193349852946, scale_neg=1.6732632423543772848170429916717)


def softplus(x):
    """``log(1 + exp(x))``."""
    return pt.softplus(x)


def linear(x):
    """``x``."""
    return x


identity = linear
