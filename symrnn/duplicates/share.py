"""Equal recurrences computed once: call it on a graph before its gradient is taken.

Building a network twice (a recursive ``get_output``, one call for the loss and one for the predictions) builds every
recurrence twice. PyTensor's rewrites merge equal Scan nodes, but the gradient is taken before they run: it gets two
backward scans for one forward scan, fed different gradients, which no rewrite merges again. Scans that differ only in
their name or in the order of their inputs are not merged at all. `share_recurrences` merges both.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.ops import TypeCastingOp
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.features import Feature
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import toposort
from pytensor.scan.op import Scan
from pytensor.scan.rewriting.db import scan_seqopt1

from symrnn.duplicates.components import components
from symrnn.duplicates.step_key import exact, op_key, unlisted


@overload
def share_recurrences(outputs: Variable) -> Variable: ...
@overload
def share_recurrences(outputs: Sequence[Variable]) -> list[Variable]: ...
def share_recurrences(outputs: Variable | Sequence[Variable]) -> Variable | list[Variable]:
    """`outputs` (a variable or a list) with every equal recurrence computed once; inputs and shared variables stay.

    Two recurrences are equal when their steps compute the same from the same outer variables, with the same gradients.
    Nothing else changes, so the values of the outputs are those that they were, and so are the derivatives of each.

    Notes
    -----
    In a loss of several outputs, what reads one recurrence sends it one gradient: a bound on the gradient in its steps
    (`grad_clipping`) is then on the sum, where it was on each part.

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
    if isinstance(outputs, Variable):
        return share_recurrences([outputs])[0]
    return merged(outputs)


def merged(outputs: Iterable[Variable], keep_scans: bool = False) -> list[Variable]:
    """`outputs` on a graph in which equal nodes are one; with `keep_scans` scans are left as they are."""
    # variable of the given graph -> the variable that computes it in the new one
    kept: dict[Variable, Variable] = {}
    # what is computed, from which new variables -> the variables that hold it
    made: dict[tuple, list[Variable]] = {}
    # In topological order all inputs have their representatives, so equal nodes have identical inputs.
    for node in toposort(list(outputs)):
        inputs = [representative(x, kept, made) for x in node.inputs]
        if any(new is not old for new, old in zip(inputs, node.inputs, strict=True)):
            copy = node.clone_with_new_inputs(inputs)
            keep_lines(node.outputs, copy.outputs)
        else:
            copy = node
        if keep_scans and isinstance(node.op, Scan):
            kept |= zip(node.outputs, copy.outputs, strict=True)
            continue
        for identity, old, new in identities(copy, node):
            kept |= zip(old, made.setdefault(identity, new), strict=True)
    return [representative(x, kept, made) for x in outputs]


def representative(variable: Variable, kept: dict, made: dict) -> Variable:
    """The variable of the new graph that stands for `variable`; equal constants are one."""
    if variable not in kept:
        if isinstance(variable, Constant):
            # not PyTensor's signature, to which zeros of either sign are the same
            identity = variable.type, exact(variable.data)
            kept[variable] = made.setdefault(identity, variable)
        else:
            kept[variable] = variable
    return kept[variable]


def identities(copy: Apply, node: Apply) -> Iterator[tuple[tuple, list[Variable], list[Variable]]]:
    """What `copy` computes, part by part: what from which inputs, the outputs of `node`, those of `copy`."""
    original = dict(zip(copy.outputs, node.outputs, strict=True))
    if not isinstance(copy.op, Scan):
        # Types belong to it: an op may put out a static shape that it was told, and not its equal elsewhere.
        types = tuple(x.type for x in copy.outputs)
        # PyTensor's equality says too little of an op with a graph, and too much of one that keeps what its gradient
        # needs to itself.
        is_keyed = isinstance(copy.op, OpFromGraph | TypeCastingOp)
        op = op_key(copy.op) if is_keyed else (copy.op, *unlisted(copy.op))
        yield (op, *copy.inputs, types), node.outputs, copy.outputs
        return
    # A part at a time, not a node at a time: of two packs that share a recurrence only the rest is computed twice.
    for component in components(copy):
        step = component.key, component.inputs
        for slot in component.slots:
            x = slot.outer_output
            # The type tells a state of which all steps are kept from one of which only the last is.
            record = component.slot_keys[x], slot.outer_input, x.type
            yield (*step, *record), [original[x]], [x]


def shared_graph(outputs: Iterable[Variable]) -> FunctionGraph:
    """A FunctionGraph that computes `outputs`: nothing twice, and nothing in a scan that could stand before it.

    Inputs and shared variables are those of `outputs`.
    """
    shared = share_recurrences(list(outputs))  # while equal scans are still used alike
    return FunctionGraph(outputs=share_recurrences(lifted(shared)), clone=False)


def lifted(outputs: Sequence[Variable]) -> list[Variable]:
    """`outputs` with what does not change from step to step taken out of scans: ``w + mu v`` closed over by a step."""
    fgraph = FunctionGraph(outputs=outputs, clone=True, copy_inputs=False, copy_orphans=False)
    fgraph.attach_feature(KeepsLines())
    names = ("scan_push_out_non_seq", "scan_remove_unused", "scan_merge_duplicate_inputs")
    rewriter = scan_seqopt1.query(RewriteDatabaseQuery(include=list(names)))
    for _ in range(2):  # the second time without the inputs that are no longer used
        rewriter.rewrite(fgraph)
    return list(fgraph.outputs)


class KeepsLines(Feature):
    """Gives what a rewrite puts in the place of a scan the source line of that scan."""

    def on_change_input(
        self,
        fgraph: FunctionGraph,
        node: Apply,
        i: int,
        r: Variable,
        new_r: Variable,
        reason: object = None,
    ) -> None:
        """Called by PyTensor for every reader of `r` that now reads `new_r`."""
        if r.owner and new_r.owner and isinstance(new_r.owner.op, Scan):
            keep_lines([r], [new_r])


def keep_lines(before: Sequence[Variable], after: Sequence[Variable]) -> None:
    """Give variables the call stacks of those that they stand for: a node made now has that of whoever asked."""
    for old, new in zip(before, after, strict=True):
        if new is not old and getattr(old.tag, "trace", None):
            new.tag.trace = old.tag.trace
