"""Pooling layers, their opposite, and pooling over features or everything.

Spatial inputs are (B, C, *S). Modes are ``"max"``, ``"sum"``, ``"average_inc_pad"`` and ``"average_exc_pad"``.
"""

import pytensor.tensor as pt

from symrnn.ops import theano_conv
from symrnn.ops.pool import pool
from symrnn.ops.windows import pad_spatial, spread

from ..utils import as_tuple, int_types, numbered_axis
from .base import Layer
from .pyramid import SpatialPyramidPoolingLayer, pool_2d_nxn_regions  # noqa: F401  both are in this module in Lasagne

__all__ = [
    "FeaturePoolLayer",
    "FeatureWTALayer",
    "GlobalPoolLayer",
    "MaxPool1DLayer",
    "MaxPool2DLayer",
    "MaxPool3DLayer",
    "Pool1DLayer",
    "Pool2DLayer",
    "Pool3DLayer",
    "SpatialPyramidPoolingLayer",
    "Upscale1DLayer",
    "Upscale2DLayer",
    "Upscale3DLayer",
]

pool_2d = theano_conv.pool_2d
pool_3d = theano_conv.pool_3d


def pool_output_length(input_length, pool_size, stride, pad, ignore_border):
    """How many windows an axis has; None for an unknown length.

    Examples
    --------
    >>> pool_output_length(5, pool_size=2, stride=2, pad=0, ignore_border=True)
    2
    >>> pool_output_length(5, pool_size=2, stride=2, pad=0, ignore_border=False)
    3
    """
    if input_length is None or pool_size is None:
        return None
    if ignore_border:
        return max((input_length + 2 * pad - pool_size) // stride + 1, 0)
    assert pad == 0, f"pad must be 0 when ignore_border is False, but is {pad}"
    # Theano's count of windows with a partial one at the end; it has two cases.
    if stride >= pool_size:
        return (input_length - 1) // stride + 1
    return max(0, -(-(input_length - pool_size) // stride)) + 1


class PoolLayer(Layer):
    """What the pooling layers share; subclasses say over how many `axes`.

    `pool_size`, `stride` (by default the pool size) and `pad` are a number or one an axis. Without `ignore_border`
    a partial
    window at the end counts too; `pad` must be zero then.
    """

    axes = None

    def __init__(
        self, incoming, pool_size, stride=None, pad=0, ignore_border=True, mode="max", **kwargs
    ):
        super().__init__(incoming, **kwargs)
        if len(self.input_shape) != self.axes + 2:
            raise ValueError(f"Tried to create a {self.axes}D pooling layer with input shape "
                             f"{self.input_shape}. Expected"
                             f" {self.axes + 2} input dimensions (batchsize, channels, {self.axes} spatial"
                             " dimensions).")  # fmt: skip
        self.pool_size = as_tuple(pool_size, self.axes)
        self.stride = self.pool_size if stride is None else as_tuple(stride, self.axes)
        self.pad = as_tuple(pad, self.axes)
        self.ignore_border = ignore_border
        self.mode = mode

    def get_output_shape_for(self, input_shape):
        places = (pool_output_length(*sizes, self.ignore_border)
                  for sizes in zip(input_shape[2:], self.pool_size, self.stride, self.pad, strict=True))  # fmt: skip
        return (*input_shape[:2], *places)

    def get_output_for(self, input, **kwargs):
        # Theano gives the whole gradient to each of several equal maxima.
        return pool(input, self.pool_size, stride=self.stride, padding=self.pad, ignore_border=self.ignore_border,
                    mode=self.mode, ties="each")  # fmt: skip


class Pool1DLayer(PoolLayer):
    """Pooling over one axis."""

    axes = 1


class Pool2DLayer(PoolLayer):
    """Pooling over two axes."""

    axes = 2

    def __init__(
        self, incoming, pool_size, stride=None, pad=(0, 0), ignore_border=True, mode="max", **kwargs
    ):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode, **kwargs)


class Pool3DLayer(PoolLayer):
    """Pooling over three axes."""

    axes = 3

    def __init__(
        self,
        incoming,
        pool_size,
        stride=None,
        pad=(0, 0, 0),
        ignore_border=True,
        mode="max",
        **kwargs,
    ):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode, **kwargs)


class MaxPool1DLayer(Pool1DLayer):
    """`Pool1DLayer` for the maximum."""

    def __init__(self, incoming, pool_size, stride=None, pad=0, ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class MaxPool2DLayer(Pool2DLayer):
    """`Pool2DLayer` for the maximum."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0), ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class MaxPool3DLayer(Pool3DLayer):
    """`Pool3DLayer` for the maximum."""

    def __init__(
        self, incoming, pool_size, stride=None, pad=(0, 0, 0), ignore_border=True, **kwargs
    ):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class UpscaleLayer(Layer):
    """What the upscaling layers share: every entry `scale_factor` times along each axis (``mode="repeat"``), or
    once, with
    zeros behind it (``"dilate"``)."""

    axes = None

    def __init__(self, incoming, scale_factor, mode="repeat", **kwargs):
        super().__init__(incoming, **kwargs)
        self.scale_factor = as_tuple(scale_factor, self.axes, int_types)
        if any(factor < 1 for factor in self.scale_factor):
            raise ValueError(f"Scale factor must be >= 1, not {self.scale_factor}")
        if mode not in ("repeat", "dilate"):
            raise ValueError(f"Mode must be either 'repeat' or 'dilate', not {mode!r}")
        self.mode = mode

    def get_output_shape_for(self, input_shape):
        places = (None if size is None else size * factor
                  for size, factor in zip(input_shape[2:], self.scale_factor, strict=True))  # fmt: skip
        return (*input_shape[:2], *places)

    def get_output_for(self, input, **kwargs):
        input = pt.as_tensor(input)
        if self.mode == "repeat":
            for axis, factor in enumerate(self.scale_factor, start=2):
                input = pt.repeat(input, factor, axis) if factor > 1 else input
            return input
        behind = [factor - 1 for factor in self.scale_factor]
        return pad_spatial(spread(input, self.scale_factor), [0] * self.axes, behind)


class Upscale1DLayer(UpscaleLayer):
    """Upscaling over one axis."""

    axes = 1


class Upscale2DLayer(UpscaleLayer):
    """Upscaling over two axes."""

    axes = 2


class Upscale3DLayer(UpscaleLayer):
    """Upscaling over three axes."""

    axes = 3


class FeaturePoolLayer(Layer):
    """`pool_function` over groups of `pool_size` neighbours along `axis`; with the maximum this is maxout [1]_.

    .. [1] Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout networks. ICML 2013.
    """

    def __init__(self, incoming, pool_size, axis=1, pool_function=pt.max, **kwargs):
        super().__init__(incoming, **kwargs)
        self.pool_size = pool_size
        self.axis = axis
        self.pool_function = pool_function
        check_divides(self)

    def get_output_shape_for(self, input_shape):
        axis = numbered_axis(self.axis, len(input_shape))
        groups = input_shape[axis] // self.pool_size
        return (*input_shape[:axis], groups, *input_shape[axis + 1 :])

    def get_output_for(self, input, **kwargs):
        axis = numbered_axis(self.axis, input.ndim)
        return self.pool_function(grouped(input, axis, self.pool_size), axis=axis + 1)


def check_divides(layer):
    """Refuse groups that do not divide the axis."""
    size = layer.input_shape[numbered_axis(layer.axis, len(layer.input_shape))]
    if size is None:
        raise ValueError(
            f"{type(layer).__name__} needs a specified input size for axis {layer.axis}, but the input shape is"
            f" {layer.input_shape}"
        )
    if size % layer.pool_size:
        raise ValueError(
            f"Number of input features ({size}) is not a multiple of the pool size ({layer.pool_size})"
        )


def grouped(input, axis, group):
    """`input` with `axis` split into groups and members."""
    shape = [input.shape[i] for i in range(input.ndim)]
    return input.reshape((*shape[:axis], shape[axis] // group, group, *shape[axis + 1 :]))


class FeatureWTALayer(Layer):
    """The input with all but the largest of every `pool_size` neighbours along `axis`, of equal ones the first, set
    to zero."""

    def __init__(self, incoming, pool_size, axis=1, **kwargs):
        super().__init__(incoming, **kwargs)
        self.pool_size = pool_size
        self.axis = axis
        check_divides(self)

    def get_output_for(self, input, **kwargs):
        axis = numbered_axis(self.axis, input.ndim)
        groups = grouped(input, axis, self.pool_size)
        winners = pt.argmax(groups, axis=axis + 1, keepdims=True)
        members = pt.arange(self.pool_size).dimshuffle(0, *["x"] * (input.ndim - axis - 1))
        return (groups * pt.eq(members, winners)).reshape(input.shape)


class GlobalPoolLayer(Layer):
    """`pool_function` over all axes but the first two."""

    def __init__(self, incoming, pool_function=pt.mean, **kwargs):
        super().__init__(incoming, **kwargs)
        self.pool_function = pool_function

    def get_output_shape_for(self, input_shape):
        return input_shape[:2]

    def get_output_for(self, input, **kwargs):
        return self.pool_function(input.flatten(3), axis=2)
