"""``theano.tensor.nnet``: activations, losses and convolution."""

from pytensor.tensor import sigmoid, softplus

from symrnn.compat.missing import missing
from symrnn.ops.nnet import (
    batch_normalization,
    binary_crossentropy,
    categorical_crossentropy,
    confusion_matrix,
    crossentropy_softmax_1hot,
    elu,
    h_softmax,
    hard_sigmoid,
    logsoftmax,
    relu,
    selu,
    sigmoid_binary_crossentropy,
    softmax,
    softsign,
    ultra_fast_sigmoid,
)
from symrnn.ops.theano_conv import conv2d, conv2d_grad_wrt_inputs, conv2d_grad_wrt_weights, conv3d

from . import abstract_conv, bn, conv, neighbours, nnet, sigm
from .bn import batch_normalization_test, batch_normalization_train
from .nnet import (
    CrossentropyCategorical1Hot,
    CrossentropyCategorical1HotGrad,
    CrossentropySoftmax1HotWithBiasDx,
    CrossentropySoftmaxArgmax1HotWithBias,
    LogSoftmax,
    Prepend_scalar_constant_to_each_row,
    Prepend_scalar_to_each_row,
    Softmax,
    SoftmaxGrad,
    SoftmaxWithBias,
    crossentropy_categorical_1hot,
    crossentropy_softmax_1hot_with_bias,
    crossentropy_softmax_1hot_with_bias_dx,
    crossentropy_softmax_argmax_1hot_with_bias,
    crossentropy_softmax_max_and_argmax_1hot,
    crossentropy_softmax_max_and_argmax_1hot_with_bias,
    logsoftmax_op,
    softmax_grad,
    softmax_graph,
    softmax_op,
    softmax_with_bias,
)

__getattr__ = missing(__name__, {
    "conv3d2d": "theano.tensor.nnet.conv3d",
    "ctc": "symrnn.ops.ctc",
})  # fmt: skip


def conv2d_transpose(input, filters, output_shape, filter_shape=None, border_mode="valid", input_dilation=(1, 1),
                     filter_flip=True, filter_dilation=(1, 1), num_groups=1, unshared=False):  # fmt: skip
    """The transpose of `conv2d` with stride `input_dilation`, of `output_shape`."""
    return conv2d_grad_wrt_inputs(input, filters, output_shape, filter_shape, border_mode, input_dilation, filter_flip,
                                  filter_dilation, num_groups, unshared)  # fmt: skip
