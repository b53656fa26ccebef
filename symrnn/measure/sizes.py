"""How large a graph is: apply nodes in and out of scans, and the recurrences packed in them.

What is counted, on any PyTensor graph, before or after rewriting:

* An *apply node* counts once for the graph it stands in. Variables, inputs and constants do not
  count, nor do nodes that no output needs.
* The body of a node with an inner graph (Scan, OpFromGraph, and what derives from them) counts
  once per node that has it, so two Scan nodes with equal bodies count two bodies. Bodies in
  bodies count as well.
* The body of a fused scalar op (Composite, ScalarLoop) is a *scalar graph*; its nodes count
  apart, at any depth.
* A *component* is one recurrence packed in a Scan. PyTensor's rewrites pack scans of equal length
  into one node; so the number of Scan nodes may stay the same while the work doubles. Two states
  of a scan belong to one recurrence when the next value of one is computed from the other (the
  ``h`` and ``c`` of an LSTM, a gradient and the sums that accumulate it). States that only read
  the same sequences or the same weights are different recurrences (the two directions of a
  bidirectional layer). A scan without states is a map and has no component. The inner graph alone
  decides, so the number means the same before and after rewriting, and does not depend on names.
* On PyTensor 3.0.x the linker, not the rewriter, rewrites the bodies of scans. So the size of a
  compiled function is smaller inside than that of the graph handed to its linker, and it is the one
  to compare: it is what runs.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from operator import or_

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import AbstractFunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import ScalarOp
from pytensor.scan.op import Scan

from symrnn.measure.target import outputs_of
from symrnn.versions import inner_graphs


@dataclass(frozen=True)
class GraphSize:
    """Number of apply nodes that some outputs need, by where they stand.

    Attributes
    ----------
    nodes
        Apply nodes of the outermost graph.
    inner_nodes
        Apply nodes in the bodies of Scan and OpFromGraph nodes, recursively.
    scalar_nodes
        Scalar nodes in the bodies of fused scalar ops (Composite), at any depth.
    scans
        Scan nodes, at any depth.
    components
        Recurrences packed in these scans.
    widest_scan
        Apply nodes in the body of the largest scan (bodies within it included); 0 without scans.
    by_op
        The ``nodes + inner_nodes`` by the name of their op.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> size = graph_size((x + x) * x)
    >>> size.nodes, sorted(size.by_op.items())
    (2, [('Elemwise{Add}', 1), ('Elemwise{Mul}', 1)])
    """

    nodes: int = 0
    inner_nodes: int = 0
    scalar_nodes: int = 0
    scans: int = 0
    components: int = 0
    widest_scan: int = 0
    by_op: Counter[str] = field(default_factory=Counter)

    @property
    def total_nodes(self) -> int:
        """Apply nodes outside and inside of scans; scalar nodes left out."""
        return self.nodes + self.inner_nodes

    def __add__(self, other: "GraphSize") -> "GraphSize":
        """The size of two graphs side by side; the widest scan is the wider one."""
        added = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        widest = max(self.widest_scan, other.widest_scan)
        return GraphSize(**added, widest_scan=widest, by_op=self.by_op + other.by_op)

    def __radd__(self, other: int) -> "GraphSize":
        """``sum(sizes)`` starts from 0."""
        return self if other == 0 else NotImplemented

    def delta(self, before: "GraphSize") -> "GraphSize":
        """What was added (positive) or removed (negative) since `before`, count by count.

        Examples
        --------
        >>> GraphSize(nodes=5).delta(GraphSize(nodes=7)).nodes
        -2
        """
        names = (*COUNTS, "widest_scan")
        changed = {name: getattr(self, name) - getattr(before, name) for name in names}
        ops = {op: self.by_op[op] - before.by_op[op] for op in self.by_op | before.by_op}
        return GraphSize(**changed, by_op=Counter({op: n for op, n in ops.items() if n}))

    def to_dict(self) -> dict:
        """The counts as JSON values, the most frequent op first."""
        return asdict(self) | {"by_op": dict(self.by_op.most_common())}

    @classmethod
    def from_dict(cls, counts: dict) -> "GraphSize":
        """The size that `to_dict` wrote."""
        return cls(**counts | {"by_op": Counter(counts["by_op"])})


COUNTS = ("nodes", "inner_nodes", "scalar_nodes", "scans", "components")


def graph_size(graph: object) -> GraphSize:
    """The size of `graph`, which is anything that `symrnn.measure.target.target_of` takes.

    What is counted stands in the docstring of this module. Updates of shared variables count; a compiled function (of
    any mode) is counted as it runs, after rewriting.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> x = pt.vector("x")
    >>> graph_size([x + 1, x * 2]).nodes
    4
    >>> graph_size(pytensor.function([x], [x, x + 0])).scans
    0
    """
    return size_of(outputs_of(graph), {})


def total_size(graphs: Iterable[object]) -> GraphSize:
    """The size of several graphs side by side, each anything that `graph_size` takes."""
    return sum(map(graph_size, graphs), GraphSize())


def apply_nodes(outputs: Iterable[Variable]) -> list[Apply]:
    """The apply nodes that `outputs` need, each once."""
    owners = (variable.owner for variable in ancestors(list(outputs)))
    return list({node: None for node in owners if node is not None})


def size_of(outputs: Iterable[Variable], bodies: dict) -> GraphSize:
    """The size of the graph of `outputs`; `bodies` remembers the sizes of bodies by op."""
    nodes = apply_nodes(outputs)
    inner = GraphSize()
    for node in nodes:
        inner = inner + body_size(node.op, bodies)
    here = GraphSize(nodes=len(nodes), by_op=Counter(op_name(node.op) for node in nodes))
    return here + inner


def body_size(op: Op, bodies: dict) -> GraphSize:
    """What one node with `op` adds by its bodies; ``GraphSize()`` for most ops."""
    graphs = [graph for inner_op in with_wrapped(op) for graph in inner_graphs(inner_op)]
    if not graphs:
        return GraphSize()
    if id(op) not in bodies:
        # the op is kept with its size, so that its id is not given to another one meanwhile
        bodies[id(op)] = op, measured_body(op, graphs, bodies)
    return bodies[id(op)][1]


def measured_body(op: Op, graphs: Sequence[AbstractFunctionGraph], bodies: dict) -> GraphSize:
    """The size of `graphs`, the bodies of `op`, in the terms of the graph around it."""
    if is_scalar_body(op):
        return GraphSize(scalar_nodes=sum(scalar_nodes(graph) for graph in graphs))
    inside = sum((size_of(graph.outputs, bodies) for graph in graphs), GraphSize())
    width = inside.total_nodes
    own = GraphSize(
        # Its own nodes and those of bodies within: inner ones, to whatever stands around it.
        inner_nodes=width,
        scalar_nodes=inside.scalar_nodes,
        scans=inside.scans,
        components=inside.components,
        widest_scan=inside.widest_scan,
        by_op=inside.by_op,
    )
    if not isinstance(op, Scan):
        return own
    return own + GraphSize(scans=1, components=scan_components(op), widest_scan=width)


def is_scalar_body(op: Op) -> bool:
    """Whether the body of `op`, if it has one, is a scalar graph."""
    return any(isinstance(inner_op, ScalarOp) for inner_op in with_wrapped(op))


def scalar_nodes(graph: AbstractFunctionGraph) -> int:
    """Scalar nodes of a scalar graph, and of the scalar graphs in it."""
    nodes = apply_nodes(graph.outputs)
    return len(nodes) + sum(scalar_nodes(g) for node in nodes for g in inner_graphs(node.op))


def with_wrapped(op: Op) -> list[Op]:
    """`op`, and the op that it applies along axes (Elemwise, CAReduce: scalar; Blockwise: core)."""
    wrapped = getattr(op, "scalar_op", None) or getattr(op, "core_op", None)
    return [op] if wrapped is None else [op, *with_wrapped(wrapped)]


def op_name(op: Op) -> str:
    """``Scan``, ``Elemwise{Add}``: the class of an op, and of the op it applies."""
    names = [type(each).__name__ for each in with_wrapped(op)]
    return "{".join(names) + "}" * (len(names) - 1)


def scan_components(op: Scan) -> int:
    """Recurrences packed in a Scan: groups of states whose next values depend on each other.

    Weakly connected: a state that only reads another state (a running sum of ``h``) belongs to its recurrence.
    """
    reads = state_reads(op)
    groups: list[int] = []  # bit sets of states, disjoint
    # As one state after the other comes, all groups that it touches become one.
    for state, read in enumerate(reads):
        joined = read | 1 << state
        apart = [group for group in groups if not group & joined]
        groups = [*apart, union([joined, *(group for group in groups if group & joined)])]
    return len(groups)


def state_reads(op: Scan) -> list[int]:
    """For each state of a scan, the states that its next value is computed from, as a bit set."""
    # Bit sets instead of sets of nodes: one pass over the step, also where it holds thousands of nodes.
    slots = state_slots(op)
    reads: defaultdict[Variable, int] = defaultdict(int)  # by inner variable
    for state, (inputs, _) in enumerate(slots):
        for variable in inputs:
            reads[variable] |= 1 << state
    for node in toposort(op.fgraph.outputs):
        read = union(reads[variable] for variable in node.inputs)
        reads.update((variable, read) for variable in node.outputs)
    return [union(reads[variable] for variable in outputs) for _, outputs in slots]


def union(bit_sets: Iterable[int]) -> int:
    """The bits that any of `bit_sets` has."""
    return reduce(or_, bit_sets, 0)


def state_slots(op: Scan) -> list[tuple[list[Variable], list[Variable]]]:
    """For each state of a scan, its inner inputs (one a tap) and its inner outputs."""
    # By outer input: sequences have inner inputs alone, a recorded output has inner outputs alone, a state both.
    mappings = op.get_oinp_iinp_iout_oout_mappings()
    to_inputs = mappings["inner_inp_from_outer_inp"]
    to_outputs = mappings["inner_out_from_outer_inp"]
    inputs, outputs = op.inner_inputs, op.inner_outputs
    return [
        ([inputs[i] for i in to_inputs[outer]], [outputs[i] for i in to_outputs[outer]])
        for outer in sorted(to_inputs)
        if to_inputs[outer] and to_outputs[outer]
    ]
