"""What people hand in to be measured, as the functions that PyTensor is to compile."""

from collections.abc import Callable, Sequence

import pytensor
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import explicit_graph_inputs, toposort

from symrnn.errors import UserError
from symrnn.measure.stages import FunctionSpec

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
