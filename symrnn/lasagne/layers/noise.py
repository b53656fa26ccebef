"""Layers that disturb their input while training, and pass it on when ``deterministic=True``."""

import numpy as np
import pytensor.tensor as pt

from symrnn.ops.random_stream import RandomStream

from ..random import get_rng
from ..utils import numbered_axes
from .base import Layer

__all__ = [
    "DropoutLayer",
    "GaussianNoiseLayer",
    "dropout",
    "dropout_channels",
    "dropout_locations",
    "spatial_dropout",
]

# The second modulus of Theano's generator MRG31k3p, below which Lasagne draws its seeds.
LARGEST_SEED = 2147462579


def layer_stream():
    """A stream of random tensors, seeded by the generator in use."""
    return RandomStream(int(get_rng().randint(1, LARGEST_SEED)))


def drawn_shape(layer, input):
    """The shape to draw for `input`: the layer's, or an expression where that leaves sizes open."""
    return input.shape if any(size is None for size in layer.input_shape) else layer.input_shape


class DropoutLayer(Layer):
    """Sets entries to zero with probability `p`, and scales the others by ``1 / (1 - p)`` if `rescale` [1]_.

    Along `shared_axes` entries live and die together.

    .. [1] Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout. JMLR 15 (2014).
    """

    def __init__(self, incoming, p=0.5, rescale=True, shared_axes=(), **kwargs):
        super().__init__(incoming, **kwargs)
        self._srng = layer_stream()
        self.p = p
        self.rescale = rescale
        self.shared_axes = numbered_axes(shared_axes, len(self.input_shape))

    def get_output_for(self, input, deterministic=False, **kwargs):
        if deterministic or (not hasattr(self.p, "type") and self.p == 0):
            return input
        # A constant of the smallest type, so that the dtype of a symbolic p stays.
        kept = pt.constant(1) - self.p
        if self.rescale:
            input = input / pt.cast(kept, input.dtype)
        shape = (
            list(drawn_shape(self, input))
            if not hasattr(drawn_shape(self, input), "type")
            else [input.shape[i] for i in range(input.ndim)]
        )
        # Axes that there are not are not shared, as in Lasagne.
        shared = [axis for axis in self.shared_axes if 0 <= axis < input.ndim]
        for axis in shared:
            shape[axis] = 1
        mask = self._srng.uniform(tuple(shape), dtype=mask_dtype(input.dtype)) < kept
        # What is drawn does not have its sizes of one in its type, without which it does not broadcast.
        mask = pt.specify_broadcastable(mask, *shared) if shared else mask
        return input * pt.cast(mask, input.dtype)


def mask_dtype(dtype):
    """What to draw for an input of `dtype`: half floats are drawn as single ones."""
    return "float32" if np.dtype(dtype).itemsize < 4 or np.dtype(dtype).kind != "f" else dtype


dropout = DropoutLayer


def dropout_channels(incoming, *args, **kwargs):
    """A `DropoutLayer` that drops whole channels: shared over all axes but the first two."""
    ndim = len(getattr(incoming, "output_shape", incoming))
    return DropoutLayer(incoming, *args, **(kwargs | {"shared_axes": range(2, ndim)}))


spatial_dropout = dropout_channels


def dropout_locations(incoming, *args, **kwargs):
    """A `DropoutLayer` that drops a place in all channels at once: shared over axis 1."""
    return DropoutLayer(incoming, *args, **(kwargs | {"shared_axes": (1,)}))


class GaussianNoiseLayer(Layer):
    """Adds normal noise of deviation `sigma`."""

    def __init__(self, incoming, sigma=0.1, **kwargs):
        super().__init__(incoming, **kwargs)
        self._srng = layer_stream()
        self.sigma = sigma

    def get_output_for(self, input, deterministic=False, **kwargs):
        if deterministic or (not hasattr(self.sigma, "type") and self.sigma == 0):
            return input
        return input + self._srng.normal(input.shape, avg=0.0, std=self.sigma)
