"""Where a network starts."""

from collections import OrderedDict

import pytensor
import pytensor.tensor as pt

from .base import Layer

__all__ = ["InputLayer"]


class InputLayer(Layer):
    """The start of a network: a variable `input_var` of a `shape` whose unknown sizes are None.

    Without `input_var` a variable of floatX is made, and called ``input``.
    """

    def __init__(self, shape, input_var=None, name=None, **kwargs):
        self.shape = tuple(shape)
        if any(size is not None and size <= 0 for size in self.shape):
            raise ValueError(f"shape must hold sizes above zero (or None), but is {self.shape}")
        if input_var is None:
            # only a size of one is fixed in the type, as in Theano: batches of other sizes may be fed
            fixed = [1 if size == 1 else None for size in self.shape]
            var_name = f"{name}.input" if name is not None else "input"
            input_var = pt.tensor(shape=fixed, dtype=pytensor.config.floatX)
            input_var.name = var_name  # given to `tensor`, "4x4, i4" would be taken for a dtype
        elif input_var.ndim != len(self.shape):
            raise ValueError(
                f"input_var must have {len(self.shape)} axes, as shape {self.shape} has, but has {input_var.ndim}"
            )
        self.input_var = input_var
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []

    @Layer.output_shape.getter
    def output_shape(self):
        return self.shape
