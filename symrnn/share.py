"""Equal recurrences computed once: call it on a graph before its gradient is taken.

Building a network twice (a recursive ``get_output``, one call for the loss and one for the predictions) builds every
recurrence twice. PyTensor's rewrites merge equal Scan nodes, but the gradient is taken before they run: it gets two
backward scans for one forward scan, fed different gradients, which no rewrite merges again. Scans that differ only in their
name or in the order of their inputs are not merged at all. `share_recurrences` merges both.
"""

from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import MergeOptimizer

from symrnn.recurrences import recurrences, scan_nodes


def share_recurrences(outputs):
    """`outputs` (a variable or a list) with every equal recurrence computed once; inputs and shared variables stay.

    Two recurrences are equal when their steps compute the same from the same outer variables. Nothing else changes, so the
    values of the outputs are those that they were.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> xs = pt.vector("xs")
    >>> def total(name):
    ...     start = pt.zeros((), dtype=xs.dtype)
    ...     return pytensor.scan(lambda x, y: x + y, xs, outputs_info=[start], name=name, return_updates=False)[-1]
    >>> first, again = share_recurrences([total("first"), total("again")])
    >>> first is again
    True
    """
    if not isinstance(outputs, list | tuple):
        return share_recurrences([outputs])[0]
    fgraph = unfrozen(outputs)
    share_in(fgraph)
    return list(fgraph.outputs)


def unfrozen(outputs):
    """A FunctionGraph over a copy of `outputs` that keeps the inputs and shared variables themselves."""
    return FunctionGraph(outputs=list(outputs), clone=True, copy_inputs=False, copy_orphans=False)


def share_in(fgraph):
    """Merge equal nodes and equal recurrences of `fgraph` until none is left."""
    merge = MergeOptimizer()
    merge.rewrite(fgraph)
    while pairs := equal_outputs(fgraph.outputs):
        fgraph.replace_all(pairs, import_missing=True, reason="share_recurrences")
        merge.rewrite(fgraph)


def equal_outputs(outputs):
    """Pairs (output of a recurrence, the same output of an equal earlier one)."""
    first, pairs = {}, []
    for node in scan_nodes(outputs):
        for recurrence in recurrences(node):
            kept = first.setdefault(identity(recurrence), recurrence)
            if kept is not recurrence:
                pairs += zip(recurrence.outputs, kept.outputs, strict=True)
    return [(x, y) for x, y in pairs if x is not y and x.type.is_super(y.type)]


def identity(recurrence):
    """What a recurrence computes, from which variables, and what it records."""
    records = tuple((slot.kind, slot.outer_input) for slot in recurrence.slots)
    return recurrence.key, recurrence.inputs, records
