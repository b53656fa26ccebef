"""Where a network looks ahead: sums ``param + jump`` in a graph of updates, the jump made of state.

In an update dictionary alone a sum of shared variables does not say which is the parameter; what a network reads, and
how each goes on from step to step, does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.traversal import ancestors, toposort
from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise
from pytensor.tensor.shape import Reshape, Shape, Shape_i, SpecifyShape
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.duplicates.polynomial import Polynomial, in_words, polynomial
from symrnn.errors import UserError
from symrnn.typing import Updates

SHAPES = (Shape, Shape_i)
ARITHMETIC = (Elemwise, DimShuffle, CAReduce, SpecifyShape, Reshape, *SHAPES)


@dataclass(frozen=True, eq=False)
class Jump:
    """The look-ahead of one parameter: ``even = param + jump`` in the given updates."""

    param: TensorSharedVariable
    even: Variable
    terms: Polynomial  # of the jump
    rates: tuple[Variable, ...]  # variables of the jump that the updates do not set


def look_aheads(fgraph: FunctionGraph, updates: Updates, constant: set[Variable]) -> list[Jump]:
    """The `Jump` of every parameter that is looked ahead in `fgraph`, whose outputs are the next values."""
    found: dict[TensorSharedVariable, list[Jump]] = {}
    known: dict[Variable, Polynomial] = {}
    network = {x for node in fgraph.apply_nodes if is_network(node) for x in ancestors(node.inputs)}
    values = dict(zip(updates, fgraph.outputs, strict=True))
    for node in toposort(fgraph.outputs):
        sums = candidates(node, updates, constant, known)
        # The update of the parameter (w + v') looks like a jump too, but no network and not v' reads it.
        jumps = [j for j in sums if j.even in network or is_read_by_its_state(j, values)]
        for jump in uncontested(jumps, values, known):
            found.setdefault(jump.param, []).append(jump)
    found = made_of_state(found, values, known)
    if not found:
        raise UserError(
            f"updates must look ahead, but the network reads none of {names_of(updates)} at its value"
            " plus a jump made of state, of its own shape and dtype; they are no naive Nesterov form, or"
            " hold look-ahead values already: use them as they are"
        )
    params = [param for param in updates if param in found]
    return [only_jump(param, outermost(found[param], fgraph)) for param in params]


def is_read_by_its_state(jump: Jump, values: Updates) -> bool:
    """Whether what the jump is made of goes on by what is computed at the look-ahead point."""
    return jump.even in ancestors([values[x] for x in state_of(jump.terms, values)])


def made_of_state(
    found: dict[TensorSharedVariable, list[Jump]],
    values: Updates,
    known: dict[Variable, Polynomial],
) -> dict[TensorSharedVariable, list[Jump]]:
    """`found` without sums of parameters: ``w + (u + mu v)`` is no jump of w, u looked ahead or not."""

    def is_turned_around(jump: Jump) -> bool:
        # A network that reads 2 (w + v / 2) reads v plus 2 w too.
        others = [k for x in state_of(jump.terms, values) & found.keys() for k in found[x]]
        back = [k for k in others if jump.param in state_of(k.terms, values)]
        return any(meant([jump, k], values, known) == [k] for k in back)

    def is_made_of_state(jump: Jump) -> bool:
        return all(has_state(factors, jump.param) for factors in jump.terms)

    def has_state(factors: tuple[Variable, ...], param: SharedVariable) -> bool:
        # What keeps its value from step to step is a parameter, or a count; one that decays goes its own way.
        set_here = state_of({factors: 1.0}, values)
        keeping = {x for x in set_here if polynomial(values[x], known).get((x,)) == 1}
        moving = {x for x in set_here if moves(x, param, values, known)}
        return not set_here or (set_here.isdisjoint(found) and bool(moving) and set_here != keeping)

    found = kept(found, lambda jump: not is_turned_around(jump))
    return kept(found, is_made_of_state)


def moves(
    state: Any, param: SharedVariable, values: Updates, known: dict[Variable, Polynomial]
) -> bool:
    """Whether a parameter and a state go on together.

    One's next value reads the other's (``w' = w + v'``, or ``d' = mu (d + w' - ...)``), or has its terms written out.
    """
    new_param, new_state = values[param], values[state]
    if new_state in ancestors([new_param]) or new_param in ancestors([new_state]):
        return True
    step, terms = polynomial(new_param, known), polynomial(new_state, known)
    return all(isclose(step.get(key, 0.0), c) for key, c in terms.items() if key != (param,))


def kept(
    found: dict[TensorSharedVariable, list[Jump]], condition: Callable[[Jump], bool]
) -> dict[TensorSharedVariable, list[Jump]]:
    """`found` with the jumps that fulfil a condition."""
    rest = {param: [*filter(condition, jumps)] for param, jumps in found.items()}
    return {param: jumps for param, jumps in rest.items() if jumps}


def candidates(
    node: Apply, updates: Updates, constant: set[Variable], known: dict[Variable, Polynomial]
) -> Iterator[Jump]:
    """Jumps for which `node` computes ``param + jump``."""
    if not isinstance(node.op, Elemwise) or len(node.outputs) != 1:
        return
    terms = polynomial(node.outputs[0], known)
    once = [f[0] for f, c in terms.items() if len(f) == 1 and c == 1 and f[0] in updates]
    param: Any
    for param in once if len(terms) > 1 else ():
        rest = {factors: c for factors, c in terms.items() if factors != (param,)}
        leaves = leaves_of(rest)
        if leaves is None or param in leaves or not leaves & updates.keys():
            continue
        if not can_hold(param, node.outputs[0]):
            continue
        rates = sorted(leaves - updates.keys() - constant, key=str)
        yield Jump(param, node.outputs[0], rest, tuple(rates))


def can_hold(param: SharedVariable, value: Variable) -> bool:
    """Whether `param` could hold `value`: not where the jump has more axes, or more digits."""
    held, given = param.type, value.type
    return (held.dtype, held.broadcastable) == (given.dtype, given.broadcastable)


def uncontested(
    jumps: list[Jump], values: Updates, known: dict[Variable, Polynomial]
) -> list[Jump]:
    """The jumps at one point of which only one can be meant: in ``w + u`` either may be the jump.

    The parameter keeps its value from step to step, the jump decays: ``w' = w + ...``, ``u' = mu u - ...``.
    """
    if len(jumps) < 2:
        return jumps
    left = meant(jumps, values, known)
    if len(left) != 1:
        both = " and ".join(str(jump.param) for jump in jumps)
        raise UserError(
            f"updates must tell parameter from velocity, but {both} are added up and updated alike;"
            " write the parameter's update as its value plus a step"
        )
    return left


def meant(jumps: list[Jump], values: Updates, known: dict[Variable, Polynomial]) -> list[Jump]:
    """Those of some jumps, of which one can be meant, that go on as a parameter does."""
    terms = {jump: polynomial(values[jump.param], known) for jump in jumps}
    keeping = [j for j in jumps if (j.param,) in terms[j] and terms[j][(j.param,)] == 1]
    opaque = [j for j in jumps if not any(j.param in factors for factors in terms[j])]
    left = keeping or opaque or jumps
    if len(left) > 1:  # the parameter moves by the jump, the jump not by the parameter
        left = [j for j in left if terms[j].keys() & j.terms.keys()]
    return left


def state_of(terms: Polynomial, values: Updates) -> set[Any]:
    """The variables of a polynomial that the updates set; none where it holds more than arithmetic."""
    return (leaves_of(terms) or set()) & values.keys()


def leaves_of(terms: Polynomial) -> set[Variable] | None:
    """The variables that a polynomial is made of by arithmetic, or None when it holds more than that."""
    atoms = [x for factors in terms for x in factors]
    below = set(ancestors(atoms))
    if any(x.owner and not isinstance(x.owner.op, Elemwise | DimShuffle) for x in below):
        return None
    return {x for x in below if x.owner is None and not isinstance(x, Constant)}


def outermost(jumps: Sequence[Jump], fgraph: FunctionGraph) -> list[Jump]:
    """`jumps` without the partial sums of others: of ``(w + a) + b`` only the whole."""
    points = {jump.even.owner for jump in jumps}
    return [j for j in jumps if any(n not in points for n, _ in fgraph.clients[j.even])]


def only_jump(param: TensorSharedVariable, jumps: Sequence[Jump]) -> Jump:
    """The one jump of `param`."""
    if len(jumps) > 1:
        ways = " and ".join(f"{param} {in_words(jump.terms)}" for jump in jumps)
        raise UserError(
            f"updates must look {param} ahead in one way, but read it at {ways};"
            " the stored value could be only one of them: use one jump a parameter"
        )
    return jumps[0]


def is_network(node: Apply) -> bool:
    """Whether a node is more than arithmetic on a parameter: a scan, a product, ..."""
    return not isinstance(node.op, ARITHMETIC)


def names_of(updates: Updates) -> str:
    """The keys of `updates` as a list for a message."""
    return ", ".join(map(str, updates))
