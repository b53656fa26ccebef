"""Recurrences that a graph computes twice: which, in what they differ, what they cost, what removes
them.

Two recurrences are duplicates when one step computes the same from the same parameters, neither
needs the result of the other, and what else they are fed is the same or differs in a way that can
be named (`Kind`). The outer graphs of both are walked side by side down to the variables in which
they differ first, so the layers of a doubled stack all name the one cause. Different parameters,
other operations in the step, other dtypes or taps, or one layer fed by the other are different
computations, and are never reported. Scans that PyTensor has packed into one node are taken apart
first."""

from collections import Counter
from dataclasses import dataclass

from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import Elemwise

from symrnn.duplicates.components import WEIGHT, Component, components, scan_nodes
from symrnn.duplicates.differences import Difference, Kind, differences, is_parameter
from symrnn.duplicates.share import lifted, merged
from symrnn.measure.sizes import outputs_of
from symrnn.versions import bound


@dataclass(frozen=True)
class Duplicates:
    """A group of recurrences that compute the same step with the same parameters.

    Attributes
    ----------
    recurrences
        The members; the first is the one to keep.
    differences
        In what the others differ from it; none when they are fed the same values.
    nodes
        Apply nodes that stand in the graph for the others alone: in their steps and outside.
    """

    recurrences: tuple[Component, ...]
    differences: tuple[Difference, ...]
    nodes: int

    @property
    def kinds(self):
        """The kinds of difference, most frequent first; `Kind.EQUAL` when there is none."""
        counted = Counter(difference.kind for difference in self.differences)
        return tuple(kind for kind, _ in counted.most_common()) or (Kind.EQUAL,)

    @property
    def is_packed(self):
        """Whether PyTensor's rewrites have put members into one Scan node."""
        return len({r.node for r in self.recurrences}) < len(self.recurrences)


def duplicates(graph):
    """The groups of duplicate recurrences of `graph`, a list of `Duplicates`; empty when it is
    clean.

    `graph` is what `graph_size` takes: outputs, a FunctionGraph, or a compiled function.

    Examples
    --------
    >>> import numpy as np, pytensor, pytensor.tensor as pt
    >>> xs, w = pt.matrix("xs"), pytensor.shared(np.eye(2), name="w")
    >>> def run(w):
    ...     step, start = lambda x, h, w: pt.tanh(x + h @ w), pt.zeros(2, dtype=w.dtype)
    ...     return pytensor.scan(step, xs, start, w, return_updates=False)
    >>> v = pytensor.shared(np.zeros((2, 2)), name="v")
    >>> [group] = duplicates([run(w), run(w + 0.9 * v)])
    >>> print(*group.differences)
    w against w + 0.9*v (a look-ahead)
    """
    return [group for body in bodies(prepared(graph)) for group in duplicates_in(body)]


def prepared(graph):
    """The outputs of `graph` on a copy with every recurrence in sight, and all else that is equal
    merged."""
    outputs = written_out(outputs_of(graph))
    if isinstance(graph, Variable | list | tuple):  # not rewritten yet
        outputs = lifted(merged(outputs, keep_scans=True))
    return merged(outputs, keep_scans=True)


def bodies(outputs):
    """`outputs`, and those of the steps of their scans, at any depth."""
    yield outputs
    for op in {node.op: None for node in scan_nodes(outputs)}:
        yield from bodies(op.inner_outputs)


def written_out(outputs):
    """`outputs` on a copy of their graph in which the ops that hold a graph stand written out."""
    fgraph = FunctionGraph(outputs=outputs, clone=True, copy_inputs=False, copy_orphans=False)
    dfs_rewriter(write_out, unfuse).rewrite(fgraph)
    return list(fgraph.outputs)


@node_rewriter([OpFromGraph])
def write_out(fgraph, node):
    """The graph of an OpFromGraph in its place, whether it was meant to be inlined or not."""
    return bound(node.op, node.inputs)


@node_rewriter([Elemwise])
def unfuse(fgraph, node):
    """The ops that were fused into an element-wise op, each by itself."""
    if not isinstance(node.op.scalar_op, Composite):
        return None
    inner = node.op.scalar_op.fgraph
    inside = dict(zip(inner.inputs, node.inputs, strict=True))
    for scalar in toposort(inner.outputs):
        operands = [inside.get(x, getattr(x, "data", None)) for x in scalar.inputs]
        inside |= zip(scalar.outputs, Elemwise(scalar.op).make_node(*operands).outputs, strict=True)
    return [inside[x] for x in inner.outputs]


def duplicates_in(outputs):
    """The groups among the recurrences that stand side by side in one graph."""
    graph = RecurrenceGraph(outputs)
    by_key = {}
    for recurrence in graph.recurrences:
        if not recurrence.is_map:
            by_key.setdefault(recurrence.key, []).append(recurrence)
    groups = []
    for members in by_key.values():
        while len(members) > 1:
            first, *others = members
            pairs = [(other, graph.differences(first, other)) for other in others]
            same = [(other, found) for other, found in pairs if found is not None]
            if same:
                causes = {frozenset((d.left, d.right)): d for _, found in same for d in found}
                alike = (first, *(other for other, _ in same))
                differing = tuple(sorted(causes.values(), key=lambda d: (d.role, str(d))))
                groups.append(Duplicates(alike, differing, graph.cost(alike)))
            members = [other for other, found in pairs if found is None]
    return groups


class RecurrenceGraph:
    """A graph whose scans are taken apart into recurrences, to ask what needs what."""

    def __init__(self, outputs):
        self.outputs = list(outputs)
        self.by_output = {}
        self.recurrences = []
        for node in scan_nodes(self.outputs):
            for recurrence in components(node):
                self.recurrences.append(recurrence)
                self.by_output |= dict.fromkeys(recurrence.outputs, recurrence)
        self.above = {}

    def differences(self, first, other):
        """In what two recurrences with equal steps differ, or None when they are different
        computations."""
        if other in self.needed(first) or first in self.needed(other):
            return None
        found = differences(first, other, self.by_output)
        if found is None or (found and not self.parameters(first) & self.parameters(other)):
            return None
        return found

    def needed(self, recurrence):
        """The recurrences that `recurrence` needs, itself left out."""
        if recurrence not in self.above:
            below = self.reached([x for _, x in recurrence.inputs])
            self.above[recurrence] = {x for x in below if isinstance(x, Component)}
        return self.above[recurrence]

    def parameters(self, recurrence):
        """The arrays of numbers that are no data of a batch: shared variables, and what a step
        reads unchanged."""
        fed = [x for _, x in recurrence.inputs]
        read = {x for role, x in recurrence.inputs if role == WEIGHT and x.type.ndim}
        return {getattr(x, "container", x) for x in {*filter(is_parameter, ancestors(fed)), *read}}

    def reached(self, variables, stop=()):
        """Apply nodes and recurrences that `variables` need, not beyond the recurrences in
        `stop`."""
        found, pending = set(), list(variables)
        while pending:
            x = pending.pop()
            part = self.by_output.get(x, x.owner)
            if part is None or part in found or part in stop:
                continue
            found.add(part)
            pending += [x for _, x in part.inputs] if isinstance(part, Component) else part.inputs
        return found

    def cost(self, members):
        """Apply nodes that would not stand in the graph without the members after the first."""
        kept, *others = members
        without = self.reached(self.outputs, others) | self.reached([x for _, x in kept.inputs])
        alone = self.reached(self.outputs) - without - {kept}
        return sum(len(x.step_nodes) if isinstance(x, Component) else 1 for x in alone)
