"""The names of Lasagne's cuDNN layers, bound to the plain layers with cuDNN's defaults: filters are not flipped."""

from .. import init, nonlinearities
from .conv import Conv2DLayer, Conv3DLayer
from .normalization import BatchNormLayer, batch_norm
from .pool import MaxPool2DLayer, MaxPool3DLayer, Pool2DLayer, Pool3DLayer
from .pyramid import SpatialPyramidPoolingLayer

__all__ = [
    "BatchNormDNNLayer",
    "Conv2DDNNLayer",
    "Conv3DDNNLayer",
    "MaxPool2DDNNLayer",
    "MaxPool3DDNNLayer",
    "Pool2DDNNLayer",
    "Pool3DDNNLayer",
    "SpatialPyramidPoolingDNNLayer",
    "batch_norm_dnn",
]


class ImplicitBorder:
    """cuDNN pools whole windows only."""

    def __init__(
        self, incoming, pool_size, stride=None, pad=0, ignore_border=True, *args, **kwargs
    ):
        if not ignore_border:
            raise NotImplementedError(
                f"{type(self).__name__} does not support ignore_border=False; use the plain layer"
            )
        super().__init__(incoming, pool_size, stride, pad, ignore_border, *args, **kwargs)


class Pool2DDNNLayer(ImplicitBorder, Pool2DLayer):
    """`Pool2DLayer`."""


class MaxPool2DDNNLayer(ImplicitBorder, MaxPool2DLayer):
    """`MaxPool2DLayer`."""


class Pool3DDNNLayer(ImplicitBorder, Pool3DLayer):
    """`Pool3DLayer`."""


class MaxPool3DDNNLayer(ImplicitBorder, MaxPool3DLayer):
    """`MaxPool3DLayer`."""


class Unflipped:
    """cuDNN lays filters on as they are, unless told otherwise."""

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
        flip_filters=False,
        num_groups=1,
        **kwargs,
    ):
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, num_groups=num_groups, **kwargs)  # fmt: skip


class Conv2DDNNLayer(Unflipped, Conv2DLayer):
    """`Conv2DLayer`; by default the filters are not flipped."""


class Conv3DDNNLayer(Unflipped, Conv3DLayer):
    """`Conv3DLayer`; by default the filters are not flipped."""


class SpatialPyramidPoolingDNNLayer(SpatialPyramidPoolingLayer):
    """`SpatialPyramidPoolingLayer`."""

    def __init__(self, incoming, pool_dims=[4, 2, 1], mode="max", **kwargs):  # noqa: B006
        super().__init__(incoming, pool_dims, mode, **kwargs)


class BatchNormDNNLayer(BatchNormLayer):
    """`BatchNormLayer`, for the axes that cuDNN knows: all but the second, or the first alone."""

    def __init__(self, incoming, axes="auto", *args, **kwargs):
        super().__init__(incoming, axes, *args, **kwargs)
        every_item = (0, *range(2, len(self.input_shape)))
        if self.axes not in ((0,), every_item):
            raise ValueError(f"BatchNormDNNLayer only supports normalization across the first axis, or "
                             f"across all but the"
                             f" second, but axes are {self.axes}; use BatchNormLayer")  # fmt: skip


def batch_norm_dnn(layer, **kwargs):
    """`batch_norm` with a `BatchNormDNNLayer`."""
    return batch_norm(layer, layer_class=BatchNormDNNLayer, **kwargs)
