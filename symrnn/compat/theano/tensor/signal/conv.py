"""``theano.tensor.signal.conv``: convolution of plain images."""

import pytensor.tensor as pt

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
    """Every image of `input` (H, W) or (B, H, W) with every filter (K1, K2) or (F, K1, K2)."""
    input, filters = pt.as_tensor(input), pt.as_tensor(filters)
    images = input[None] if input.ndim == 2 else input
    rows = filters[None] if filters.ndim == 2 else filters
    shape = filter_shape and (None, None, *filter_shape[-2:])
    # Plain images have no channels, so one is put in.
    result = theano_conv.conv2d(images[:, None], rows[:, None], None, shape, border_mode, subsample)
    if filters.ndim == 2:
        result = result[:, 0]
    return result[0] if input.ndim == 2 else result


__getattr__ = missing(__name__)
