"""Penalties on weights, to be added to a loss.

Parameters count when they carry the tag ``regularizable``, as all weights of the layers do, and biases do not.
"""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .layers import Layer, get_all_params


def l1(x):
    """The sum of the absolute values."""
    return pt.sum(abs(x))


def l2(x):
    """The sum of the squares."""
    return pt.sum(x**2)


def apply_penalty(tensor_or_tensors, penalty, **kwargs):
    """`penalty` of one expression, or its sum over several; `kwargs` go to `penalty`."""
    if isinstance(tensor_or_tensors, Variable) or not hasattr(tensor_or_tensors, "__iter__"):
        return penalty(tensor_or_tensors, **kwargs)
    return sum(penalty(x, **kwargs) for x in tensor_or_tensors)


def regularize_layer_params(layer, penalty, tags={"regularizable": True}, **kwargs):  # noqa: B006
    """`penalty` summed over the parameters of a layer, or of several, that carry the `tags`."""
    layers = [layer] if isinstance(layer, Layer) else layer
    return apply_penalty([p for one in layers for p in one.get_params(**tags)], penalty, **kwargs)


def regularize_layer_params_weighted(layers, penalty, tags={"regularizable": True}, **kwargs):  # noqa: B006
    """The same for a dictionary from layers to the coefficients that multiply their penalties."""
    return sum(
        coefficient * apply_penalty(layer.get_params(**tags), penalty, **kwargs)
        for layer, coefficient in layers.items()
    )


def regularize_network_params(layer, penalty, tags={"regularizable": True}, **kwargs):  # noqa: B006
    """`penalty` summed over the parameters of a layer (or several) and of all layers below."""
    return apply_penalty(get_all_params(layer, **tags), penalty, **kwargs)
