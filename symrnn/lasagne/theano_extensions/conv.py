"""One-dimensional convolution under the names of Lasagne's several implementations, which are one here.

All take (B, C, W) and (F, C, K), ``border_mode`` ``"valid"``, ``"full"``, ``"same"``/``"half"`` or a number, a
stride `subsample` of length one, and `filter_flip`.
"""

from symrnn.errors import UserError
from symrnn.ops import theano_conv


def conv1d_mc0(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1,),
               filter_flip=True, num_groups=1):  # fmt: skip
    """Convolution over one axis."""
    return theano_conv.conv1d(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip, num_groups
    )


def conv1d_mc1(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1,),
               filter_flip=True, num_groups=1):  # fmt: skip
    """Convolution over one axis."""
    return conv1d_mc0(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip, num_groups
    )


def conv1d_sc(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1,),
              filter_flip=True):  # fmt: skip
    """Convolution over one axis, without padding."""
    check_valid("conv1d_sc", border_mode)
    return conv1d_mc0(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip
    )


def conv1d_unstrided(input, filters, image_shape, filter_shape, border_mode="valid", subsample=(1,), filter_flip=True,
                     implementation=conv1d_sc):  # fmt: skip
    """Convolution over one axis by `implementation`, without padding; the stride must be the window or divide it."""
    check_valid("conv1d_unstrided", border_mode)
    check_divides("conv1d_unstrided", filter_shape, subsample)
    return implementation(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip
    )


def conv1d_sd(
    input, filters, image_shape, filter_shape, border_mode="valid", subsample=(1,), filter_flip=True
):
    """Convolution over one axis, without padding; the stride must divide the window."""
    check_valid("conv1d_sd", border_mode)
    check_divides("conv1d_sd", filter_shape, subsample)
    return conv1d_mc0(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip
    )


def conv1d_md(
    input, filters, image_shape, filter_shape, border_mode="valid", subsample=(1,), filter_flip=True
):
    """Convolution over one axis, without padding; the stride must divide the window."""
    check_valid("conv1d_md", border_mode)
    check_divides("conv1d_md", filter_shape, subsample)
    return conv1d_mc0(
        input, filters, image_shape, filter_shape, border_mode, subsample, filter_flip
    )


def check_valid(name, border_mode):
    """Refuse padding."""
    if border_mode not in ("valid", 0, (0,)):
        raise UserError(
            f"{name} takes border_mode='valid' only, but got {border_mode!r}; use conv1d_mc0"
        )


def check_divides(name, filter_shape, subsample):
    """Refuse strides that do not divide the window."""
    if filter_shape[2] % subsample[0]:
        raise UserError(f"{name} needs a window that is a multiple of the stride, but has {filter_shape[2]} and"
                        f" {subsample[0]}; use conv1d_mc0")  # fmt: skip
