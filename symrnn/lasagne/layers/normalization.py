"""Layers that bring activations to mean zero and deviation one, over the batch or within each item."""

import pytensor.tensor as pt

from symrnn.ops.random_stream import set_default_update
from symrnn.ops.windows import length

from .. import init, nonlinearities
from ..utils import numbered_axes
from .base import Layer
from .special import BiasLayer, NonlinearityLayer, ScaleLayer

__all__ = [
    "BatchNormLayer",
    "LocalResponseNormalization2DLayer",
    "StandardizationLayer",
    "batch_norm",
    "instance_norm",
    "layer_norm",
]


class LocalResponseNormalization2DLayer(Layer):
    """``x / (k + alpha * sum of squares over n neighbouring channels)**beta`` [1]_, for inputs (B, C, H, W) and
    odd `n`.

    .. [1] Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional networks. NIPS 2012.
    """

    def __init__(self, incoming, alpha=1e-4, k=2, beta=0.75, n=5, **kwargs):
        super().__init__(incoming, **kwargs)
        self.alpha = alpha
        self.k = k
        self.beta = beta
        self.n = n
        if n % 2 == 0:
            raise NotImplementedError(f"n must be odd, but is {n}")

    def get_output_shape_for(self, input_shape):
        return input_shape

    def get_output_for(self, input, **kwargs):
        input = pt.as_tensor(input)
        half = self.n // 2
        b, c, h, w = (length(input, axis) for axis in range(4))
        framed = pt.set_subtensor(
            pt.zeros((b, c + 2 * half, h, w), dtype=input.dtype)[:, half : half + c], pt.sqr(input)
        )
        neighbours = sum(framed[:, i : i + c] for i in range(self.n))
        return input / (self.k + self.alpha * neighbours) ** self.beta


class BatchNormLayer(Layer):
    """``(x - mean) * gamma * inv_std + beta``, with the batch's moments or running averages of them [1]_.

    The moments are taken over `axes`, by default all but the second. While training (``deterministic`` false) those of
    the batch are used and the averages follow: ``mean := (1 - alpha) * mean + alpha * batch mean``, likewise
    ``inv_std``. The keywords ``batch_norm_use_averages`` and ``batch_norm_update_averages`` of
    `get_output` choose one without the other. `beta` or `gamma` may be None.

    .. [1] Ioffe, Szegedy: Batch normalization. ICML 2015.
    """

    def __init__(
        self,
        incoming,
        axes="auto",
        epsilon=1e-4,
        alpha=0.1,
        beta=init.Constant(0),
        gamma=init.Constant(1),
        mean=init.Constant(0),
        inv_std=init.Constant(1),
        **kwargs,
    ):
        super().__init__(incoming, **kwargs)
        ndim = len(self.input_shape)
        if isinstance(axes, str) and axes == "auto":
            axes = (0, *range(2, ndim))
        self.axes = numbered_axes(axes, ndim)
        self.epsilon = epsilon
        self.alpha = alpha
        shape = [size for axis, size in enumerate(self.input_shape) if axis not in self.axes]
        if any(size is None for size in shape):
            raise ValueError("BatchNormLayer needs specified input sizes for all axes not normalized over, "
                             "but the input"
                             f" shape is {self.input_shape} and axes={self.axes}")  # fmt: skip
        # In Lasagne's order, in which files of values have them: beta, gamma, mean, inv_std.
        self.beta = None
        if beta is not None:
            self.beta = self.add_param(beta, shape, "beta", trainable=True, regularizable=False)
        self.gamma = None
        if gamma is not None:
            self.gamma = self.add_param(gamma, shape, "gamma", trainable=True, regularizable=True)
        statistic = {"trainable": False, "regularizable": False, "batch_norm_stat": True}
        self.mean = self.add_param(mean, shape, "mean", **statistic)
        self.inv_std = self.add_param(inv_std, shape, "inv_std", **statistic)

    def get_output_for(
        self,
        input,
        deterministic=False,
        batch_norm_use_averages=None,
        batch_norm_update_averages=None,
        **kwargs,
    ):
        use_averages = deterministic if batch_norm_use_averages is None else batch_norm_use_averages
        update_averages = (
            not deterministic if batch_norm_update_averages is None else batch_norm_update_averages
        )
        batch_mean = input.mean(self.axes)
        batch_inv_std = 1 / pt.sqrt(input.var(self.axes) + self.epsilon)
        mean, inv_std = (self.mean, self.inv_std) if use_averages else (batch_mean, batch_inv_std)
        if update_averages:
            # What is added is zero: it is there for its update.
            mean = mean + following(self.mean, batch_mean, self.alpha)
            inv_std = inv_std + following(self.inv_std, batch_inv_std, self.alpha)
        kept = iter(range(input.ndim - len(self.axes)))
        pattern = ["x" if axis in self.axes else next(kept) for axis in range(input.ndim)]
        beta = 0 if self.beta is None else self.beta.dimshuffle(pattern)
        gamma = 1 if self.gamma is None else self.gamma.dimshuffle(pattern)
        return (input - mean.dimshuffle(pattern)) * (gamma * inv_std.dimshuffle(pattern)) + beta


def following(average, value, alpha):
    """Zero, as an expression that moves `average` towards `value` at every call of a function it stands in.

    A second variable on the same storage carries the update, so that `average` itself may stand in an update rule too,
    and is not overwritten while it is still read.
    """
    running = average.clone()
    set_default_update(running, pt.cast((1 - alpha) * average + alpha * value, average.dtype))
    return 0 * running


def without_nonlinearity_and_bias(layer):
    """`layer` stripped of both, since a normalisation follows that would undo the bias; and its nonlinearity."""
    nonlinearity = getattr(layer, "nonlinearity", None)
    if nonlinearity is not None:
        layer.nonlinearity = nonlinearities.identity
    if getattr(layer, "b", None) is not None:
        del layer.params[layer.b]
        layer.b = None
    return layer, nonlinearity


def base_name(layer, name, suffix):
    """The name for what is built on `layer`: as given, or the layer's with a suffix, or None."""
    if name is None and getattr(layer, "name", None):
        return f"{layer.name}_{suffix}"
    return name


def suffixed(name, suffix):
    return name and f"{name}_{suffix}"


def batch_norm(layer, **kwargs):
    """`layer` without its bias, a `BatchNormLayer` on it, and its nonlinearity behind; `kwargs` go to the new layer."""
    layer, nonlinearity = without_nonlinearity_and_bias(layer)
    name = base_name(layer, kwargs.pop("name", None), "bn")
    layer = kwargs.pop("layer_class", BatchNormLayer)(layer, name=name, **kwargs)
    return (
        layer
        if nonlinearity is None
        else NonlinearityLayer(layer, nonlinearity, name=suffixed(name, "nonlin"))
    )


class StandardizationLayer(Layer):
    """``(x - mean) / sqrt(variance + epsilon)``, each item by itself, over `axes`.

    `axes` is ``"spatial"`` (all but the first two), ``"features"`` (all but the first), numbers, or
    ``"auto"``: the second of two, the spatial ones of more.
    """

    def __init__(self, incoming, axes="auto", epsilon=1e-4, **kwargs):
        super().__init__(incoming, **kwargs)
        ndim = len(self.input_shape)
        named = {
            "auto": range(2, ndim) if ndim > 2 else (1,),
            "spatial": range(2, ndim),
            "features": range(1, ndim),
        }
        if isinstance(axes, str):
            axes = named[axes]
        self.axes = numbered_axes(axes, ndim)
        self.epsilon = epsilon

    def get_output_for(self, input, **kwargs):
        mean = input.mean(self.axes, keepdims=True)
        deviation = pt.sqrt(input.var(self.axes, keepdims=True) + self.epsilon)
        return (input - mean) / deviation


def instance_norm(layer, learn_scale=True, learn_bias=True, **kwargs):
    """`layer` with each item and channel standardised, then scaled and shifted by learnt numbers if asked [1]_.

    Bias and nonlinearity of `layer` move behind, as in `batch_norm`. `kwargs` go to the `StandardizationLayer`.

    .. [1] Ulyanov, Vedaldi, Lempitsky: Instance normalization (2016). arXiv:1607.08022
    """
    layer, nonlinearity = without_nonlinearity_and_bias(layer)
    suffix = "ln" if kwargs.get("axes") == "features" else "in"
    name = base_name(layer, kwargs.pop("name", None), suffix)
    layer = StandardizationLayer(layer, name=name, **({"axes": "spatial"} | kwargs))
    if learn_scale:
        layer = ScaleLayer(layer, name=suffixed(name, "scale"))
    if learn_bias:
        layer = BiasLayer(layer, name=suffixed(name, "bias"))
    return (
        layer
        if nonlinearity is None
        else NonlinearityLayer(layer, nonlinearity, name=suffixed(name, "nonlin"))
    )


def layer_norm(layer, **kwargs):
    """`instance_norm` over all features of an item [1]_.

    .. [1] Ba, Kiros, Hinton: Layer normalization (2016). arXiv:1607.06450
    """
    return instance_norm(layer, axes="features", **kwargs)
