"""Recurrences that a graph computes twice: which, in what they differ, what they cost, what removes them.

Two components are duplicates when one step computes the same from the same parameters, neither needs the result of the
other, and what else they are fed is the same or differs in a way that can be named (`Kind`). The outer graphs of both
are walked side by side down to the variables in which they differ first, so the layers of a doubled stack all name the
one cause. Different parameters, other operations in the step, other dtypes or taps, or one layer fed by the other are
different computations, and are never reported. Scans that PyTensor has packed into one node are taken apart first.

A group *follows from* another when it is gone once that one is: the gradients of recurrences that are computed twice,
and recurrences that are fed the same values only because duplicates feed them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pytensor.compile.builders import OpFromGraph
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import dfs_rewriter, node_rewriter
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import Composite
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.shape import SpecifyShape
from pytensor.tensor.subtensor import Subtensor

from symrnn.duplicates.components import SEQUENCE, WEIGHT, Component, components, scan_nodes
from symrnn.duplicates.differences import Difference, differences
from symrnn.duplicates.kinds import Kind, is_parameter, is_shape
from symrnn.duplicates.share import keep_lines, lifted, merged
from symrnn.duplicates.step_key import Detail
from symrnn.measure.target import target_of
from symrnn.versions import bound

# leave the steps of a sequence what they are
ALONG_THE_STEPS = (
    Subtensor,
    SpecifyShape,
    Elemwise,
    DimShuffle,
)


@dataclass(frozen=True)
class Duplicates:
    """A group of components that compute the same step with the same parameters.

    Attributes
    ----------
    components
        The members; the first is the one to keep.
    differences
        In what the others differ from it; none when they are fed the same values.
    nodes
        Apply nodes that stand in the graph for the others alone: in their steps and outside.
    follows_from
        The group without which this one would not be there, or None: its members feed these, each another one.
    """

    components: tuple[Component, ...]
    differences: tuple[Difference, ...]
    nodes: int
    follows_from: "Duplicates | None" = None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of difference, most frequent first; `Kind.EQUAL` when there is none."""
        counted = Counter(difference.kind for difference in self.differences)
        return tuple(kind for kind, _ in counted.most_common()) or (Kind.EQUAL,)

    @property
    def is_packed(self) -> bool:
        """Whether PyTensor's rewrites have put members into one Scan node."""
        return len({each.node for each in self.components}) < len(self.components)

    @property
    def are_gradients(self) -> bool:
        """Whether PyTensor made the members as gradients of others."""
        return self.components[0].is_gradient


def duplicates(graph: object) -> list[Duplicates]:
    """The groups of duplicates in `graph`; none when it is clean.

    `graph` is anything that `symrnn.measure.target.target_of` takes; a compiled function is looked at as it runs.

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


def prepared(graph: object) -> list[Variable]:
    """The outputs of `graph` on a copy with every component in sight, and all else that is equal merged."""
    found = target_of(graph)
    outputs = written_out(found.outputs)
    if found.compiled is None:
        # Not rewritten yet: what a step closes over is taken out, so that it can be compared from outside.
        outputs = lifted(merged(outputs, keep_scans=True))
    return merged(outputs, keep_scans=True)


def bodies(outputs: Sequence[Variable]) -> Iterator[Sequence[Variable]]:
    """`outputs`, and those of the steps of their scans, at any depth."""
    yield outputs
    for op in {node.op: None for node in scan_nodes(outputs)}:
        yield from bodies(op.inner_outputs)


def written_out(outputs: Sequence[Variable]) -> list[Variable]:
    """`outputs` on a copy of their graph in which the ops that hold a graph stand written out."""
    fgraph = FunctionGraph(outputs=outputs, clone=True, copy_inputs=False, copy_orphans=False)
    dfs_rewriter(write_out, unfuse).rewrite(fgraph)
    return list(fgraph.outputs)


@node_rewriter([OpFromGraph])
def write_out(fgraph: FunctionGraph, node: Apply) -> list[Variable]:
    """The graph of an OpFromGraph in its place, whether it was meant to be inlined or not."""
    outputs = bound(node.op, node.inputs)
    for scan in scan_nodes(outputs):
        if (
            scan not in fgraph.apply_nodes
        ):  # the line of the layer, not of the code that writes it out
            keep_lines([node.outputs[0]] * len(scan.outputs), scan.outputs)
    return outputs


@node_rewriter([Elemwise])
def unfuse(fgraph: FunctionGraph, node: Apply) -> list[Variable] | None:
    """The ops that were fused into an element-wise op, each by itself."""
    if not isinstance(node.op.scalar_op, Composite):
        return None
    inner = node.op.scalar_op.fgraph
    inside = dict(zip(inner.inputs, node.inputs, strict=True))
    for scalar in toposort(inner.outputs):
        operands = [inside.get(x, getattr(x, "data", None)) for x in scalar.inputs]
        inside |= zip(scalar.outputs, Elemwise(scalar.op).make_node(*operands).outputs, strict=True)
    return [inside[x] for x in inner.outputs]


def duplicates_in(outputs: Sequence[Variable]) -> list[Duplicates]:
    """The groups among the components that stand side by side in one graph."""
    graph = ComponentGraph(outputs)
    # A map computes nothing from step to step: PyTensor merges equal ones, and unequal ones are no recurrence.
    by_key: dict[tuple, list[Component]] = {}
    for component in graph.components:
        if not component.is_map:
            by_key.setdefault(component.key, []).append(component)
    groups = [group for members in by_key.values() for group in alike(graph, members)]
    return [with_origin(group, groups, graph) for group in groups]


def alike(graph: "ComponentGraph", members: Sequence[Component]) -> Iterator[Duplicates]:
    """The groups among components with equal steps."""
    while len(members) > 1:
        first, *others = members
        pairs = [(other, graph.differences(first, other)) for other in others]
        same = [(other, found) for other, found in pairs if found is not None]
        if same:
            causes = {frozenset((d.left, d.right)): d for _, found in same for d in found}
            group = (first, *(other for other, _ in same))
            differing = tuple(sorted(causes.values(), key=lambda d: (d.role, str(d))))
            yield Duplicates(group, differing, graph.cost(group))
        members = [other for other, found in pairs if found is None]


def with_origin(
    group: Duplicates, groups: Sequence[Duplicates], graph: "ComponentGraph"
) -> Duplicates:
    """The group with what it follows from."""
    origins = [other for other in groups if other is not group and follows(group, other, graph)]
    if not origins:
        return group
    # Of a stack all layers below feed it: the nearest one is meant, which itself may follow from others.
    nearest = max(origins, key=lambda other: len(graph.needed(other.components[0])))
    return replace(group, follows_from=with_origin(nearest, groups, graph))


def follows(group: Duplicates, other: Duplicates, graph: "ComponentGraph") -> bool:
    """Whether `group` is gone with `other`: each member is fed by another member of it, and that is the reason."""
    if group.are_gradients:
        feeding = [] if other.are_gradients else [*map(graph.recorded_for, group.components)]
    else:
        is_equal = group.kinds == other.kinds == (Kind.EQUAL,)
        feeding = [*map(graph.feeding, group.components)] if is_equal else []
    partners = [members & {*other.components} for members in feeding]
    # One gradient taken twice of one recurrence is a duplicate of its own: both are fed by the same member.
    return (
        bool(partners)
        and all(len(p) == 1 for p in partners)
        and len(set.union(*partners)) == len(partners)
    )


class ComponentGraph:
    """A graph whose scans are taken apart into components, to ask what needs what."""

    def __init__(self, outputs: Iterable[Variable]):
        self.outputs = list(outputs)
        self.by_output: dict[Variable, Component] = {}
        self.components: list[Component] = []
        for node in scan_nodes(self.outputs):
            for component in components(node, detail=Detail.VALUES):
                self.components.append(component)
                self.by_output |= dict.fromkeys(component.outputs, component)
        self.above: dict[Component, set[Component]] = {}

    def differences(self, first: Component, other: Component) -> list[Difference] | None:
        """In what two components with equal steps differ, or None when they are different computations."""
        if other in self.needed(first) or first in self.needed(other):
            return None
        found = differences(first, other, self.by_output)
        # The same step on other data is another network, unless a parameter joins them.
        if found is None or (found and not self.parameters(first) & self.parameters(other)):
            return None
        return found

    def needed(self, component: Component) -> set[Component]:
        """The components that `component` needs, itself left out."""
        if component not in self.above:
            below = self.reached([x for _, x in component.inputs])
            self.above[component] = {x for x in below if isinstance(x, Component)}
        return self.above[component]

    def feeding(self, component: Component) -> set[Component]:
        """The components that `component` reads without another one between them."""
        return self.nearest([x for _, x in component.inputs], lambda x: not is_shape(x))

    def recorded_for(self, gradient: Component) -> set[Component]:
        """The components whose states a gradient walks back through."""
        # As sequences, sliced and perhaps rewritten element by element. What comes down from the loss is no part of it:
        # that may depend on every output of the network.
        walked = [x for role, x in gradient.inputs if role == SEQUENCE]
        return self.nearest(walked, lambda x: isinstance(x.owner.op, ALONG_THE_STEPS))

    def nearest(
        self, variables: Iterable[Variable], goes_on: Callable[[Variable], bool]
    ) -> set[Component]:
        """The first component on every way down from `variables` through the nodes at which it goes on."""
        found, seen, pending = set(), set(), list(variables)
        while pending:
            x = pending.pop()
            if x in self.by_output:
                found.add(self.by_output[x])
            elif x.owner is not None and x not in seen and goes_on(x):
                seen.add(x)
                pending += x.owner.inputs
        return found

    def parameters(self, component: Component) -> set:
        """The arrays of numbers that are no data of a batch: shared variables, and what a step reads unchanged."""
        fed = [x for _, x in component.inputs]
        read = {x for role, x in component.inputs if role == WEIGHT and x.type.ndim}
        return {getattr(x, "container", x) for x in {*filter(is_parameter, ancestors(fed)), *read}}

    def reached(
        self, variables: Iterable[Variable], stop: Iterable[Component] = ()
    ) -> set[Apply | Component]:
        """Apply nodes and components that `variables` need, not beyond the components in `stop`."""
        found, pending = set(), list(variables)
        while pending:
            x = pending.pop()
            part = self.by_output.get(x, x.owner)
            if part is None or part in found or part in stop:
                continue
            found.add(part)
            pending += [x for _, x in part.inputs] if isinstance(part, Component) else part.inputs
        return found

    def cost(self, members: Sequence[Component]) -> int:
        """Apply nodes that would not stand in the graph without the members after the first."""
        kept, *others = members
        without = self.reached(self.outputs, others) | self.reached([x for _, x in kept.inputs])
        # What the kept one needs stays in any case, also where only a copy reads it now.
        alone = self.reached(self.outputs) - without - {kept}
        return sum(len(x.step_nodes) if isinstance(x, Component) else 1 for x in alone)
