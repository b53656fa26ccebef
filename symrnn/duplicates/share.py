"""Equal recurrences computed once: call it on a graph before its gradient is taken.

Building a network twice (a recursive ``get_output``, one call for the loss and one for the
predictions) builds every recurrence twice. PyTensor's rewrites merge equal Scan nodes, but the
gradient is taken before they run: it gets two backward scans for one forward scan, fed different
gradients, which no rewrite merges again. Scans that differ only in their name or in the order of
their inputs are not merged at all. `share_recurrences` merges both."""

from functools import cached_property

from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import toposort
from pytensor.scan.op import Scan
from pytensor.scan.rewriting.db import scan_seqopt1

from symrnn.duplicates.components import components, op_key, step_key


def share_recurrences(outputs):
    """`outputs` (a variable or a list) with every equal recurrence computed once; inputs and shared
    variables stay.

    Two recurrences are equal when their steps compute the same from the same outer variables.
    Nothing else changes, so the values of the outputs are those that they were.

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
    return merged(outputs)


def merged(outputs, keep_scans=False):
    """`outputs` on a graph in which equal nodes are one, and with `keep_scans` all nodes but
    scans."""
    kept = {}  # variable of the given graph -> the variable that computes it in the new one
    made = {}  # what is computed, from which new variables -> the variables that hold it
    for node in toposort(list(outputs)):
        inputs = [representative(x, kept, made) for x in node.inputs]
        if any(new is not old for new, old in zip(inputs, node.inputs, strict=True)):
            copy = node.clone_with_new_inputs(inputs)
        else:
            copy = node
        if keep_scans and isinstance(node.op, Scan):
            kept |= zip(node.outputs, copy.outputs, strict=True)
            continue
        for identity, old, new in identities(copy, node):
            kept |= zip(old, made.setdefault(identity, new), strict=True)
    return [representative(x, kept, made) for x in outputs]


def representative(variable, kept, made):
    """The variable of the new graph that stands for `variable`; equal constants are one."""
    if variable not in kept:
        if isinstance(variable, Constant):
            kept[variable] = made.setdefault(variable.merge_signature(), variable)
        else:
            kept[variable] = variable
    return kept[variable]


def identities(copy, node):
    """What `copy` computes, part by part: what from which inputs, the outputs of `node`, those of
    `copy`."""
    original = dict(zip(copy.outputs, node.outputs, strict=True))
    if not isinstance(copy.op, Scan):
        types = tuple(x.type for x in copy.outputs)
        op = Differentiable(copy.op) if isinstance(copy.op, OpFromGraph) else copy.op
        yield (op, *copy.inputs, types), node.outputs, copy.outputs
        return
    for recurrence in components(copy):
        step = recurrence.key, recurrence.inputs
        for slot in recurrence.slots:
            x = slot.outer_output
            record = recurrence.slot_keys[x], slot.kind, slot.outer_input, x.type
            yield (*step, *record), [original[x]], [x]


class Differentiable:
    """An op that holds a graph; equal to another when values and gradients are the same expressions.

    PyTensor calls two of them different when their gradients come from different Python functions.
    """

    def __init__(self, op):
        self.op = op

    def __hash__(self):
        return hash(self.values)

    def __eq__(self, other):
        if self.op is other.op:
            return True
        return self.values == other.values and self.gradients == other.gradients

    @cached_property
    def values(self):
        return op_key(self.op)

    @cached_property
    def gradients(self):
        inputs, outputs, given = (
            [type() for type in types]
            for types in (self.op.input_types, self.op.output_types, self.op.output_types)
        )
        return step_key([*inputs, *outputs, *given], self.op.pullback(inputs, outputs, given))


def shared_graph(outputs):
    """A FunctionGraph that computes `outputs`: nothing twice, and nothing in a scan that could
    stand before it.

    Inputs and shared variables are those of `outputs`.
    """
    outputs = share_recurrences(list(outputs))  # while equal scans are still used alike
    return FunctionGraph(outputs=share_recurrences(lifted(outputs)), clone=False)


def lifted(outputs):
    """`outputs` with what does not change from step to step taken out of scans: ``w + mu v`` closed
    over by a step."""
    fgraph = FunctionGraph(outputs=outputs, clone=True, copy_inputs=False, copy_orphans=False)
    names = ("scan_push_out_non_seq", "scan_remove_unused", "scan_merge_duplicate_inputs")
    rewriter = scan_seqopt1.query(RewriteDatabaseQuery(include=list(names)))
    for _ in range(2):  # the second time without the inputs that are no longer used
        rewriter.rewrite(fgraph)
    return list(fgraph.outputs)
