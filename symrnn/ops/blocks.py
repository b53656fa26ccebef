"""Blocks of pixels as channels: the step from a coarse picture of many channels to a fine one of few."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.ops.windows import length


def depth_to_space(xs: TensorVariable, times: int) -> TensorVariable:
    """``(B, C, times * height, times * width)`` from ``xs (B, times**2 * C, height, width)`` [1]_.

    A block's pixels are channels that follow each other, row by row.

    .. [1] Shi et al.: Real-time single image and video super-resolution using an efficient sub-pixel convolutional
       neural network. CVPR 2016. arXiv:1609.05158

    Raises
    ------
    UserError
        When the channels are no multiple of ``times**2``.

    Examples
    --------
    >>> xs = np.arange(4.0).reshape(1, 4, 1, 1)
    >>> depth_to_space(pt.as_tensor(xs), 2).eval().tolist()
    [[[[0.0, 1.0], [2.0, 3.0]]]]
    """
    if times == 1:
        return xs
    batch, channels, height, width = (length(xs, axis) for axis in range(4))
    if isinstance(channels, int) and channels % times**2:
        raise UserError(
            f"xs must have a multiple of {times**2} channels to be spread {times} by {times}, but has {channels}"
        )
    blocks = xs.reshape((batch, channels // times**2, times, times, height, width))
    spread = blocks.dimshuffle(0, 1, 4, 2, 5, 3)
    return spread.reshape((batch, channels // times**2, height * times, width * times))


def binarized(xs: TensorVariable, us: TensorVariable) -> TensorVariable:
    """-1 or 1, with the gradient of `xs` [1]_.

    ``1 where us < (1 + xs) / 2, else -1``: of `us` that are uniform in [0, 1], the mean is `xs`, in [-1, 1]; of 0.5 it
    is the sign.

    .. [1] Toderici et al.: Variable rate image compression with recurrent neural networks. ICLR 2016. arXiv:1511.06085

    Examples
    --------
    >>> xs, us = pt.as_tensor([-0.2, 0.2, 0.2]), pt.as_tensor([0.5, 0.5, 0.9])
    >>> binarized(xs, us).eval().tolist()
    [-1.0, 1.0, -1.0]
    """
    one = np.asarray(1, xs.type.dtype)
    bits = pt.switch(pt.lt(us, 0.5 * (one + xs)), one, -one)
    # The gradient goes straight through: that of a step is zero wherever it is.
    return xs + disconnected_grad(bits - xs)
