"""`Layer` and `MergeLayer`: what every layer is made of.

A layer knows the layer (or, in place of one, the shape) that feeds it, its parameters with their tags, the shape
of its output, and
how to express its output from its input's. Subclasses override `get_output_shape_for` and `get_output_for`.
"""

from collections import OrderedDict

from pytensor.graph.basic import Variable

from .. import utils

__all__ = ["Layer", "MergeLayer"]


class Layer:
    """A layer with one input.

    Parameters
    ----------
    incoming
        The layer that feeds this one, or the shape of the input, a tuple.
    name
        Put before the names of the parameters, with a dot.
    """

    def __init__(self, incoming, name=None):
        self.input_layer, self.input_shape = source(incoming)
        check_sizes(self, self.input_shape)
        self.name = name
        self.params = OrderedDict()  # expression: its tags
        # Names that `get_output_for` takes without stating them, so that `get_output` does not warn of them.
        self.get_output_kwargs = []

    @property
    def output_shape(self):
        shape = self.get_output_shape_for(self.input_shape)
        check_numeric(self, shape)
        return shape

    def get_params(self, unwrap_shared=True, **tags):
        """The parameters that carry all `tags` that are true, and none that are false, in the order they were added.

        For a parameter that is an expression, the shared variables below it stand, unless `unwrap_shared` is false.
        """
        wanted = {tag for tag, value in tags.items() if value}
        unwanted = {tag for tag, value in tags.items() if not value}
        chosen = [p for p, given in self.params.items() if wanted <= given and not unwanted & given]
        return utils.collect_shared_vars(chosen) if unwrap_shared else chosen

    def get_output_shape_for(self, input_shape):
        """The output's shape for a shape of the input; by default the same."""
        return input_shape

    def get_output_for(self, input, **kwargs):
        """The output's expression for an expression of the input."""
        raise NotImplementedError(f"{type(self).__name__} must define get_output_for(input)")

    def add_param(self, spec, shape, name=None, **tags):
        """A parameter made by `utils.create_param` and kept in `params`; ``None`` as a name leaves it without.

        Every parameter is tagged ``trainable`` and ``regularizable``, unless `tags` say ``False``.
        """
        if name is not None and self.name is not None:
            name = f"{self.name}.{name}"
        param = utils.create_param(spec, shape, name)
        given = {"trainable": True, "regularizable": True} | tags
        self.params[param] = {tag for tag, value in given.items() if value}
        return param


class MergeLayer(Layer):
    """A layer with several inputs.

    Parameters
    ----------
    incomings
        Layers, or shapes in place of some.
    name
        Put before the names of the parameters, with a dot.
    """

    def __init__(self, incomings, name=None):
        sources = [source(incoming) for incoming in incomings]
        self.input_layers = [layer for layer, _ in sources]
        self.input_shapes = [shape for _, shape in sources]
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []

    @Layer.output_shape.getter
    def output_shape(self):
        shape = self.get_output_shape_for(self.input_shapes)
        check_numeric(self, shape)
        return shape

    def get_output_shape_for(self, input_shapes):
        """The output's shape for the shapes of the inputs."""
        raise NotImplementedError(
            f"{type(self).__name__} must define get_output_shape_for(input_shapes)"
        )

    def get_output_for(self, inputs, **kwargs):
        """The output's expression for the expressions of the inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define get_output_for(inputs)")


def source(incoming):
    """The layer and the shape that `incoming` stands for; a shape has no layer."""
    return (None, incoming) if isinstance(incoming, tuple) else (incoming, incoming.output_shape)


def check_sizes(layer, shape):
    """Refuse sizes that are not positive."""
    if any(size is not None and size <= 0 for size in shape):
        raise ValueError(
            f"{type(layer).__name__} needs input sizes above zero (or None), but the input shape is {shape}"
        )


def check_numeric(layer, shape):
    """Refuse expressions where a layer must state numbers or None."""
    if isinstance(shape, Variable) or any(isinstance(size, Variable) for size in shape):
        raise ValueError(f"{type(layer).__name__} returned a symbolic output shape from its get_output_shape_for();"
                         f" a shape is a tuple of numbers and None, but is {shape!r}")  # fmt: skip
