"""Layers that multiply with a matrix."""

import pytensor.tensor as pt

from .. import init, nonlinearities
from .base import Layer

__all__ = ["DenseLayer", "NINLayer"]


class DenseLayer(Layer):
    """``nonlinearity(x @ W + b)`` for `num_units` units.

    The first `num_leading_axes` axes (counted from the end if negative) are kept; the others are flattened into one
    of size D, so that ``W`` is (D, num_units).
    """

    def __init__(
        self,
        incoming,
        num_units,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        num_leading_axes=1,
        **kwargs,
    ):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        self.num_leading_axes = num_leading_axes
        check_leading_axes(self)
        sizes = self.input_shape[num_leading_axes:]
        if any(size is None for size in sizes):
            raise ValueError(f"A DenseLayer requires a fixed input shape (except for the leading axes), but "
                             f"the input shape is"
                             f" {self.input_shape} and num_leading_axes={num_leading_axes}")  # fmt: skip
        self.W = self.add_param(W, (product(sizes), num_units), name="W")
        self.b = (
            None if b is None else self.add_param(b, (num_units,), name="b", regularizable=False)
        )

    def get_output_shape_for(self, input_shape):
        return (*input_shape[: self.num_leading_axes], self.num_units)

    def get_output_for(self, input, **kwargs):
        leading = (
            self.num_leading_axes % input.ndim
            if self.num_leading_axes < 0
            else self.num_leading_axes
        )
        # The axes that are multiplied become one; those in front stay.
        if leading + 1 < input.ndim:
            input = input.flatten(leading + 1)
        activation = pt.dot(input, self.W)
        return self.nonlinearity(activation if self.b is None else activation + self.b)


def check_leading_axes(layer):
    """Refuse to keep more axes than there are, or all of them."""
    axes, ndim = layer.num_leading_axes, len(layer.input_shape)
    if axes >= ndim:
        raise ValueError(f"Got num_leading_axes={axes} for a {ndim}-dimensional input, leaving no trailing "
                         f"axes for the dot"
                         " product; take a smaller number")  # fmt: skip
    if axes < -ndim:
        raise ValueError(f"Got num_leading_axes={axes} for a {ndim}-dimensional input, requesting more "
                         f"trailing axes than"
                         " there are input dimensions; take a number nearer to zero")  # fmt: skip


def product(sizes):
    """The product of `sizes`, one for none."""
    result = 1
    for size in sizes:
        result *= size
    return result


class NINLayer(Layer):
    """A `DenseLayer` over axis 1, at every place of the axes after it [1]_.

    ``W`` is (C, num_units); ``b`` is (num_units,), or has the sizes of the places too with `untie_biases`.

    .. [1] Lin, Chen, Yan: Network in network. ICLR 2014.
    """

    def __init__(
        self,
        incoming,
        num_units,
        untie_biases=False,
        W=init.GlorotUniform(),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.rectify,
        **kwargs,
    ):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        self.untie_biases = untie_biases
        self.W = self.add_param(W, (self.input_shape[1], num_units), name="W")
        shape = (num_units, *self.output_shape[2:]) if untie_biases else (num_units,)
        self.b = None if b is None else self.add_param(b, shape, name="b", regularizable=False)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.num_units, *input_shape[2:])

    def get_output_for(self, input, **kwargs):
        places = range(2, input.ndim)
        product = pt.tensordot(self.W, input, axes=[[0], [1]])  # (num_units, B, *S)
        activation = product.dimshuffle(1, 0, *places)
        if self.b is not None:
            kept = range(1, 1 + len(places)) if self.untie_biases else ["x"] * len(places)
            activation = activation + self.b.dimshuffle("x", 0, *kept)
        return self.nonlinearity(activation)
