"""The components of a graph, each with its step in canonical form, so that equal steps have equal keys.

A *component* is one recurrence in a Scan node: PyTensor's Scan holds one, or several that rewrites packed into one
node. Here each is a record of its own: the states that are computed from each other, the outputs that read them, and
the outer variables that they are fed. Its `key` names the computation of one step: whoever wrote the step, in whatever
order the inputs were given, before or after packing, the same step gives the same key; other operations, other dtypes,
other taps, other constants, another gradient give another one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.traversal import ancestors, toposort
from pytensor.scan.op import Scan

from symrnn.duplicates.step_key import Detail, step_key

MIT_MOT = "mit_mot"  # PyTensor's name for a state with several outputs a step
SEQUENCE, INITIAL, WEIGHT, LENGTH = "sequence", "initial state", "non-sequence", "number of steps"


@dataclass(frozen=True, eq=False)
class Slot:
    """One state or recorded output of a Scan: what its step reads and writes, and where it stands outside."""

    kind: str
    reads: tuple[Variable, ...]  # inner inputs, one a tap
    writes: tuple[Variable, ...]  # inner outputs
    taps: tuple
    outer_input: Variable
    outer_output: Variable

    @property
    def role(self) -> tuple:
        """The taps and the kind; a state that is not recorded has the role of one that is."""
        return ("state" if self.reads else "output", self.taps)


@dataclass(frozen=True, eq=False)
class Component:
    """One recurrence in a Scan node.

    Attributes
    ----------
    node
        The Scan node that it stands in, alone or packed with others.
    slots
        Its states in canonical order, then what else it records (what a gradient needs, say).
    key
        What one step computes for the states, and how far its gradient goes back; what else is recorded is no part of
        it.
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
    def outputs(self) -> tuple[Variable, ...]:
        """The outer outputs, in canonical order."""
        return tuple(slot.outer_output for slot in self.slots)

    @property
    def is_map(self) -> bool:
        """Whether no state is carried."""
        return not any(slot.reads for slot in self.slots)

    @property
    def is_gradient(self) -> bool:
        """Whether PyTensor made it as the gradient of another one."""
        # Nothing else makes such slots: `pytensor.scan` itself offers no state with several outputs.
        return any(slot.kind == MIT_MOT for slot in self.slots)

    @cached_property
    def step_nodes(self) -> frozenset[Apply]:
        """The apply nodes of one step."""
        owners = (v.owner for v in ancestors(list(chain(*(slot.writes for slot in self.slots)))))
        return frozenset(node for node in owners if node is not None)

    @cached_property
    def gradient_key(self) -> tuple:
        """The key that tells gradients apart, too."""
        return _component(self.node, list(self.slots), _ends(self.node.op), Detail.GRADIENTS).key

    @property
    def name(self) -> str:
        """The op's name; after packing, the name of the pack."""
        return self.node.op.name or "scan"


def components(node: Apply, *, detail: Detail = Detail.GRADIENTS) -> tuple[Component, ...]:
    """The components of a Scan `node`, told apart by what `detail` says.

    Examples
    --------
    >>> import pytensor, pytensor.tensor as pt
    >>> xs = pt.vector("xs")
    >>> ys = pytensor.scan(lambda x, y: x + y, xs, outputs_info=[pt.zeros(())], return_updates=False)
    >>> [component] = components(ys.owner.inputs[0].owner)
    >>> sorted(role for role, _ in component.inputs)
    ['initial state', 'number of steps', 'sequence']
    """
    ends = _ends(node.op)
    groups = _groups(_slots(node), ends)
    return tuple(_component(node, group, ends, detail) for group in groups)


def gradient_difference(first: Component, other: Component) -> str | None:
    """In what the gradients of two components of equal values differ, in words; None where they do not."""
    if first.gradient_key == other.gradient_key:
        return None
    back, other_back = (c.node.op.truncate_gradient for c in (first, other))
    if back != other_back:
        return f"truncate_gradient {back} against {other_back}"
    return "a step against one that changes a gradient"


def scan_nodes(outputs: Iterable[Variable]) -> list[Apply]:
    """The Scan nodes that `outputs` need, each after those it is computed from."""
    return [node for node in toposort(list(outputs)) if isinstance(node.op, Scan)]


def _ends(op):
    """The condition of a while-scan, or nothing."""
    return op.inner_outputs[-1:] if op.info.as_while else ()


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
        [MIT_MOT] * info.n_mit_mot
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


def _groups(slots, ends):
    """Slots that are computed from each other's states, or record part of each other's step."""
    # Union-find: what one step needs of another slot's state joins the two, so each group is one recurrence.
    # Packing put the others into the same node, where nothing leads from one group to another.
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
    # A while-scan whose end is computed from a state is one recurrence: that state says how often all others step.
    if reader.keys() & set(ancestors(list(ends))):
        parent |= {root(slot): root(slots[0]) for slot in slots}
    # A slot without a state that reads no state either records a value on the way to another slot's (what a gradient
    # needs of the input alone): it belongs there. Inner inputs do not count: two recurrences may share a sequence.
    for slot in slots:
        if not slot.reads and root(slot) is slot:
            for other in slots:
                if any(x.owner and x in needs[other] for x in slot.writes) and other is not slot:
                    parent[root(slot)] = root(other)
                    break
    groups: dict[Slot, list[Slot]] = {}
    for slot in slots:
        groups.setdefault(root(slot), []).append(slot)
    return list(groups.values())


def _component(node, slots, ends, detail):
    """One component with its slots and inputs in canonical order."""
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

    # What else is recorded is no part of the key: the same recurrence records more once its gradient is taken.
    states = [slot for slot in slots if slot.reads] or slots
    ordered = _canonical_order(states, roles, detail)
    outputs = [*chain(*(slot.writes for slot in ordered)), *ends]
    labels = _labels(ordered, roles, outputs)
    back = (op.truncate_gradient,) if detail else ()
    step = step_key((), outputs, labels, detail=detail)
    key = step, tuple(slot.role for slot in ordered), bool(ends), *back
    fed = (LENGTH, node.inputs[0]), *_per_input(labels, roles, feeds)

    records = [slot for slot in slots if slot not in ordered]
    named = {x: ("fed", feed) for x, feed in feeds.items()} | labels
    slot_keys = {slot.outer_output: ("state", i) for i, slot in enumerate(ordered)}
    slot_keys |= {
        slot.outer_output: step_key((), slot.writes, named, detail=detail) for slot in records
    }
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
    """A label for each inner input: states by slot and tap, the others in the order in which the step meets them."""
    labels: dict[Variable, tuple] = {}
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


def _canonical_order(slots, roles, detail):
    """Slots ordered by what they compute; equal ones stay as they are."""
    # As colours of a graph are refined: first by role, then by what the step computes, with the other states told
    # apart by the colours that they have so far. Two rounds tell apart what the steps of recurrent cells hold.
    color = {slot: slot.role for slot in slots}
    for _ in range(2 if len(slots) > 1 else 0):
        labels = {x: (role,) for x, role in roles.items()}
        for slot in slots:
            labels |= {x: (INITIAL, tap, color[slot]) for tap, x in enumerate(slot.reads)}
        keys = {s: step_key((), s.writes, labels, detail=detail) for s in slots}
        color = {slot: hash((slot.role, keys[slot])) for slot in slots}
    return sorted(slots, key=lambda slot: (slot.role, color[slot])) if len(slots) > 1 else slots
