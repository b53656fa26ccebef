"""Convolutional layers over one to three axes.

Inputs are (B, C, *S), weights (num_filters, C / num_groups, *filter_size), outputs (B, num_filters, *O). `pad` is
a number, one
an axis, ``"valid"``, ``"full"`` or ``"same"``. With `flip_filters` the filters run backwards (convolution in
the mathematical sense); without, the layers compute what other libraries call convolution.
"""

from symrnn.ops import theano_conv

from .. import init, nonlinearities
from ..utils import as_tuple, int_types
from .base import Layer

__all__ = [
    "Conv1DLayer",
    "Conv2DLayer",
    "Conv3DLayer",
    "Deconv2DLayer",
    "Deconv3DLayer",
    "DilatedConv2DLayer",
    "TransposedConv2DLayer",
    "TransposedConv3DLayer",
]


def conv_output_length(input_length, filter_size, stride, pad=0):
    """How many places a filter takes on an axis; None for an unknown length.

    Examples
    --------
    >>> conv_output_length(7, filter_size=3, stride=2, pad=1)
    4
    """
    if input_length is None:
        return None
    both_sides = {"valid": 0, "full": 2 * (filter_size - 1), "same": filter_size - 1}
    if isinstance(pad, int_types):
        added = 2 * pad
    elif pad in both_sides:
        added = both_sides[pad]
    else:
        raise ValueError(f"Invalid pad: {pad!r}; it must be a number, 'valid', 'full' or 'same'")
    return (input_length + added - filter_size) // stride + 1


def conv_input_length(output_length, filter_size, stride, pad=0):
    """The least length of an axis on which a filter takes `output_length` places; None for an unknown number.

    Examples
    --------
    >>> conv_input_length(4, filter_size=3, stride=2, pad=1)
    7
    """
    if output_length is None:
        return None
    one_side = {"valid": 0, "full": filter_size - 1, "same": filter_size // 2}
    if not isinstance(pad, int_types):
        if pad not in one_side:
            raise ValueError(
                f"Invalid pad: {pad!r}; it must be a number, 'valid', 'full' or 'same'"
            )
        pad = one_side[pad]
    return (output_length - 1) * stride - 2 * pad + filter_size


class BaseConvLayer(Layer):
    """What the convolutional layers share; subclasses define `convolve`.

    `n` is the number of spatial axes, by default all but the first two of the input.
    """

    def __init__(
        self,
        incoming,
        num_filters,
        filter_size,
        stride=1,
        pad=0,
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        flip_filters=True,
        num_groups=1,
        n=None,
        **kwargs,
    ):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.n = len(self.input_shape) - 2 if n is None else n
        check_axes(self)
        self.num_filters = num_filters
        self.filter_size = as_tuple(filter_size, self.n, int_types)
        self.flip_filters = flip_filters
        self.stride = as_tuple(stride, self.n, int_types)
        self.untie_biases = untie_biases
        self.pad = parsed_pad(pad, self.filter_size)
        self.num_groups = checked_groups(num_groups, self.input_shape[1], num_filters)
        self.W = self.add_param(W, self.get_W_shape(), name="W")
        self.b = None
        if b is not None:
            shape = (num_filters, *self.output_shape[2:]) if untie_biases else (num_filters,)
            self.b = self.add_param(b, shape, name="b", regularizable=False)

    def get_W_shape(self):
        """The shape of the weights."""
        return (self.num_filters, self.input_shape[1] // self.num_groups, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        pads = self.pad if isinstance(self.pad, tuple) else (self.pad,) * self.n
        places = map(conv_output_length, input_shape[2:], self.filter_size, self.stride, pads)
        return (input_shape[0], self.num_filters, *places)

    def get_output_for(self, input, **kwargs):
        convolved = self.convolve(input, **kwargs)
        if self.b is None:
            activation = convolved
        elif self.untie_biases:
            activation = convolved + self.b.dimshuffle("x", *range(self.b.ndim))
        else:
            activation = convolved + self.b.dimshuffle("x", 0, *["x"] * self.n)
        return self.nonlinearity(activation)

    def convolve(self, input, **kwargs):
        """The convolution of `input` with ``W``, without bias and nonlinearity."""
        raise NotImplementedError(f"{type(self).__name__} must define convolve(input)")

    def _convolve_by(self, convolution, input):
        """`convolution` called as ``theano.tensor.nnet.conv2d`` is."""
        # A convolution of a program's own may be older than Theano's groups.
        groups = {"num_groups": self.num_groups} if self.num_groups > 1 else {}
        return convolution(input, self.W, self.input_shape, self.get_W_shape(), subsample=self.stride,
                           border_mode="half" if self.pad == "same" else self.pad,
                           filter_flip=self.flip_filters, **groups)  # fmt: skip


def check_axes(layer):
    """Refuse inputs without the axes for batch, channels, and `n` places."""
    if len(layer.input_shape) != layer.n + 2:
        raise ValueError(f"Expected {layer.n + 2} input dimensions (batchsize, channels, {layer.n} spatial dimensions),"
                         f" but the input shape is {layer.input_shape}")  # fmt: skip


def parsed_pad(pad, filter_size):
    """`pad` as one number an axis, or ``"full"`` or ``"same"``."""
    if pad == "valid":
        return (0,) * len(filter_size)
    # A window without a middle has no two equal sides to pad.
    if pad == "same" and any(size % 2 == 0 for size in filter_size):
        raise NotImplementedError(
            f"`same` padding requires odd filter size, but filter_size is {filter_size}"
        )
    if isinstance(pad, str) and pad in ("full", "same"):
        return pad
    return as_tuple(pad, len(filter_size), int_types)


def checked_groups(num_groups, channels, num_filters):
    """`num_groups`, where it splits channels and filters evenly."""
    if num_groups <= 0:
        raise ValueError(f"num_groups (here: {num_groups}) must be positive")
    if num_filters % num_groups or (channels is not None and channels % num_groups):
        raise ValueError(f"num_groups (here: {num_groups}) must evenly divide the number of filters ({num_filters})"
                         f" and of input channels ({channels})")  # fmt: skip
    return num_groups


class PlainConvLayer(BaseConvLayer):
    """Convolution over as many axes as the subclass says.

    `convolution`, by default ours, is called as ``theano.tensor.nnet.conv2d`` is.
    """

    axes = None
    own_convolution = None

    def __init__(
        self,
        incoming,
        num_filters,
        filter_size,
        stride=1,
        pad=0,
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        flip_filters=True,
        convolution=None,
        **kwargs,
    ):
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, n=self.axes, **kwargs)  # fmt: skip
        self.convolution = self.own_convolution if convolution is None else convolution

    def convolve(self, input, **kwargs):
        return self._convolve_by(self.convolution, input)


class Conv1DLayer(PlainConvLayer):
    """Convolution over one axis."""

    axes = 1
    # Static, or calling it on the layer would give it the layer.
    own_convolution = staticmethod(theano_conv.conv1d)


class Conv2DLayer(PlainConvLayer):
    """Convolution over two axes."""

    axes = 2
    own_convolution = staticmethod(theano_conv.conv2d)


class Conv3DLayer(PlainConvLayer):
    """Convolution over three axes."""

    axes = 3
    own_convolution = staticmethod(theano_conv.conv3d)


from .transposed_conv import (  # noqa: E402  these subclass BaseConvLayer
    Deconv2DLayer,
    Deconv3DLayer,
    DilatedConv2DLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
