"""Convolution with filters of their own at every place."""

from symrnn.ops.conv import local_conv, local_conv_channelwise

from .. import init, nonlinearities
from .conv import Conv2DLayer

__all__ = ["LocallyConnected2DLayer"]


class LocallyConnected2DLayer(Conv2DLayer):
    """Like a `Conv2DLayer` whose weights are not shared between places.

    ``W`` is (num_filters, C, *filter_size, H, W), or with `channelwise`, where every filter sees only its own channel,
    (C, *filter_size, H, W). Only ``stride=1`` and ``pad="same"``.
    """

    def __init__(
        self,
        incoming,
        num_filters,
        filter_size,
        stride=(1, 1),
        pad="same",
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        flip_filters=True,
        channelwise=False,
        **kwargs,
    ):
        # Before the base class asks for the shape of W.
        self.channelwise = channelwise
        super().__init__(incoming, num_filters, filter_size, stride=stride, pad=pad, untie_biases=untie_biases, W=W,
                         b=b, nonlinearity=nonlinearity, flip_filters=flip_filters, **kwargs)  # fmt: skip
        if self.pad != "same":
            raise NotImplementedError(
                f"LocallyConnected2DLayer requires pad='same', but pad is {pad!r}"
            )
        if self.stride != (1, 1):
            raise NotImplementedError(
                f"LocallyConnected2DLayer requires stride=1 / (1, 1), but stride is {stride!r}"
            )

    def get_W_shape(self):
        if any(size is None for size in self.input_shape[1:]):
            raise ValueError("A LocallyConnected2DLayer requires a fixed input shape (except for the batch size),"
                             f" but the input shape is {self.input_shape}")  # fmt: skip
        channels, places = self.input_shape[1], self.output_shape[-2:]
        if not self.channelwise:
            return (self.num_filters, channels, *self.filter_size, *places)
        if self.num_filters != channels:
            raise ValueError("num_filters and the number of input channels should match when channelwise is true,"
                             f" but are {self.num_filters} and {channels}")  # fmt: skip
        return (self.num_filters, *self.filter_size, *places)

    def convolve(self, input, **kwargs):
        product = local_conv_channelwise if self.channelwise else local_conv
        return product(input, self.W, padding="same", flip=self.flip_filters)
