"""What people hand in to be measured, as the functions that PyTensor is to compile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytensor
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import explicit_graph_inputs, toposort

from symrnn.errors import UserError
from symrnn.measure.stages import FunctionSpec, arguments_of

UNKNOWN_SIZE = 3  # of the axes of an example
ACCEPTED = (
    "a variable, a list of variables, (inputs, outputs), (inputs, outputs, updates),"
    " a TrainingGraph, a FunctionSpec, a list of them, or a function that returns one of these"
)


def function_specs(target) -> list[FunctionSpec]:
    """The functions that `target` describes.

    Parameters
    ----------
    target
        A variable or a list of variables (their inputs are found); ``(inputs, outputs)`` or
        ``(inputs, outputs, updates)``; a training graph (whose loss is differentiated); a
        `FunctionSpec` or a list of them; or a function without arguments that returns one of these.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> (spec,) = function_specs(lambda: x + 1)
    >>> spec.inputs
    (x,)
    """
    match target:
        case FunctionSpec():
            return [target]
        case Variable():
            return [FunctionSpec(inputs_of([target]), [target])]
        case [[*inputs], outputs] if not is_specs(target):
            return [FunctionSpec(inputs, listed(outputs))]
        case [[*inputs], outputs, updates]:
            return [FunctionSpec(inputs, listed(outputs), dict(updates or {}))]
        case [*items] if items and is_specs(items):
            return items
        case [*items] if items and all(isinstance(item, Variable) for item in items):
            return [FunctionSpec(inputs_of(items), items)]
    if all(hasattr(target, name) for name in ("inputs", "loss", "params")):
        gradients = pytensor.grad(target.loss, list(target.params))
        return [FunctionSpec(target.inputs, [target.loss, *gradients])]
    if isinstance(target, Callable) and not hasattr(target, "maker"):
        return function_specs(target())
    raise UserError(
        f"target must be {ACCEPTED}, but is a {type(target).__name__};"
        " return the outputs of your graph"
    )


def is_specs(items) -> bool:
    """Whether all of `items` are function specs."""
    return all(isinstance(item, FunctionSpec) for item in items)


def inputs_of(outputs: Sequence[Variable]) -> list[Variable]:
    """The inputs of a graph (neither constant nor shared), in the order in which it needs them."""
    explicit = set(explicit_graph_inputs(outputs))
    needed = [variable for node in toposort(outputs) for variable in node.inputs]
    return [variable for variable in dict.fromkeys([*needed, *outputs]) if variable in explicit]


def listed(outputs) -> list[Variable]:
    """One output or several, as a list."""
    return [outputs] if isinstance(outputs, Variable) else list(outputs)


@dataclass(frozen=True)
class Target:
    """A function that builds a graph, with the three phases of an experiment's file."""

    make: Callable[[], object]
    make_batch: Callable[[], Sequence] | None = (
        None  # one array for each input of the first function
    )

    def build(self):
        """Call it."""
        return self.make()

    def functions(self, graph) -> list[FunctionSpec]:
        """The functions that its result describes."""
        return function_specs(graph)

    def arguments(self, graph, specs) -> list[list]:
        """What the functions are called with: the batch if there is one, or else examples."""
        if self.make_batch is None:
            return [[example(variable) for variable in spec.inputs] for spec in specs]
        inputs = list(dict.fromkeys(variable for spec in specs for variable in spec.inputs))
        return arguments_of(specs, inputs, self.make_batch())


def example(variable: Variable) -> np.ndarray:
    """An array that fits `variable`: sizes that are not known are `UNKNOWN_SIZE`.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> example(pt.tensor("x", shape=(2, None), dtype="float32")).shape
    (2, 3)
    """
    shape = getattr(variable.type, "shape", None)
    if shape is None:
        raise UserError(
            f"batch must be given for inputs that are no tensors, but {variable!r} is of type"
            f" {variable.type}; define a function batch() beside the one that is measured"
        )
    sizes = [UNKNOWN_SIZE if size is None else size for size in shape]
    value = 0.5 if variable.type.dtype.startswith(("float", "complex")) else 0
    return np.full(sizes, value, dtype=variable.type.dtype)
