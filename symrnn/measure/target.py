"""What people hand in to be measured, explained or held to a budget: one grammar for all of it.

A target is one of `KINDS`, or a function without arguments that returns one, or the name of either in somebody's file:
``FILE.py:NAME`` or ``package.module:NAME``. Every kind says which functions are to be compiled, and on what they run.

A compiled function is taken as it runs, after rewriting; it is not compiled again.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set, ValuesView
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytensor
from pytensor.compile.executor import Function
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.graph.fg import AbstractFunctionGraph
from pytensor.graph.traversal import explicit_graph_inputs, toposort

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.measure.function_spec import FunctionSpec, arguments_of
from symrnn.user_files import named, place_and_name, user_module

if TYPE_CHECKING:
    import pymc

UNKNOWN_SIZE = 3  # of the axes of an example
MADE_UP = (
    f"the arrays were made up, with {UNKNOWN_SIZE} for every size that is not known;"
    " define a function batch() beside the one that is measured, which returns an array for each input"
)


@dataclass(frozen=True)
class Target:
    """What was handed in, as functions to compile.

    Attributes
    ----------
    functions
        To be called in turn; a training step has one or several.
    batch
        Returns one array for each different input of `functions`; None where arrays are to be made up.
    compiled
        The function, where one was given that is compiled; `functions` then holds the graph that runs, with its updates
        among the outputs.
    """

    functions: Sequence[FunctionSpec]
    batch: Callable[[], Sequence] | None = None
    compiled: Function | None = None

    @property
    def mode(self) -> Mode | None:
        """That of a compiled function."""
        return self.compiled.maker.mode if self.compiled else None

    @property
    def is_made_up(self) -> bool:
        """Whether `arguments` holds arrays that nobody gave."""
        return self.batch is None and any(spec.inputs for spec in self.functions)

    @property
    def outputs(self) -> list[Variable]:
        """All that is computed: the graph to count, to take apart, to print."""
        return [variable for spec in self.functions for variable in spec.targets]

    def arguments(self) -> list[list[np.ndarray]]:
        """What the functions are called with: the batch if there is one, or else examples."""
        if self.batch is None:
            return [[example(variable) for variable in spec.inputs] for spec in self.functions]
        inputs = dict.fromkeys(variable for spec in self.functions for variable in spec.inputs)
        return arguments_of(self.functions, list(inputs), self.batch())


@dataclass(frozen=True)
class Kind:
    """One kind of target: whether something is of it, and what it means then."""

    fits: Callable[[object], bool]
    meant: Callable[..., Target]


def target_of(target: object, **case: Any) -> Target:
    """What `target` means.

    Parameters
    ----------
    target
        One of `KINDS`, a function that returns one, or ``FILE.py:NAME`` or ``package.module:NAME``. A function
        ``batch()`` of that file or module returns the arrays of a step.
    case
        Arguments of the function; none for most.

    Raises
    ------
    UserError
        When it is nothing of this; the message says what it is.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> [spec.inputs for spec in target_of(lambda: x + 1).functions]
    [(x,)]
    """
    if isinstance(target, Target):
        return target
    if isinstance(target, str):
        return named_target(target, **case)
    # What can be walked once, or has no order: `updates.values()`
    if isinstance(target, Iterator | ValuesView | Set):
        target = list(target)
    for kind in KINDS.values():
        if kind.fits(target):
            return kind.meant(target)
    # After the kinds, since a compiled function can be called as well.
    if callable(target):
        check_call(target, case)
        return target_of(target(**case))
    raise UserError(
        f"target must be {' or '.join([', '.join(KINDS), PLACES])}, but is {described(target)};"
        " return the outputs of your graph"
    )


PLACES = "a function that returns one of these, or its name as FILE.py:NAME or package.module:NAME"


def named_target(place: str, **case: Any) -> Target:
    """What the name of something in a file or a module means."""
    source, name = place_and_name(place)
    return member_target(user_module(source), name, **case)


def member_target(module: ModuleType, name: str, **case: Any) -> Target:
    """What `name` in a loaded module means, on the arrays of its ``batch()``."""
    found = target_of(named(module, name), **case)
    batch = vars(module).get("batch")
    # It also comes before the initial point of a PyMC model: who writes one wants to be measured on it.
    return replace(found, batch=batch) if callable(batch) else found


def check_call(function: Callable, case: Mapping) -> None:
    """Refuse a function that needs other arguments."""
    try:
        inspect.signature(function).bind(**case)
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise UserError(
            f"target must be called without arguments, but {name} does not take that: {error};"
            " give it defaults, or a function around it"
        ) from None


def function_specs(target: object) -> list[FunctionSpec]:
    """The functions that a target describes, in the order in which they are called.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> (spec,) = function_specs(([x], x + 1))
    >>> spec.inputs
    (x,)
    """
    return list(target_of(target).functions)


def outputs_of(target: object) -> list[Variable]:
    """All that a target computes: outputs and updates; of a compiled function, as it runs.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x, total = pt.scalar("x"), pytensor.shared(0.0)
    >>> len(outputs_of(pytensor.function([x], x + 1, updates={total: total + x}, mode="FAST_COMPILE")))
    2
    """
    return target_of(target).outputs


# what each kind means


def one_variable(variable: Variable) -> Target:
    return several_outputs([variable])


def several_outputs(outputs: Sequence[Variable]) -> Target:
    return Target([FunctionSpec(inputs_of(outputs), outputs)])


def inputs_and_outputs(parts: Sequence) -> Target:
    # A tuple says what is meant by its places alone, as the arguments of `pytensor.function` do.
    inputs, outputs, *updates = parts
    return Target([FunctionSpec(inputs, listed(outputs), *(dict(u or {}) for u in updates))])


def update_dictionary(updates: Mapping[SharedVariable, Variable]) -> Target:
    return Target([FunctionSpec(inputs_of([*updates.values()]), [], updates)])


def training_graph(graph: TrainingGraph) -> Target:
    """Loss, further outputs and gradients; what is carried is updated."""
    # Further outputs as well: a report from a network that is built again is where recurrences are computed twice.
    gradients: Any = pytensor.grad(graph.loss, list(graph.params))
    outputs = [graph.loss, *graph.outputs.values(), *gradients]
    return Target([FunctionSpec(graph.inputs, outputs, graph.carried)])


def compiled_function(function: Function) -> Target:
    # Shared variables are implicit inputs of a compiled function: it has their values, no batch gives them.
    inputs = [each.variable for each in function.maker.inputs if not each.implicit]
    running = as_it_runs(function.maker.fgraph)
    return Target([FunctionSpec(inputs, running.outputs)], compiled=function)


def as_it_runs(graph: AbstractFunctionGraph) -> AbstractFunctionGraph:
    """A rewritten graph; in native mode one that an earlier process rewrote was left as it was."""
    from symrnn.measure.lines_kept import lines_kept  # which itself takes targets

    warm = getattr(graph, "warm", None)
    if warm is None or not warm.recorded:
        return graph
    with lines_kept():
        return warm.rewritten(graph)


def function_graph(graph: AbstractFunctionGraph) -> Target:
    graph = as_it_runs(graph)
    inputs = [variable for variable in graph.inputs if not isinstance(variable, SharedVariable)]
    return Target([FunctionSpec(inputs, graph.outputs)])


def pymc_model(model: "pymc.Model") -> Target:
    """The log-density and its gradient, as a sampler compiles them; a step is at the initial point."""
    values = model.value_vars
    logp = model.logp()
    gradients: Any = pytensor.grad(logp, model.continuous_value_vars)

    def initial_point() -> list[np.ndarray]:
        point = model.initial_point()
        return [point[value.name] for value in values]

    return Target([FunctionSpec(values, [logp, *gradients])], batch=initial_point)


def is_variable(target: object) -> bool:
    return isinstance(target, Variable)


def are_variables(target: object) -> bool:
    return isinstance(target, list | tuple) and bool(target) and all(map(is_variable, target))


def is_function_of(target: object) -> bool:
    """Whether inputs come first, as a list, then one output or several, then perhaps updates."""
    match target:
        case [[*inputs], outputs] | [[*inputs], outputs, _]:
            return all(map(is_variable, inputs)) and all(map(is_variable, listed(outputs)))
    return False


def is_pair(target: object) -> bool:
    """Whether inputs come first and one output or several second, and no updates."""
    return isinstance(target, Sequence) and len(target) == 2 and is_function_of(target)


def are_updates(target: object) -> bool:
    return (
        isinstance(target, Mapping)
        and all(isinstance(key, SharedVariable) for key in target)
        and are_variables([*target.values()])
    )


def are_specs(target: object) -> bool:
    return (
        isinstance(target, list | tuple)
        and bool(target)
        and all(isinstance(s, FunctionSpec) for s in target)
    )


def is_pymc_model(target: object) -> bool:
    """Nobody has a model who has not imported PyMC, so it is not imported here."""
    pymc = sys.modules.get("pymc")
    return pymc is not None and isinstance(target, pymc.Model)


KINDS = {  # by the words of an error; the first that fits is meant
    "a variable": Kind(is_variable, one_variable),
    "a list of outputs": Kind(are_variables, several_outputs),
    "(inputs, outputs)": Kind(is_pair, inputs_and_outputs),
    "(inputs, outputs, updates)": Kind(is_function_of, inputs_and_outputs),
    "an update dictionary": Kind(are_updates, update_dictionary),
    "a TrainingGraph": Kind(lambda t: isinstance(t, TrainingGraph), training_graph),
    "a compiled function": Kind(lambda t: isinstance(t, Function), compiled_function),
    "a FunctionGraph": Kind(lambda t: isinstance(t, AbstractFunctionGraph), function_graph),
    "a FunctionSpec": Kind(lambda t: isinstance(t, FunctionSpec), lambda spec: Target([spec])),
    "a list of FunctionSpecs": Kind(are_specs, Target),
    "a PyMC Model": Kind(is_pymc_model, pymc_model),
}


def described(target: object) -> str:
    """What something is, for a message: its type, and what it holds.

    Examples
    --------
    >>> described([1, "x"]), described({}), described(None)
    ('a list of int and str', 'an empty dict', 'None')
    """
    name = type(target).__name__
    if target is None:
        return "None"
    if isinstance(target, list | tuple | dict):
        held = dict.fromkeys(type(each).__name__ for each in target)
        return f"a {name} of {' and '.join(held)}" if held else f"an empty {name}"
    return f"{target!r:.60} ({name})"


def inputs_of(outputs: Sequence[Variable]) -> list[Variable]:
    """The inputs of a graph (neither constant nor shared), in the order in which it needs them."""
    outputs = list(outputs)
    # In the order in which the graph meets them, which is the order in which a `batch()` gives their arrays.
    explicit = set(explicit_graph_inputs(outputs))
    needed = [variable for node in toposort(outputs) for variable in node.inputs]
    return [variable for variable in dict.fromkeys([*needed, *outputs]) if variable in explicit]


def listed(outputs: object) -> list:
    """One output or several, as a list."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


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
