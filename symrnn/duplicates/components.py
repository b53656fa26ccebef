"""The recurrences of a graph, each with its step in canonical form, so that equal steps have equal
keys.

PyTensor's Scan holds one recurrence or several that its rewrites packed into one node. Here each is
a record of its own: the states that are computed from each other, the outputs that read them, and
the outer variables that they are fed. Its `key` names the computation of one step: whoever wrote
the step, in whatever order the inputs were given, before or after packing, the same step gives the
same key; other operations, other dtypes, other taps, other constants give another one."""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scalar.basic import Composite
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import DimShuffle, Elemwise

SEQUENCE, INITIAL, WEIGHT, LENGTH = "sequence", "initial state", "non-sequence", "number of steps"


@dataclass(frozen=True, eq=False)
class Slot:
    """One state or recorded output of a Scan: what its step reads and writes, and where it stands
    outside."""

    kind: str
    reads: tuple[Variable, ...]  # inner inputs, one a tap
    writes: tuple[Variable, ...]  # inner outputs
    taps: tuple
    outer_input: Variable
    outer_output: Variable

    @property
    def role(self):
        """The taps and the kind; a state that is not recorded has the role of one that is."""
        return ("state" if self.reads else "output", self.taps)


@dataclass(frozen=True, eq=False)
class Component:
    """One recurrence of a Scan node.

    Attributes
    ----------
    node
        The Scan node that it stands in, alone or packed with others.
    slots
        Its states in canonical order, then what else it records (what a gradient needs, say).
    key
        What one step computes for the states; what else is recorded is no part of it.
    inputs
        Pairs ``(role, outer variable)`` in canonical order: what it is fed.
    slot_keys
        ``{outer output: key}``: which state an output is, or what it records.
    """

    node: Apply
    slots: tuple[Slot, ...]
    key: tuple
    inputs: tuple[tuple[str, Variable], ...]
    slot_keys: dict[Variable, tuple]

    @property
    def outputs(self):
        """The outer outputs, in canonical order."""
        return tuple(slot.outer_output for slot in self.slots)

    @property
    def is_map(self):
        """Whether no state is carried."""
        return not any(slot.reads for slot in self.slots)

    @cached_property
    def step_nodes(self):
        """The apply nodes of one step."""
        owners = (v.owner for v in ancestors(list(chain(*(slot.writes for slot in self.slots)))))
        return frozenset(node for node in owners if node is not None)

    @property
    def name(self):
        """The op's name; after packing, the name of the pack."""
        return self.node.op.name or "scan"


def components(node):
    """The recurrences packed in a Scan `node`.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> xs = pt.vector("xs")
    >>> ys = pytensor.scan(lambda x, y: x + y, xs, outputs_info=[pt.zeros(())], return_updates=False)
    >>> [recurrence] = components(ys.owner.inputs[0].owner)
    >>> sorted(role for role, _ in recurrence.inputs)
    ['initial state', 'number of steps', 'sequence']
    """
    op = node.op
    groups = _groups(_slots(node), op.inner_outputs)
    ends = op.inner_outputs[-1:] if op.info.as_while else ()
    return tuple(_recurrence(node, group, ends) for group in groups)


def scan_nodes(outputs):
    """The Scan nodes that `outputs` need, each after those it is computed from."""
    return [node for node in toposort(list(outputs)) if isinstance(node.op, Scan)]


def step_key(inputs, outputs, roles=None):
    """What `outputs` compute from `inputs`, as nested tuples that compare and hash.

    `roles` labels the inputs (by default each is named by its position); equal subexpressions count
    once."""
    labels = roles or {x: ("input", i) for i, x in enumerate(inputs)}
    numbering = Numbering(labels)
    for node in toposort(list(outputs), blockers=set(inputs)):
        numbering.add(node)
    return numbering.needed([numbering.of(x) for x in outputs])


class Numbering:
    """A number for each value of a step: equal expressions of equal values have one number.

    Fused element-wise ops count as the scalar ops in them, so a step is the same before fusion and
    after, whatever else was fused into it.
    """

    def __init__(self, labels):
        self.labels = labels
        self.table = {}  # what computes a value, from which numbers -> its number
        self.numbers = {}

    def of(self, x):
        """The number of a variable; what has none yet is a leaf."""
        if x not in self.numbers:
            self.numbers[x] = self.number(leaf_key(x, self.labels))
        return self.numbers[x]

    def number(self, entry):
        return self.table.setdefault(entry, len(self.table))

    def add(self, node):
        """Number the outputs of a node."""
        inputs = [self.of(x) for x in node.inputs]
        if isinstance(node.op, Elemwise):
            results = self.scalars(node.op.scalar_op, inputs)
        elif isinstance(node.op, DimShuffle) and isinstance(node.inputs[0], Constant):
            results = inputs if np.size(node.inputs[0].data) == 1 else None
        else:
            results = None
        if results is None:
            entry = (op_key(node.op), *inputs)
            results = [self.number((*entry, ("of", i))) for i in range(len(node.outputs))]
        self.numbers |= zip(node.outputs, results, strict=True)

    def scalars(self, op, inputs):
        """The numbers of what a scalar op computes from values, a fused one opened up."""
        if not isinstance(op, Composite):
            return [
                self.number((("Elemwise", op_key(op)), *inputs, ("of", i))) for i in range(op.nout)
            ]
        inside = dict(zip(op.fgraph.inputs, inputs, strict=True))
        for node in toposort(op.fgraph.outputs):
            operands = [inside[x] if x in inside else self.of(x) for x in node.inputs]
            inside |= zip(node.outputs, self.scalars(node.op, operands), strict=True)
        return [inside[x] if x in inside else self.of(x) for x in op.fgraph.outputs]

    def needed(self, outputs):
        """The entries that `outputs` need and their places, numbered from the outputs: a key."""
        entries = {number: entry for entry, number in self.table.items()}
        places, pending = {}, list(reversed(outputs))
        while pending:
            number = pending.pop()
            if number not in places:
                places[number] = len(places)
                pending += reversed([x for x in entries[number][1:] if isinstance(x, int)])
        return (
            tuple(
                tuple(
                    places[x] if i and isinstance(x, int) else x for i, x in enumerate(entries[n])
                )
                for n in places
            ),
            tuple(places[n] for n in outputs),
        )


def leaf_key(variable, labels=()):
    """What an input, a constant or a foreign variable is to the step."""
    kind = getattr(variable.type, "dtype", str(variable.type)), getattr(variable.type, "ndim", None)
    if variable in labels:
        return ("input", labels[variable], kind)
    if isinstance(variable, Constant):
        return ("constant", (kind[0], constant_key(variable)))
    if isinstance(variable.type, DisconnectedType | NullType):  # no gradient
        return ("nothing", str(variable.type))
    return ("variable", variable)


def constant_key(constant):
    """The value of a constant as something that hashes."""
    data = constant.data
    if isinstance(data, np.ndarray | np.generic | float | int) and np.size(data) == 1:
        return np.asarray(data, constant.type.dtype).tobytes()
    if isinstance(data, np.ndarray):
        return data.shape, data.tobytes()
    return str(data)


def op_key(op):
    """An op without its name and without where it writes its result."""
    if isinstance(op, Scan | OpFromGraph):
        graph = op.fgraph
        extra = (op.info, op.truncate_gradient) if isinstance(op, Scan) else ()
        return (type(op).__name__, *extra, step_key(graph.inputs, graph.outputs))
    scalar_op = getattr(op, "scalar_op", None)
    props = getattr(op, "__props__", None)
    if scalar_op is not None and props is not None and "scalar_op" in props:
        rest = tuple(getattr(op, p) for p in props if p not in ("scalar_op", *PLACES))
        return (type(op).__name__, op_key(scalar_op), *map(_frozen, rest))
    if hasattr(op, "fgraph"):  # Composite
        return (type(op).__name__, step_key(op.fgraph.inputs, op.fgraph.outputs))
    if props is not None:
        return (type(op), *(_frozen(getattr(op, p)) for p in props if p not in PLACES))
    return (type(op), op)


PLACES = ("name", "inplace", "inplace_pattern", "destroy_map", "set_instead_of_inc_inplace")


def _frozen(value):
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def _slots(node):
    """The states and recorded outputs of a Scan node as records."""
    op, info = node.op, node.op.info
    maps = op.get_oinp_iinp_iout_oout_mappings()
    taps = (
        [*zip(info.mit_mot_in_slices, info.mit_mot_out_slices, strict=True)]
        + [(taps, (0,)) for taps in (*info.mit_sot_in_slices, *info.sit_sot_in_slices)]
        + [((), (0,))] * info.n_nit_sot
        + [((-1,), (0,))] * info.n_untraced_sit_sot
    )
    kinds = (
        ["mit_mot"] * info.n_mit_mot
        + ["mit_sot"] * info.n_mit_sot
        + ["sit_sot"] * info.n_sit_sot
        + ["nit_sot"] * info.n_nit_sot
        + ["untraced"] * info.n_untraced_sit_sot
    )
    return [
        Slot(
            kind,
            tuple(op.inner_inputs[i] for i in maps["inner_inp_from_outer_out"][position]),
            tuple(op.inner_outputs[i] for i in maps["inner_out_from_outer_out"][position]),
            taps,
            node.inputs[maps["outer_inp_from_outer_out"][position]],
            output,
        )
        for position, (output, kind, taps) in enumerate(zip(node.outputs, kinds, taps, strict=True))
    ]


def _groups(slots, inner_outputs):
    """Slots that are computed from each other's states, or record part of each other's step."""
    reader = {x: slot for slot in slots for x in slot.reads}
    needs = {slot: set(ancestors(list(slot.writes))) for slot in slots}
    parent = {slot: slot for slot in slots}

    def root(slot):
        while parent[slot] is not slot:
            slot = parent[slot]
        return slot

    for slot in slots:
        for x in needs[slot] & reader.keys():
            parent[root(slot)] = root(reader[x])
    for slot in slots:
        if not slot.reads and root(slot) is slot:  # records what another slot computes on its way
            for other in slots:
                if any(x.owner and x in needs[other] for x in slot.writes) and other is not slot:
                    parent[root(slot)] = root(other)
                    break
    groups = {}
    for slot in slots:
        groups.setdefault(root(slot), []).append(slot)
    return list(groups.values())


def _recurrence(node, slots, ends):
    """One recurrence with its slots and inputs in canonical order."""
    op = node.op
    feeds = dict(zip(op.inner_seqs(op.inner_inputs), op.outer_seqs(node.inputs), strict=True))
    roles = dict.fromkeys(feeds, SEQUENCE)
    weights = dict(
        zip(op.inner_non_seqs(op.inner_inputs), op.outer_non_seqs(node.inputs), strict=True)
    )
    roles |= dict.fromkeys(weights, WEIGHT)
    feeds |= weights
    for slot in slots:
        feeds |= dict.fromkeys(slot.reads, slot.outer_input)
        roles |= dict.fromkeys(slot.reads, INITIAL)

    states = [slot for slot in slots if slot.reads] or slots
    ordered = _canonical_order(states, roles)
    outputs = [*chain(*(slot.writes for slot in ordered)), *ends]
    labels = _labels(ordered, roles, outputs)
    key = step_key((), outputs, labels), tuple(slot.role for slot in ordered), bool(ends)
    fed = (LENGTH, node.inputs[0]), *_per_input(labels, roles, feeds)

    records = [slot for slot in slots if slot not in ordered]
    named = {x: ("fed", feed) for x, feed in feeds.items()} | labels
    slot_keys = {slot.outer_output: ("state", i) for i, slot in enumerate(ordered)}
    slot_keys |= {slot.outer_output: step_key((), slot.writes, named) for slot in records}
    return Component(node, (*ordered, *records), key, fed, slot_keys)


def _per_input(labels, roles, feeds):
    """One pair a label, a state once for all its taps."""
    seen = set()
    for x, label in labels.items():
        once = label[:2]
        if once not in seen:
            seen.add(once)
            yield roles[x], feeds[x]


def _labels(slots, roles, outputs):
    """A label for each inner input: states by slot and tap, the others in the order in which the
    step meets them."""
    labels = {}
    for i, slot in enumerate(slots):
        for tap, x in enumerate(slot.reads):
            labels[x] = (INITIAL, i, tap)
    counts = {SEQUENCE: 0, WEIGHT: 0}
    for x in _met(outputs):
        if x in roles and x not in labels:
            labels[x] = (roles[x], counts[roles[x]])
            counts[roles[x]] += 1
    return labels


def _met(outputs):
    """The leaves below `outputs` in depth-first order, which only the expressions decide."""
    seen, pending = set(), list(reversed(outputs))
    while pending:
        x = pending.pop()
        if x in seen:
            continue
        seen.add(x)
        if x.owner is None:
            yield x
        else:
            pending += reversed(x.owner.inputs)


def _canonical_order(slots, roles):
    """Slots ordered by what they compute; equal ones stay as they are."""
    color = {slot: slot.role for slot in slots}
    for _ in range(2 if len(slots) > 1 else 0):
        labels = {x: (role,) for x, role in roles.items()}
        for slot in slots:
            labels |= {x: (INITIAL, tap, color[slot]) for tap, x in enumerate(slot.reads)}
        color = {slot: hash((slot.role, step_key((), slot.writes, labels))) for slot in slots}
    return sorted(slots, key=lambda slot: (slot.role, color[slot])) if len(slots) > 1 else slots
