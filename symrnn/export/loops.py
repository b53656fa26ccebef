"""Scan nodes as loops: a body from (states, elements, invariants) to (next states, records).

Every kind of state that a Scan node has becomes a carried one. A state that reads several steps back is as many carried
states; what the node keeps in a buffer, with its initial values in front, is the initial values joined with a record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from symrnn.export.build import Builder
from symrnn.export.graph import Graph, Value, depends_on
from symrnn.export.lengths import length, same

if TYPE_CHECKING:
    from symrnn.export.translate import Translator


SHORTENED = "Scan that rewriting lets keep its last steps alone: give the variables that the function was built from"


@dataclass
class Parts:
    """What a loop is made of, outside and inside; places in the lists go together."""

    states: list[Value] = field(default_factory=list)  # initial ones
    inner_states: list[Value] = field(default_factory=list)
    following: list[Value] = field(default_factory=list)
    sequences: list[Value] = field(default_factory=list)
    elements: list[Value] = field(default_factory=list)
    invariants: list[Value] = field(default_factory=list)
    inner_invariants: list[Value] = field(default_factory=list)
    records: list[Value] = field(default_factory=list)


def loop(translator: "Translator", node: Any, operands: Sequence[Any]) -> list[Any]:
    """The values of a Scan node's outputs."""
    op, info = node.op, node.op.info
    if info.as_while:
        raise NotImplementedError("Scan that stops by a condition, `until`")
    if info.mit_mot_in_slices:
        raise NotImplementedError("Scan of a gradient")
    b, outer = translator.builder, list(operands)
    # A scope of its own with the same builder: the step's variables are told apart, constants are made once.
    inner = translator.__class__(b)
    line = b.line
    steps = b.cast(outer[0], "int64")
    parts = Parts()
    walks = walked(b, op.outer_seqs(outer), steps)
    for var, seq in zip(op.inner_seqs(op.inner_inputs), walks, strict=True):
        parts.sequences.append(seq)
        parts.elements.append(_inner(inner, var, seq.shape[1:]))
    taps, buffers = _traced(b, op, inner, outer, parts, steps)
    _carried(op, inner, outer, parts)
    _invariant(op, inner, outer, parts)
    made = inner.values(op.inner_outputs)
    b.line = line
    traced = [*op.inner_mitsot_outs(made), *op.inner_sitsot_outs(made)]
    for places, value in zip(taps, traced, strict=True):
        # The oldest falls out, each of the others gets one step older, and the new one comes in.
        olds = [parts.inner_states[i] for i in places]
        parts.following += [*olds[1:], value]
    parts.following += op.inner_untraced_sit_sot_outs(made)
    parts.records = [*traced, *op.inner_nitsot_outs(made)]
    finals, records = looped(b, parts, steps)
    kept = len(traced)
    # PyTensor's buffers hold the initial values in front; whoever wants the records slices them off, which a rule
    # undoes.
    traces = [b.concat([first, rest], 0) for first, rest in zip(buffers, records, strict=False)]
    # As a Scan node puts them out: states in buffers, records without a state, last states without a buffer.
    return [*traces, *records[kept:], *finals[sum(map(len, taps)) :]]


def _carried(op: Any, inner: "Translator", outer: Sequence[Any], parts: Parts) -> None:
    """States without a buffer. Those in buffers came first; `following` is filled in the same order."""
    carried = zip(
        op.inner_untraced_sit_sot(op.inner_inputs), op.outer_untraced_sit_sot(outer), strict=True
    )
    for var, value in carried:
        parts.states.append(value)
        parts.inner_states.append(_inner(inner, var, value.shape))


def _invariant(op: Any, inner: "Translator", outer: Sequence[Any], parts: Parts) -> None:
    """What every step reads as it is."""
    whole = zip(op.inner_non_seqs(op.inner_inputs), op.outer_non_seqs(outer), strict=True)
    for var, value in whole:
        # None stands for a generator: whatever reads it is refused by its name.
        if value is None or value.constant is not None or _is_filled(value):
            inner.known[var] = value  # a constant is the same inside
        else:
            parts.invariants.append(value)
            parts.inner_invariants.append(_inner(inner, var, value.shape))


def walked(b: Builder, sequences: Sequence[Value], steps: Value) -> list[Value]:
    """What a loop walks of its sequences: all of each, where the number of steps is the length of one.

    A scan stops with the shortest of its sequences. Here they are taken to be of one length, where nothing else is
    known; no file could walk others in one loop, and those who read it say so when it is run (of several loops see
    `cut_where_free`).
    """
    wholes = [_uncut(seq, steps) for seq in sequences]
    free = {length(b, whole, 0) for whole in wholes if whole.shape[0] is None}
    # A number of steps that comes from elsewhere may end before the sequences do.
    if free.isdisjoint(_lengths(steps)):
        return [b.slice(whole, 0, None, steps) for whole in wholes]
    return [whole if whole.shape[0] is None else b.slice(whole, 0, None, steps) for whole in wholes]


def _uncut(seq: Value, steps: Value) -> Value:
    """`pytensor.scan` cuts every sequence to the number of steps; any other cut is the user's."""
    node = seq.node
    if node is None or node.op != "Slice" or node.attributes != {"axis": 0, "step": 1}:
        return seq
    whole, start, stop = node.inputs
    return whole if whole is not None and start is None and same(stop, steps) else seq


def _lengths(steps: Value) -> list[Value]:
    """The lengths that a number of steps is the least of; or it alone."""
    if steps.node is not None and steps.node.op == "Min":
        return [each for v in steps.node.inputs if v is not None for each in _lengths(v)]
    return [steps]


def _traced(
    b: Builder, op: Any, inner: "Translator", outer: list[Any], parts: Parts, steps: Value
) -> tuple[list[list[int]], list[Value]]:
    """The states kept in buffers: the places of each one's taps among the states, and its initial values."""
    inner_inputs, info = op.inner_inputs, op.info
    variables_of = [
        *op.inner_mitsot_grouped(inner_inputs),
        *([var] for var in op.inner_sitsot(inner_inputs)),
    ]
    given = zip(
        variables_of,
        [*op.outer_mitsot(outer), *op.outer_sitsot(outer)],
        [*info.mit_sot_in_slices, *info.sit_sot_in_slices],
        strict=True,
    )
    places, buffers = [], []
    for variables, buffer, taps in given:
        depth = -min(taps)
        if max(taps) >= 0:
            raise NotImplementedError("Scan that reads a state ahead of its step")
        # What rewriting shortens is counted from another start, which nothing in the graph says.
        if not same(length(b, buffer, 0), b.make("Add", steps, b.integer(depth))):
            raise NotImplementedError(SHORTENED)
        by_tap = dict(zip(taps, variables, strict=True))
        start = len(parts.states)
        for back in range(-depth, 0):
            first = b.gather(buffer, depth + back, 0)
            parts.states.append(first)
            # A step that reads t - 1 and t - 3 carries t - 2 as well: it is the t - 3 of the next step.
            if back in by_tap:
                parts.inner_states.append(_inner(inner, by_tap[back], buffer.shape[1:]))
            else:
                parts.inner_states.append(Value(buffer.dtype, buffer.shape[1:]))
        places.append(list(range(start, start + depth)))
        buffers.append(b.slice(buffer, 0, None, depth))
    return places, buffers


def _inner(inner: "Translator", variable: Any, shape: Sequence[int | None]) -> Value:
    """The body's input for what has this shape outside."""
    value = inner.input(variable)
    stated = zip(value.shape, shape, strict=True)
    value.shape = tuple(known if size is None else size for size, known in stated)
    return value


def _is_filled(value: Value) -> bool:
    """Whether a value is a constant put into a shape that is known."""
    node = value.node
    if node is None or node.op != "Expand":
        return False
    return all(v is not None and v.constant is not None for v in node.inputs)


def looped(b: Builder, parts: Parts, steps: Value) -> tuple[list[Value], list[Value]]:
    """Last states and records; each group of states that depend on each other is a loop of its own."""
    if not parts.sequences:
        # A Loop, as ONNX's Scan, learns the number of steps from its sequences, so it gets one to walk.
        counted = b.make("Range", b.integer(0), steps, b.integer(1), dtype="int64", shape=(None,))
        parts.sequences.append(counted)
        parts.elements.append(Value("int64", ()))
    finals: dict[int, Value] = {}
    records: dict[int, Value] = {}
    groups = _groups(parts)
    own = cut_where_free(b, [_part(parts, *group) for group in groups], steps)
    for (states, recorded), part in zip(groups, own, strict=True):
        made = _made(b, part, steps)
        # A loop makes its last states first, and then its records.
        finals |= dict(zip(states, made, strict=False))
        records |= dict(zip(recorded, made[len(states) :], strict=True))
    return [finals[i] for i in range(len(parts.states))], [
        records[i] for i in range(len(parts.records))
    ]


def cut_where_free(b: Builder, loops: Sequence[Parts], steps: Value) -> list[Parts]:
    """The loops of one scan, those that might walk further than the shortest sequence of all cut to its length.

    Sequences that one loop walks are of one length, or whoever runs the file is told. So are those of loops that share
    a sequence's length; but a loop without any in common with the others would walk its own to their end.
    """
    limits = set(_lengths(steps))

    def ends_of(part: Parts) -> set[Value]:
        found = {length(b, seq, 0) for seq in part.sequences if seq.shape[0] is None} & limits
        is_cut = any(_is_cut(seq, steps) for seq in part.sequences)
        return found | ({steps} if is_cut or not found else set())

    ends = [ends_of(part) for part in loops]
    cut = []
    for part, own in zip(loops, ends, strict=True):
        equal = set(own)
        while more := [other for other in ends if other & equal and not other <= equal]:
            equal = equal.union(*more)
        if not (limits <= equal or steps in equal):
            walks = [b.slice(seq, 0, None, steps) for seq in part.sequences]
            part = replace(part, sequences=walks)
        cut.append(part)
    return cut


def _is_cut(seq: Value, steps: Value) -> bool:
    """Whether a sequence ends with the last step: by a cut, or as it counts the steps."""
    node = seq.node
    if seq.shape[0] is not None:
        return True  # of a known length, which `walked` has cut
    return (
        node is not None
        and node.op in ("Slice", "Range")
        and node.inputs[1 + (node.op == "Slice")] is steps
    )


def _groups(parts: Parts) -> list[tuple[list[int], list[int]]]:
    """States that depend on each other, with the records that depend on them."""
    owner = list(range(len(parts.states)))

    def root(i: int) -> int:
        while owner[i] != i:
            i = owner[i]
        return i

    place = {value: i for i, value in enumerate(parts.inner_states)}
    needs = [
        {place[v] for v in depends_on(value, parts.inner_states)}
        for value in [*parts.following, *parts.records]
    ]
    # A record that is a next state goes with that state, and with it to the layer that puts it out at every step.
    same: dict[Value, int] = {}
    for i, value in enumerate(parts.following):
        same.setdefault(value, i)
    count = len(parts.following)
    for i, states in enumerate(needs):
        base = [i] if i < count else sorted(states)[:1]
        # Union-find: what a next state or a record needs of another state joins the two.
        for j in states:
            owner[root(j)] = root(base[0])
    groups: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(count):
        groups.setdefault(root(i), ([], []))[0].append(i)
    for i, value in enumerate(parts.records):
        states = needs[count + i]
        # A record without a state is a map, and a group of its own: negative numbers are no places of states.
        at = root(same[value]) if value in same else root(min(states)) if states else -1 - i
        groups.setdefault(at, ([], []))[1].append(i)
    return list(groups.values())


def _part(parts: Parts, states: list[int], recorded: list[int]) -> Parts:
    """The loop of some of the states."""
    following = [parts.following[i] for i in states]
    records = [parts.records[i] for i in recorded]
    candidates = [*parts.elements, *parts.inner_invariants]
    read = {v for value in [*following, *records] for v in depends_on(value, candidates)}
    # One sequence even if none is read: it says how many steps there are.
    sequences = [i for i, v in enumerate(parts.elements) if v in read] or [0]
    invariants = [i for i, v in enumerate(parts.inner_invariants) if v in read]
    return Parts(
        [parts.states[i] for i in states],
        [parts.inner_states[i] for i in states],
        following,
        [parts.sequences[i] for i in sequences],
        [parts.elements[i] for i in sequences],
        [parts.invariants[i] for i in invariants],
        [parts.inner_invariants[i] for i in invariants],
        records,
    )


def _made(b: Builder, parts: Parts, steps: Value) -> list[Value]:
    """The Loop node's outputs: last states, then records."""
    body = Graph(
        [*parts.inner_states, *parts.elements, *parts.inner_invariants],
        [*parts.following, *parts.records],
    )
    size = parts.sequences[0].shape[0]
    # Whatever was sliced to the number of steps has that length, if all of it is walked.
    if size is None and steps.constant is not None:
        size = int(steps.constant)
    types = [(v.dtype, v.shape) for v in parts.states]
    types += [(v.dtype, (size, *v.shape)) for v in parts.records]
    attributes = {"body": body, "states": len(parts.states), "sequences": len(parts.sequences)}
    return b.node("Loop", [*parts.states, *parts.sequences, *parts.invariants], types, attributes)
