"""``theano.sandbox.cuda.dnn``, as it is without a GPU: its convolution and pooling are those of the CPU."""

from symrnn.compat.missing import missing
from symrnn.ops.theano_conv import conv2d, pool_2d


def dnn_available(*context):
    """Whether there is a GPU with cuDNN."""
    return False


def dnn_conv(img, kerns, border_mode="valid", subsample=(1, 1), conv_mode="conv", **gpu_only):
    """Convolution of (B, C, H, W) with (F, C, K1, K2); with ``conv_mode="cross"`` the filters are not flipped."""
    return conv2d(
        img, kerns, border_mode=border_mode, subsample=subsample, filter_flip=conv_mode == "conv"
    )


def dnn_pool(img, ws, stride=(1, 1), mode="max", pad=(0, 0)):
    """Pooling with windows `ws` over the last two axes; what lies beyond the last whole window is left out."""
    return pool_2d(img, ws, True, stride, pad, mode)


__getattr__ = missing(__name__)
