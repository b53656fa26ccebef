"""Convolutions that enlarge, and convolutions with holes; part of `symrnn.lasagne.layers.conv`."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symrnn.ops.conv import conv, transposed_conv

from .. import init, nonlinearities
from ..utils import as_tuple, int_types
from .conv import BaseConvLayer, conv_input_length, conv_output_length


class TransposedConvLayer(BaseConvLayer):
    """The transpose of a convolution with `stride` and padding `crop`: what was its output is the input here.

    ``W`` is (C, num_filters, *filter_size). A strided convolution maps several sizes to one; `output_size`
    (numbers, or an integer vector) chooses among them. `flip_filters` is as for the transposed operation: by
    default the
    filters are laid on as they are.
    """

    axes = None

    def __init__(
        self,
        incoming,
        num_filters,
        filter_size,
        stride=1,
        crop=0,
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        flip_filters=False,
        output_size=None,
        **kwargs,
    ):
        # Before the base class asks for the output's shape, as it does for untied biases.
        self.output_size = parsed_output_size(output_size, self.axes)
        super().__init__(incoming, num_filters, filter_size, stride, crop, untie_biases, W, b, nonlinearity,
                         flip_filters, n=self.axes, **kwargs)  # fmt: skip
        # Lasagne's name for it here; what asks for `pad` must find none.
        self.crop = self.pad
        del self.pad

    def get_W_shape(self):
        return (self.input_shape[1], self.num_filters, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        if isinstance(self.output_size, Variable):
            places = (None,) * self.axes
        elif self.output_size is not None:
            places = self.output_size
        else:
            # the base class asks while it is being built
            crop = getattr(self, "crop", getattr(self, "pad", None))
            crops = crop if isinstance(crop, tuple) else (crop,) * self.axes
            places = tuple(
                map(conv_input_length, input_shape[2:], self.filter_size, self.stride, crops)
            )
        return (input_shape[0], self.num_filters, *places)

    def convolve(self, input, **kwargs):
        return transposed_conv(input, self.W, stride=self.stride, crop="half" if self.crop == "same" else self.crop,
                               output_size=self.output_size, flip=not self.flip_filters,
                               filter_shape=self.get_W_shape())  # fmt: skip


def parsed_output_size(output_size, axes):
    """`output_size` as a tuple, or the integer vector that it is."""
    if output_size is None:
        return None
    if isinstance(output_size, Variable):
        if output_size.ndim != 1 or not np.issubdtype(np.dtype(output_size.dtype), np.integer):
            raise ValueError(
                f"output_size must be an integer vector, but is of type {output_size.type}"
            )
        return output_size
    return as_tuple(output_size, axes, int_types)


class TransposedConv2DLayer(TransposedConvLayer):
    """The transpose of a `Conv2DLayer`, often called deconvolution [1]_.

    .. [1] Zeiler, Taylor, Fergus: Adaptive deconvolutional networks. ICCV 2011.
    """

    axes = 2


class TransposedConv3DLayer(TransposedConvLayer):
    """The transpose of a `Conv3DLayer`."""

    axes = 3


Deconv2DLayer = TransposedConv2DLayer
Deconv3DLayer = TransposedConv3DLayer


class DilatedConv2DLayer(BaseConvLayer):
    """Convolution with ``dilation - 1`` holes between the entries of a filter [1]_; ``W`` is (C, num_filters,
    *filter_size).

    Only ``pad=0`` and ``flip_filters=False``; put a `PadLayer` before it for more.

    .. [1] Yu, Koltun: Multi-scale context aggregation by dilated convolutions. ICLR 2016.
    """

    def __init__(
        self,
        incoming,
        num_filters,
        filter_size,
        dilation=(1, 1),
        pad=0,
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        flip_filters=False,
        **kwargs,
    ):
        # Before the base class asks for the output's shape.
        self.dilation = as_tuple(dilation, 2, int_types)
        super().__init__(incoming, num_filters, filter_size, 1, pad, untie_biases, W, b, nonlinearity, flip_filters,
                         n=2, **kwargs)  # fmt: skip
        if self.pad != (0, 0):
            raise NotImplementedError(f"DilatedConv2DLayer requires pad=0 / (0, 0) / 'valid', but pad is {pad!r};"
                                      " put a PadLayer before it")  # fmt: skip
        if self.flip_filters:
            raise NotImplementedError("DilatedConv2DLayer requires flip_filters=False")

    def get_W_shape(self):
        return (self.input_shape[1], self.num_filters, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        spans = [
            (size - 1) * d + 1 for size, d in zip(self.filter_size, self.dilation, strict=True)
        ]
        places = map(conv_output_length, input_shape[2:], spans, (1, 1), (0, 0))
        return (input_shape[0], self.num_filters, *places)

    def convolve(self, input, **kwargs):
        rows, columns = self.filter_size
        # Lasagne computes this as a gradient of the weights, for which channels come first in W.
        filters = self.W.dimshuffle(1, 0, 2, 3)
        return conv(pt.as_tensor(input), filters, dilation=self.dilation, flip=False,
                    filter_shape=(None, None, rows, columns))  # fmt: skip
