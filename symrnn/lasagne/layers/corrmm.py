"""The name of Lasagne's convolution by matrix products, bound to the plain layer: filters are not flipped."""

from .dnn import Conv2DDNNLayer

__all__ = ["Conv2DMMLayer"]


class Conv2DMMLayer(Conv2DDNNLayer):
    """`Conv2DLayer`; by default the filters are not flipped."""
