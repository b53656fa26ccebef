"""Layers of one idea each: a nonlinearity, a bias, a scale, any expression, the inverse of another layer, learnt
rectifiers.

Parameters that are shared along some axes have the sizes of the others. ``shared_axes="auto"`` shares along all
axes but the second.
"""

import pytensor.tensor as pt

from symrnn.ops import nnet

from .. import init, nonlinearities
from ..utils import numbered_axes
from .base import Layer, MergeLayer
from .noise import drawn_shape, layer_stream
from .transformer import TPSTransformerLayer, TransformerLayer

__all__ = [
    "BiasLayer",
    "ExpressionLayer",
    "InverseLayer",
    "NonlinearityLayer",
    "ParametricRectifierLayer",
    "RandomizedRectifierLayer",
    "ScaleLayer",
    "TPSTransformerLayer",
    "TransformerLayer",
    "prelu",
    "rrelu",
    "standardize",
]


def parsed_axes(shared_axes, ndim):
    """`shared_axes` as numbers: ``"auto"`` is all axes but the second, ``"all"`` all."""
    if isinstance(shared_axes, str):
        named = {"auto": (0, *range(2, ndim)), "all": tuple(range(ndim))}
        if shared_axes not in named:
            raise ValueError(
                f"shared_axes must be numbers, 'auto' or 'all', but is {shared_axes!r}"
            )
        return named[shared_axes]
    return numbered_axes(shared_axes, ndim)


def unshared_shape(layer, shared_axes):
    """The sizes of the axes that a parameter is not shared along."""
    shape = [size for axis, size in enumerate(layer.input_shape) if axis not in shared_axes]
    if any(size is None for size in shape):
        raise ValueError(
            f"{type(layer).__name__} needs specified input sizes for all axes that parameters"
            f" are not shared over, but the input shape is {layer.input_shape} and"
            f" shared_axes={shared_axes}"
        )
    return shape


def spread_over(param, shared_axes, ndim):
    """`param` with axes of size one where it is shared."""
    kept = iter(range(param.ndim))
    return param.dimshuffle(["x" if axis in shared_axes else next(kept) for axis in range(ndim)])


class NonlinearityLayer(Layer):
    """``nonlinearity(x)``."""

    def __init__(self, incoming, nonlinearity=nonlinearities.rectify, **kwargs):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def get_output_for(self, input, **kwargs):
        return self.nonlinearity(input)


class BiasLayer(Layer):
    """``x + b``; with ``b=None`` the input itself."""

    def __init__(self, incoming, b=init.Constant(0), shared_axes="auto", **kwargs):
        super().__init__(incoming, **kwargs)
        self.shared_axes = parsed_axes(shared_axes, len(self.input_shape))
        self.b = None
        if b is not None:
            self.b = self.add_param(
                b, unshared_shape(self, self.shared_axes), "b", regularizable=False
            )

    def get_output_for(self, input, **kwargs):
        return (
            input if self.b is None else input + spread_over(self.b, self.shared_axes, input.ndim)
        )


class ScaleLayer(Layer):
    """``x * scales``."""

    def __init__(self, incoming, scales=init.Constant(1), shared_axes="auto", **kwargs):
        super().__init__(incoming, **kwargs)
        self.shared_axes = parsed_axes(shared_axes, len(self.input_shape))
        self.scales = self.add_param(
            scales, unshared_shape(self, self.shared_axes), "scales", regularizable=False
        )

    def get_output_for(self, input, **kwargs):
        return input * spread_over(self.scales, self.shared_axes, input.ndim)


def standardize(layer, offset, scale, shared_axes="auto"):
    """``(x - offset) / scale`` on top of `layer`, with arrays that are not trained."""
    layer = BiasLayer(layer, -offset, shared_axes)
    # Offset and scale are data of the user's.
    layer.params[layer.b].discard("trainable")
    layer = ScaleLayer(layer, 1 / scale, shared_axes)
    layer.params[layer.scales].discard("trainable")
    return layer


class ExpressionLayer(Layer):
    """``function(x)``.

    `output_shape` is a tuple, a function of the input's shape, None for the input's shape, or ``"auto"`` to find
    it out on a
    dummy input (unknown sizes are zero there).
    """

    def __init__(self, incoming, function, output_shape=None, **kwargs):
        super().__init__(incoming, **kwargs)
        self.function = function
        self._output_shape = output_shape

    def get_output_shape_for(self, input_shape):
        if self._output_shape is None:
            return input_shape
        if isinstance(self._output_shape, str):
            dummy = pt.zeros([size or 0 for size in input_shape])
            return tuple(int(size) or None for size in self.function(dummy).shape.eval())
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        return tuple(self._output_shape)

    def get_output_for(self, input, **kwargs):
        return self.function(input)


class InverseLayer(MergeLayer):
    """The gradient of `layer` in reverse: what the output's gradient `incoming` gives at its input [1]_.

    For a linear layer this is its transpose; for max-pooling, unpooling to where the maxima stood.

    .. [1] Zeiler, Taylor, Fergus: Adaptive deconvolutional networks. ICCV 2011.
    """

    def __init__(self, incoming, layer, **kwargs):
        super().__init__([incoming, layer, layer.input_layer], **kwargs)

    def get_output_shape_for(self, input_shapes):
        return input_shapes[2]

    def get_output_for(self, inputs, **kwargs):
        gradient, layer_out, layer_in = inputs
        return pt.grad(None, wrt=layer_in, known_grads={layer_out: gradient})


class ParametricRectifierLayer(Layer):
    """``x`` above zero, ``alpha * x`` below, `alpha` learnt [1]_.

    .. [1] He, Zhang, Ren, Sun: Delving deep into rectifiers. ICCV 2015.
    """

    def __init__(self, incoming, alpha=init.Constant(0.25), shared_axes="auto", **kwargs):
        super().__init__(incoming, **kwargs)
        self.shared_axes = parsed_axes(shared_axes, len(self.input_shape))
        self.alpha = self.add_param(
            alpha, unshared_shape(self, self.shared_axes), name="alpha", regularizable=False
        )

    def get_output_for(self, input, **kwargs):
        return nnet.relu(input, spread_over(self.alpha, self.shared_axes, input.ndim))


def moved_nonlinearity(layer):
    """`layer` with the identity in place of its nonlinearity."""
    if getattr(layer, "nonlinearity", None) is not None:
        layer.nonlinearity = nonlinearities.identity
    return layer


def prelu(layer, **kwargs):
    """`layer` with a `ParametricRectifierLayer` in place of its nonlinearity."""
    return ParametricRectifierLayer(moved_nonlinearity(layer), **kwargs)


class RandomizedRectifierLayer(Layer):
    """``x`` above zero, a random share between `lower` and `upper` of it below; the mean share if deterministic [1]_.

    .. [1] Xu, Wang, Chen, Li: Empirical evaluation of rectified activations in convolutional network (2015).
       arXiv:1505.00853
    """

    def __init__(self, incoming, lower=0.3, upper=0.8, shared_axes="auto", **kwargs):
        super().__init__(incoming, **kwargs)
        self._srng = layer_stream()
        self.lower = lower
        self.upper = upper
        if not (hasattr(lower, "type") or hasattr(upper, "type")) and lower > upper:
            raise ValueError(f"lower must not exceed upper, but is {lower}, and upper is {upper}")
        self.shared_axes = parsed_axes(shared_axes, len(self.input_shape))

    def get_output_for(self, input, deterministic=False, **kwargs):
        if deterministic or (not hasattr(self.upper, "type") and self.upper == self.lower):
            return nnet.relu(input, (self.upper + self.lower) / 2.0)
        shape = drawn_shape(self, input)
        shape = [1 if axis in self.shared_axes else shape[axis] for axis in range(input.ndim)]
        share = self._srng.uniform(
            tuple(shape), low=self.lower, high=self.upper, dtype=str(input.dtype)
        )
        ones = [axis for axis in self.shared_axes if share.type.shape[axis] != 1]
        return nnet.relu(input, pt.specify_broadcastable(share, *ones) if ones else share)


def rrelu(layer, **kwargs):
    """`layer` with a `RandomizedRectifierLayer` in place of its nonlinearity."""
    return RandomizedRectifierLayer(moved_nonlinearity(layer), **kwargs)
