"""``theano.tensor.nnet.abstract_conv``."""

from functools import partial

from symrnn.compat.missing import missing
from symrnn.ops.theano_conv import (
    AbstractConvForward,
    AbstractConvGradInputs,
    AbstractConvGradWeights,
    conv2d,
    conv2d_grad_wrt_inputs,
    conv2d_grad_wrt_weights,
    conv3d,
)

AbstractConv2d = AbstractConvForward
AbstractConv2d_gradInputs = AbstractConvGradInputs
AbstractConv2d_gradWeights = AbstractConvGradWeights
_3d = {"subsample": (1, 1, 1), "filter_dilation": (1, 1, 1)}
AbstractConv3d = partial(AbstractConvForward, **_3d)
AbstractConv3d_gradInputs = partial(AbstractConvGradInputs, **_3d)
AbstractConv3d_gradWeights = partial(AbstractConvGradWeights, **_3d)

__getattr__ = missing(__name__)
