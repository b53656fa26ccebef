"""``theano.tensor.nnet.conv``: the oldest convolution."""

from symrnn.compat.missing import missing
from symrnn.ops import theano_conv


def conv2d(
    input,
    filters,
    image_shape=None,
    filter_shape=None,
    border_mode="valid",
    subsample=(1, 1),
    **unroll,
):
    """Convolution of (B, C, H, W) with (F, C, K1, K2); how to unroll loops is no longer asked."""
    return theano_conv.conv2d(input, filters, image_shape, filter_shape, border_mode, subsample)


__getattr__ = missing(__name__)
