"""``theano.gof.graph``: walks over graphs, in Theano's order."""

from pytensor.graph.basic import (
    Apply,
    Constant,
    Variable,
    clone,
    clone_get_equiv,
    equal_computations,
)
from pytensor.graph.traversal import general_toposort, io_toposort, orphans_between

from symrnn.compat.missing import missing


def ancestors(variable_list, blockers=None):
    """The variables that `variable_list` is computed from, themselves first: depth first, the last of the list
    before the others."""
    # In Theano's order, the first input of a node before its others; PyTensor's own walk takes the last first.
    waiting, found = list(variable_list), {}
    while waiting:
        variable = waiting.pop()
        if variable in found:
            continue
        found[variable] = None
        if variable.owner is not None and (not blockers or variable not in blockers):
            waiting.extend(reversed(variable.owner.inputs))
    return list(found)


def inputs(variable_list, blockers=None):
    """The variables at the start of the graph."""
    return [variable for variable in ancestors(variable_list, blockers) if variable.owner is None]


def variables(i, o):
    """The variables between `i` and `o`, both included."""
    return ancestors(o, set(i))


def orphans(i, o):
    """The inputs of the graph of `o` that are not in `i`."""
    return list(orphans_between(i, o))


def is_same_graph(var1, var2, givens=None, debug=False):
    """Whether both compute the same from the same inputs; `givens` says which inputs of the one stand for
    which of the other."""
    pairs = list((givens or {}).items() if hasattr(givens or {}, "items") else givens)
    return equal_computations([var1], [var2], [a for a, _ in pairs], [b for _, b in pairs])


def view_roots(r):
    """The variables that `r` is a view of."""
    owner = r.owner
    if owner is None:
        return [r]
    views = owner.op.view_map.get(owner.outputs.index(r), []) if owner.op.view_map else []
    return [root for i in views for root in view_roots(owner.inputs[i])] or [r]


__getattr__ = missing(__name__, {"stack_search": "pytensor.graph.traversal.walk"})
