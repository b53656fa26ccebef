"""The cure for a naive Nesterov form: any update dictionary that looks ahead, in the look-ahead values.

A naive form stores the odd values θ and takes its gradient at ``φ = θ + d``, where the jump d is made of state (``μ
v``). Whoever also reports the loss at θ has every recurrence twice. `odd_even_form` changes the variables of the graph:
where θ stood, ``φ - d`` is put in; what was ``θ + d`` becomes φ, the stored variable itself; the next value to store is
``φ' = θ' + d'``, the jump d taken with the next state. Nothing is assumed about how θ' and the state follow from the
gradient, so momentum may be scaled as in RMSprop or Adam, and the gradients may come from a clone, a rebuilt network,
or one clone a parameter. The trajectory is the same, to rounding.

**Rates that change.** A part of the jump that the updates do not compute themselves (a momentum that is an input, or a
shared variable set by hand) is known only when the next call has it. The form then stores its last value beside the
state, and the network stands once at ``φ + d - d_last``, which is φ while nothing changes.

**Why this is no rewrite of a mode.** ``mode.including("odd_even")`` would see one function at a time, and must return
the values that the function was asked for:

* it would store φ where the user asked for θ. ``w.get_value()``, every function compiled without it, and every
  checkpoint would silently read other numbers; the readout ``φ - d`` belongs in the user's hands;
* a function that returns the loss at θ needs the network at θ. A rewrite may not replace it by the loss at φ, and
  without that nothing is gained: it is what keeps the second copy;
* state that is not zero when training starts must be entered once (`OddEvenForm.jump`), before the first call, which no
  rewrite of the function can do.

So the change is made on the updates, where the caller sees it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import toposort
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.duplicates.components import components, scan_nodes
from symrnn.duplicates.jumps import SHAPES, Jump, is_network, look_aheads
from symrnn.duplicates.polynomial import difference, in_words, polynomial, total
from symrnn.duplicates.share import shared_graph
from symrnn.errors import UserError
from symrnn.typing import Updates


@dataclass(frozen=True)
class OddEvenForm:
    """Updates in the look-ahead values, and the way back to the odd ones.

    Attributes
    ----------
    updates
        The same rule; the parameters hold look-ahead values φ. The network stands in them once.
    odd_values
        ``{param: θ}``, expressions to evaluate and save; what the naive form would hold.
    jump
        ``{param: φ}``: updates to run once before the first step when the state is not zero.
    outputs
        The given outputs at the look-ahead values, where the gradient is taken: they add no recurrence.
    odd_outputs
        The given outputs at the odd values, as they were: they keep the second copy.
    explanation
        What was changed and what keeps a second copy, in sentences.
    """

    updates: Updates
    odd_values: Mapping[SharedVariable, Variable]
    jump: Mapping[SharedVariable, Variable]
    outputs: tuple[Variable, ...]
    odd_outputs: tuple[Variable, ...]
    explanation: str


def odd_even_form(
    updates: Updates, outputs: Iterable[Variable] = (), *, constant: Iterable[Variable] = ()
) -> OddEvenForm:
    """The same update rule with look-ahead values stored, by a change of variables on the graph.

    Parameters
    ----------
    updates
        ``{shared: new value}``, a naive form: it stores odd values and looks ahead by itself.
    outputs
        What the training function returns beside (the loss), to be offered at φ and at θ.
    constant
        Rates in the jump (a shared or symbolic momentum) that never change from call to call.

    Raises
    ------
    UserError
        When no parameter is looked ahead, one is in two ways, or the network is also read at odd
        values: the message names the update and the reason.

    Examples
    --------
    >>> import numpy as np, pytensor
    >>> w = pytensor.shared(np.array([1.0, 2.0]), name="w")
    >>> v = pytensor.shared(np.zeros(2), name="v")
    >>> velocity = 0.5 * v - 0.25 * 2 * (w + 0.5 * v)  # the gradient of (w**2).sum(), looked ahead
    >>> form = odd_even_form({v: velocity, w: w + velocity})
    >>> step = pytensor.function([], updates=form.updates)
    >>> _ = step(), step()
    >>> pytensor.function([], list(form.odd_values.values()))()
    [array([0.125, 0.25 ])]
    >>> w.get_value()
    array([-0.0625, -0.125 ])
    """
    updates, outputs = dict(updates), list(outputs)
    check_updates(updates)
    fgraph = shared_graph(updates.values())
    jumps = look_aheads(fgraph, updates, set(constant))
    last = {rate: last_value(rate) for jump in jumps for rate in jump.rates}
    # The look-ahead points stand as variables of their own until all is put together: the parameter itself, read at the
    # odd value, must not be mistaken for the parameter that holds the even one.
    values, even, odd = substituted(fgraph, updates, jumps, last)
    check_no_old_value(values, jumps, odd)

    new = stored(values, jumps, even, odd) | {past: rate for rate, past in last.items()}
    back = {even[jump.param]: jump.param for jump in jumps}
    at_even = clone_replace(outputs, [(j.param, even_point(j, even, last)) for j in jumps])
    at_odd = clone_replace(outputs, [(j.param, odd[j.param]) for j in jumps])
    # All in one call, so that what the results share is cloned once.
    cloned = clone_replace([*new.values(), *at_even, *at_odd, *odd.values()], back.items())
    results = iter(shared_graph(cloned).outputs)
    form_updates = {key: next(results) for key in new}
    at_even, at_odd = [next(results) for _ in outputs], [next(results) for _ in outputs]
    odd_values = {param: next(results) for param in odd}
    return OddEvenForm(
        form_updates,
        odd_values,
        {j.param: j.param + clone_replace(total(j.terms, j.param), last.items()) for j in jumps},
        tuple(at_even),
        tuple(at_odd),
        explained(form_updates, outputs, at_even, at_odd, jumps),
    )


def check_updates(updates: Updates) -> None:
    """Refuse what is not an update dictionary."""
    for key, value in updates.items():
        if not isinstance(key, SharedVariable):
            raise UserError(
                f"updates must map shared variables to their next values, but has the key {key!r};"
                " give the dictionary that your update rule returned"
            )
        if not isinstance(value, Variable):
            raise UserError(
                f"updates[{key}] must be an expression, but is {value!r}; wrap it in pt.as_tensor"
            )


def substituted(
    fgraph: FunctionGraph, updates: Updates, jumps: Sequence[Jump], last: Updates
) -> tuple[dict, dict, dict]:
    """Next values with φ for ``θ + d`` and ``φ - d`` for θ; the stand-ins for φ; the expressions for θ."""
    even = {j.param: j.param.type(f"{j.param}.even") for j in jumps}
    odd = {}
    for jump in jumps:
        param = jump.param
        fgraph.replace(jump.even, even_point(jump, even, last), import_missing=True)
        past = clone_replace(total(jump.terms, param), last)
        odd[param] = param.type.filter_variable(even[param] - past)
        for node, i in list(fgraph.clients.get(param, ())):
            if isinstance(node.op, SHAPES):  # those of θ are those of φ
                fgraph.change_node_input(node, i, even[param], import_missing=True)
        if param in fgraph.variables:
            fgraph.replace(param, odd[param], import_missing=True)
    return dict(zip(updates, fgraph.outputs, strict=True)), even, odd


def even_point(jump: Jump, even: Mapping[TensorSharedVariable, Any], last: Updates) -> Variable:
    """Where the network stands: φ, moved by what the rates of the jump changed since the last call."""
    stand_in = even[jump.param]
    if not jump.rates:
        return stand_in
    now: Any = total(jump.terms, jump.param)
    return jump.param.type.filter_variable(stand_in + (now - clone_replace(now, last)))


def stored(
    values: Updates,
    jumps: Sequence[Jump],
    even: Mapping[SharedVariable, Any],
    odd: Mapping[SharedVariable, Variable],
) -> dict[SharedVariable, Variable]:
    """What the updates store: ``θ' + d'`` for parameters that are looked ahead, the rest as it is."""
    new = dict(values)
    for jump in jumps:
        param = jump.param
        following = clone_replace(total(jump.terms, param), values)
        new[param] = param.type.filter_variable(shortened(values[param], odd[param]) + following)
    return new


def shortened(value: Variable, odd: Variable) -> Any:
    """`value` with the jump that ``φ - d`` takes off and the velocity puts on again cancelled."""
    terms = polynomial(value)
    jump = difference({}, polynomial(odd)).keys() - {(x,) for x in odd.owner.inputs}
    return value if jump & terms.keys() or len(terms) > 4 else total(terms, value)


def check_no_old_value(
    values: Updates, jumps: Sequence[Jump], odd: Mapping[SharedVariable, Variable]
) -> None:
    """Refuse when the network is still read at an odd value in some update."""
    for jump in jumps:
        old = odd[jump.param]
        for key, value in values.items():
            reader = network_reader(old, value)
            if reader is not None:
                raise UserError(
                    f"updates[{key}] must read the network at look-ahead values only, but its {reader.op}"
                    f" reads {jump.param} at the odd value {jump.param}, while others read it at"
                    f" {jump.param} {in_words(jump.terms)}; take every gradient at look-ahead values"
                )


def network_reader(old: Variable, value: Variable) -> Apply | None:
    """A node below `value`, other than arithmetic, that `old` reaches by arithmetic."""
    reached = {old}
    for node in toposort([value]):
        if reached.isdisjoint(node.inputs) or isinstance(node.op, SHAPES):
            continue
        if is_network(node):
            return node
        reached.update(node.outputs)
    return None


def last_value(rate: Variable) -> SharedVariable:
    """The state that remembers a rate from call to call."""
    value = (
        rate.get_value() if isinstance(rate, SharedVariable) else np.zeros((1,) * rate.type.ndim)
    )
    name = f"{rate.name or 'rate'}.last"
    return pytensor.shared(np.asarray(value, rate.type.dtype), name=name)


def explained(
    updates: Updates,
    outputs: Sequence[Variable],
    at_even: Sequence[Variable],
    at_odd: Sequence[Variable],
    jumps: Sequence[Jump],
) -> str:
    """What was done, and which output keeps a second copy."""
    lines = [f"{j.param} holds its look-ahead value {j.param} {in_words(j.terms)}." for j in jumps]
    lines += [
        f"{rate} may change between calls: its last value is stored, and the network stands once at"
        f" the stored value of {jump.param} moved by the change."
        for jump in jumps
        for rate in jump.rates
    ]
    own = carried_components(updates.values())
    for i, (output, even, odd) in enumerate(zip(outputs, at_even, at_odd, strict=True)):
        more, less = (
            carried_components([*updates.values(), odd]),
            carried_components([*updates.values(), even]),
        )
        if more > less:
            lines.append(
                f"Output {i} ({output}) at the odd values keeps a second copy of {more - less} of the"
                f" {own} recurrences; outputs[{i}] is the same at the look-ahead values, without the copy."
            )
    return "\n".join(lines)


def carried_components(outputs: Iterable[Variable]) -> int:
    """Recurrences in the scans of `outputs`."""
    return sum(not r.is_map for node in scan_nodes(list(outputs)) for r in components(node))
