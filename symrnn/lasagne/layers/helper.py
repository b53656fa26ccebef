"""Walks over networks: all layers, outputs, shapes and parameters."""

from collections import Counter, deque
from difflib import get_close_matches
from warnings import warn

import numpy as np

from .. import utils
from .base import Layer, MergeLayer
from .input import InputLayer
from .recurrence import forget_walk

__all__ = [
    "count_params",
    "get_all_layers",
    "get_all_param_values",
    "get_all_params",
    "get_output",
    "get_output_shape",
    "set_all_param_values",
]


def get_all_layers(layer, treat_as_input=None):
    """All layers that feed one `layer` or several, each once, after those that feed it.

    Below the layers in `treat_as_input` nothing is looked for.
    """
    layers = one_or_list(layer)
    waiting = deque(layers if isinstance(layers, list) else [layers])
    done, opened, found = set(), set(treat_as_input or ()), []
    while waiting:
        # Met twice: first what feeds it is put in front of it, then that is done, and so is it.
        current = waiting[0]
        if current is None or current in done:
            waiting.popleft()
        elif current not in opened:
            opened.add(current)
            waiting.extendleft(reversed(feeding(current)))
        else:
            waiting.popleft()
            done.add(current)
            found.append(current)
    return found


def one_or_list(layer_or_layers):
    """One layer as it is, several in any iterable, such as the values of a dictionary, as a list."""
    return list(layer_or_layers) if hasattr(layer_or_layers, "__iter__") else layer_or_layers


def feeding(layer):
    """The layers that feed `layer`; None stands for an input given as a shape."""
    if hasattr(layer, "input_layers"):
        return list(layer.input_layers)
    return [layer.input_layer] if hasattr(layer, "input_layer") else []


def get_output(layer_or_layers, inputs=None, **kwargs):
    """The output of a layer, or a list of those of several, as expressions of the network's inputs.

    Parameters
    ----------
    layer_or_layers
        A layer, or several in any iterable.
    inputs
        None for the variables of the input layers; one expression (or array) for a network with a single input; or a
        dictionary from layers to expressions. A layer in it need not be an input: nothing below it is
        evaluated then. The key None feeds layers that were made from a shape.
    kwargs
        Given to every layer, for example ``deterministic=True``. A name that no layer knows is warned of.
    """
    outputs, known = evaluated(layer_or_layers, inputs, kwargs)
    warn_unused(kwargs, known)
    return outputs


def evaluated(layer_or_layers, inputs, kwargs):
    """What `get_output` returns, and the names of the arguments that the layers know."""
    layer_or_layers = one_or_list(layer_or_layers)
    # Any mapping: programs bring their own.
    given = inputs if isinstance(inputs, dict) or hasattr(inputs, "keys") else None
    layers = get_all_layers(layer_or_layers, treat_as_input=given)
    outputs = {layer: layer.input_var for layer in layers
               if isinstance(layer, InputLayer) and layer not in (given or ())}  # fmt: skip
    if given is not None:
        check_keys(given)
        outputs |= {layer: utils.as_theano_expression(value) for layer, value in given.items()}
    elif inputs is not None:
        if len(outputs) > 1:
            raise ValueError(f"inputs must be a dictionary from layers to expressions, since the network has "
                             f"{len(outputs)}"
                             " input layers, but is a single expression")  # fmt: skip
        outputs = dict.fromkeys(outputs, utils.as_theano_expression(inputs))
    known, readers = set(), readers_of(layers, layer_or_layers)
    for layer in layers:
        if layer not in outputs:
            known |= set(utils.inspect_kwargs(layer.get_output_for)) | set(layer.get_output_kwargs)
            outputs[layer] = layer.get_output_for(fed(layer, outputs), **kwargs)
            if readers[layer] > 1:
                forget_walk(outputs[layer])
    if isinstance(layer_or_layers, list):
        return [outputs[layer] for layer in layer_or_layers], known
    return outputs[layer_or_layers], known


def known_arguments(network):
    """The names of the arguments that the layers of a network know."""
    layers = [layer for layer in get_all_layers(network) if not isinstance(layer, InputLayer)]
    return {
        name
        for layer in layers
        for name in [*utils.inspect_kwargs(layer.get_output_for), *layer.get_output_kwargs]
    }


def readers_of(layers, wanted):
    """How many layers read each layer's output, and the caller."""
    wanted = wanted if isinstance(wanted, list) else [wanted]
    return Counter(wanted) + Counter(below for layer in layers for below in feeding(layer))


def check_keys(given):
    """Refuse keys that are no layers."""
    for key in given:
        if key is not None and not isinstance(key, Layer):
            raise TypeError(
                f"inputs must be a dictionary with layers as keys (or None), but has {key!r}"
            )


def fed(layer, outputs):
    """What `outputs` hold for the layers that feed `layer`."""
    try:
        if isinstance(layer, MergeLayer):
            return [outputs[one] for one in layer.input_layers]
        return outputs[layer.input_layer]
    except KeyError:
        raise ValueError(f"inputs must be a dictionary with an entry for {layer!r} or for the key None, "
                         f"since that layer"
                         " was made from a shape and no layer feeds it") from None  # fmt: skip


def warn_unused(kwargs, known):
    """Warn of arguments that no layer takes, with the nearest name that one does."""
    unused = set(kwargs) - known
    if not unused:
        return
    hints = []
    for name in sorted(unused):
        near = get_close_matches(name, known)
        hints.append(f"{name} (perhaps you meant {near[0]})" if near else name)
    warn(f"get_output() was called with unused kwargs: {', '.join(hints)}", stacklevel=3)


def get_output_shape(layer_or_layers, input_shapes=None):
    """The shape of a layer's output, or a list of those of several.

    `input_shapes` is None for the shapes the layers state, a tuple for a network with a single input, or a
    dictionary from layers to shapes.
    """
    layer_or_layers = one_or_list(layer_or_layers)
    if not input_shapes:
        if isinstance(layer_or_layers, list):
            return [layer.output_shape for layer in layer_or_layers]
        return layer_or_layers.output_shape
    given = input_shapes if hasattr(input_shapes, "keys") else None
    layers = get_all_layers(layer_or_layers, treat_as_input=given)
    shapes = {
        layer: layer.shape
        for layer in layers
        if isinstance(layer, InputLayer) and layer not in (given or ())
    }
    if given is not None:
        check_keys(given)
        shapes |= given
    else:
        if len(shapes) > 1:
            raise ValueError(f"input_shapes must be a dictionary from layers to shapes, since the network "
                             f"has {len(shapes)}"
                             " input layers, but is a single shape")  # fmt: skip
        shapes = dict.fromkeys(shapes, input_shapes)
    for layer in layers:
        if layer not in shapes:
            shapes[layer] = layer.get_output_shape_for(fed(layer, shapes))
    if isinstance(layer_or_layers, list):
        return [shapes[layer] for layer in layer_or_layers]
    return shapes[layer_or_layers]


def get_all_params(layer, unwrap_shared=True, **tags):
    """The parameters of all layers below one `layer` or several, each once, chosen as in `Layer.get_params`."""
    layers = get_all_layers(layer)
    return utils.unique(
        p for one in layers for p in one.get_params(unwrap_shared=unwrap_shared, **tags)
    )


def count_params(layer, **tags):
    """How many numbers the parameters hold."""
    return sum(int(np.prod(value.shape)) for value in get_all_param_values(layer, **tags))


def get_all_param_values(layer, **tags):
    """The parameters' values, in the order of `get_all_params`."""
    return [param.get_value() for param in get_all_params(layer, **tags)]


def set_all_param_values(layer, values, **tags):
    """Set the parameters to `values`, in the order of `get_all_params`."""
    params = get_all_params(layer, **tags)
    if len(params) != len(values):
        raise ValueError(f"mismatch: got {len(values)} values to set {len(params)} parameters")
    # All are looked at before the first is set.
    for param, value in zip(params, values, strict=True):
        shape = param.get_value(borrow=True).shape
        if shape != np.shape(value):
            raise ValueError(
                f"mismatch: {param!r} has shape {shape}, but the value to set has {np.shape(value)}"
            )
    for param, value in zip(params, values, strict=True):
        param.set_value(value)
