"""A graph written out: `OpFromGraph` by its nodes, Scan and IfElse as ops that hold their graphs as nodes.

What an IfElse alone needs goes into its branches, to be computed only when that branch is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import Mode, get_mode, predefined_modes
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import AbstractFunctionGraph, FunctionGraph
from pytensor.graph.op import Op
from pytensor.scalar.basic import int64
from pytensor.scan.op import Scan

from symrnn.native import warm
from symrnn.native.digest import graph_text
from symrnn.native.nested import Choice, Ended, Graph, Steps

try:
    from pytensor.compile.rewriting import rewrite_inner_graph
except ImportError:  # before PyTensor 3.3, whose rewriting leaves inner graphs as they were built
    rewrite_inner_graph = None  # type: ignore[assignment]
try:
    from pytensor.conditional.op import IfElse
except ImportError:  # before PyTensor 3.3
    from pytensor.ifelse import IfElse  # type: ignore[no-redef]


def written_out(fgraph: AbstractFunctionGraph, order: Sequence[Apply] | None = None) -> Graph:
    """The graph of a function; variables of `fgraph` that stay keep being the same ones."""
    nodes = list(order if order is not None else fgraph.toposort())
    return _flat(lazy(Graph(list(fgraph.inputs), nodes, list(fgraph.outputs))))


class Copy:
    """Nodes one after another, reading new variables where old ones were replaced."""

    def __init__(self) -> None:
        self.nodes: list[Apply] = []
        self.new: dict[Variable, Variable] = {}
        self.steps: dict[str, Graph] = {}  # of scans, by the text of their graphs

    def read(self, variables: Iterable[Variable]) -> list[Variable]:
        return [self.new.get(var, var) for var in variables]

    def add(self, op: Op, inputs: list[Variable], outputs: list[Variable]) -> list[Variable]:
        """A new node, its outputs of the types of those given."""
        node = Apply(op, inputs, [out.clone() for out in outputs])
        self.nodes.append(node)
        return node.outputs

    def keep(self, node: Apply) -> None:
        """The node as it is, or made again where it reads new variables."""
        inputs = self.read(node.inputs)
        if all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
            self.nodes.append(node)
        else:
            self.replace(node, self.add(node.op, inputs, node.outputs))

    def replace(self, node: Apply, outputs: list[Variable]) -> None:
        self.new |= zip(node.outputs, outputs, strict=True)


def _flat(graph: Graph) -> Graph:
    """Without `OpFromGraph`, with Scans as `Steps`."""
    copy = Copy()
    _add_flat(graph.nodes, copy)
    return Graph(graph.inputs, copy.nodes, copy.read(graph.outputs))


def _add_flat(nodes: Sequence[Apply], copy: Copy) -> None:
    for node in nodes:
        if isinstance(node.op, OpFromGraph) and not has_rule(node.op):
            _add_inner(node, copy)
        elif isinstance(node.op, Scan) and is_plain(node.op):
            _add_scan(node, copy)
        elif isinstance(node.op, Choice):
            branches = map(_flat, (node.op.then, node.op.otherwise))
            inputs = copy.read(node.inputs)
            copy.replace(node, copy.add(Choice(*branches), inputs, node.outputs))
        else:
            copy.keep(node)


def has_rule(op: Op) -> bool:
    """Whether the op is lowered as such."""
    from symrnn.native.lowering import RULES

    return any(kind in RULES for kind in type(op).__mro__)


def is_plain(op: Scan) -> bool:
    """Whether a Scan's steps may be run in any way: nobody asked to watch them."""
    return not op.profile and type(get_mode(op.mode)) in {
        Mode,
        *map(type, predefined_modes.values()),
    }


def rewritten(fgraph: AbstractFunctionGraph) -> AbstractFunctionGraph:
    """An op's inner graph as the mode rewrites it; a copy where PyTensor did not do so itself."""
    if rewrite_inner_graph is not None:
        return fgraph
    copy = fgraph.clone() if isinstance(fgraph, FunctionGraph) else fgraph.unfreeze()
    # Programs are kept for functions: a body that is known from one would be left as it was built.
    with warm.turned_off():
        predefined_modes["NATIVE"].optimizer.rewrite(copy)
    return copy


def _add_inner(node: Apply, copy: Copy) -> None:
    """The nodes of an `OpFromGraph`'s graph, which reads what the node reads.

    They are made anew for each node, since two nodes may hold the same graph.
    """
    fgraph = rewritten(node.op.fgraph)
    inner = lazy(Graph(list(fgraph.inputs), list(fgraph.toposort()), list(fgraph.outputs)))
    fresh = _Fresh(dict(zip(inner.inputs, copy.read(node.inputs), strict=True)), within=copy)
    _add_flat(inner.nodes, fresh)
    copy.replace(node, fresh.read(inner.outputs))


class _Fresh(Copy):
    """A copy that keeps no node as it is; its nodes stand behind those of another one where it is within that."""

    def __init__(self, new: dict[Variable, Variable], within: Copy | None = None):
        super().__init__()
        self.new = new
        if within is not None:
            self.nodes, self.steps = within.nodes, within.steps

    def keep(self, node: Apply) -> None:
        self.replace(node, self.add(node.op, self.read(node.inputs), node.outputs))


def _add_scan(node: Apply, copy: Copy) -> None:
    op, info = node.op, node.op.info
    step = _step(op.fgraph, copy)
    inputs = copy.read(node.inputs)
    if not info.as_while:
        copy.replace(node, copy.add(Steps(op, step), inputs, node.outputs))
        return
    done = int64("done")
    *outputs, done = copy.add(Steps(op, step), inputs, [*node.outputs, done])
    # PyTensor cuts what was recorded, and neither what adds up in place (mit_mot) nor a state without a buffer.
    firsts = [-min((0, *taps)) for taps in (*info.mit_sot_in_slices, *info.sit_sot_in_slices)]
    for i, first in enumerate([*firsts, *[0] * info.n_nit_sot], start=info.n_mit_mot):
        [outputs[i]] = copy.add(Ended(first), [outputs[i], done, inputs[0]], [node.outputs[i]])
    copy.replace(node, outputs)


def _step(fgraph: AbstractFunctionGraph, copy: Copy) -> Graph:
    """The step of a scan, rewritten and written out; once for equal ones, where rewriting is ours to do."""
    is_ours = rewrite_inner_graph is None
    name = graph_text(fgraph.inputs, fgraph.outputs) if is_ours else None
    if name is None:
        return written_out(rewritten(fgraph))
    if name not in copy.steps:
        copy.steps[name] = written_out(rewritten(fgraph))
    return copy.steps[name]


def lazy(graph: Graph) -> Graph:
    """Every IfElse as a `Choice`, whose branches hold what nothing else is sure to need.

    Before an `OpFromGraph` is written out: it runs whole or not at all, as all that it is given, which then may fail.
    """
    if not any(isinstance(node.op, IfElse) for node in graph.nodes):
        return graph
    needed = _surely_needed(graph)
    copy = Copy()
    for node in graph.nodes:
        # Each branch has a copy of its own of what it alone needs.
        if node not in needed:
            continue
        if not isinstance(node.op, IfElse):
            copy.keep(node)
            continue
        condition, *values = node.inputs
        n = node.op.n_outs
        outside = {var for other in needed for var in other.outputs} | set(graph.inputs)
        read = _read_outside([*values], outside)
        branches = [_branch(graph, side, outside, read, copy) for side in (values[:n], values[n:])]
        inputs = copy.read([condition, *read])
        copy.replace(node, copy.add(Choice(*branches), inputs, node.outputs))
    return Graph(graph.inputs, copy.nodes, copy.read(graph.outputs))


def _surely_needed(graph: Graph) -> set[Apply]:
    """Nodes that are computed whatever the conditions are."""
    needed: set[Apply] = set()
    _need(graph.outputs, needed)
    while True:
        found = len(needed)
        for node in [n for n in needed if isinstance(n.op, IfElse)]:
            sides: list[set[Apply]] = []
            for values in (node.inputs[1 : 1 + node.op.n_outs], node.inputs[1 + node.op.n_outs :]):
                sides.append(set(needed))
                _need(values, sides[-1])
            # Among what both sides need may be another IfElse, so until nothing is found any more.
            needed |= sides[0] & sides[1]
        if len(needed) == found:
            return needed


def _need(variables: Iterable[Variable], needed: set[Apply]) -> None:
    """Add the nodes that `variables` can't be had without; of an IfElse, only its condition."""
    stack = list(variables)
    while stack:
        node = stack.pop().owner
        if node is not None and node not in needed:
            needed.add(node)
            stack += node.inputs[:1] if isinstance(node.op, IfElse) else node.inputs


def _read_outside(values: list[Variable], outside: set[Variable]) -> list[Variable]:
    """What `values` are computed from that is computed in any case."""
    found: dict[Variable, None] = {}
    seen: set[Variable] = set()
    stack = list(values)
    while stack:
        var = stack.pop()
        if var in seen or isinstance(var, Constant):
            continue
        seen.add(var)
        if var in outside or var.owner is None:
            found[var] = None
        else:
            stack += var.owner.inputs
    return list(found)


def _branch(
    graph: Graph,
    values: list[Variable],
    outside: set[Variable],
    read: list[Variable],
    copy: Copy,
) -> Graph:
    """The graph of one side of an IfElse. Its inputs are variables of its own, so that it can be read by itself."""
    wanted: set[Apply] = set()
    stack = [var for var in values if var not in outside]
    while stack:
        node = stack.pop().owner
        if node is not None and node not in wanted:
            wanted.add(node)
            stack += [var for var in node.inputs if var not in outside]
    given = [var.clone() for var in read]
    fresh = _Fresh(dict(zip(read, given, strict=True)))
    for node in graph.nodes:
        if node in wanted:
            fresh.keep(node)
    return lazy(Graph(given, fresh.nodes, fresh.read(values)))
