"""Scan as a loop: elements of sequences and traces are windows that move with the counter, so nothing is copied.

What a step puts out is written where it belongs at once: a trace's entry, the next slot of a state's buffer. Where that
slot is still being read (a state without a trace, a buffer as short as its taps), it is written when the step is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from pytensor.graph.basic import Apply, Variable

from symrnn.native.builder import Builder, OpenKernel
from symrnn.native.lowering.indexing import overwritten
from symrnn.native.lowering.rule import Rule, asked_outside
from symrnn.native.lowering.step_outputs import finish_step
from symrnn.native.nested import Steps
from symrnn.native.program import Kernel, Loop, Number
from symrnn.native.scalar import arg, const
from symrnn.native.shapes import Shape, Shapes
from symrnn.native.sizes import Int, counter, remainder
from symrnn.native.window import Window

Pairs = list[tuple[Variable, Variable]]  # inner and outer


def scan_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    op, info, outs = node.op.scan, node.op.scan.info, node.op.step.outputs
    steps = shapes.number(node.inputs[0])
    if steps < 0:
        raise IndexError(f"Scan was asked to run for negative number of step {steps}")
    inner = shapes.inner[node] = _shapes_in_step(node, shapes, steps)
    kept = [shapes.of(outer) for outer in _buffers(node)]
    following = [*op.inner_mitsot_outs(outs), *op.inner_sitsot_outs(outs)]
    for shape, out in zip(kept[info.n_mit_mot :], following, strict=True):
        _check_kept(shape[1:], inner.of(out), steps)
    traces = zip(op.outer_nitsot(node.inputs), op.inner_nitsot_outs(outs), strict=True)
    recorded = [
        (shapes.number(length) if steps != 0 else 0, *inner.of(out)) for length, out in traces
    ]
    carried = [shapes.of(outer) for _, outer in _carried(node)]
    for shape, out in zip(carried, op.inner_untraced_sit_sot_outs(outs), strict=True):
        _check_kept(shape, inner.of(out), steps)
    return [*kept, *recorded, *carried, *([()] if info.as_while else [])]


def _shapes_in_step(node: Apply, shapes: Shapes, steps: Int) -> Shapes:
    """The shapes of a step's variables."""
    from symrnn.native.lowering import infer

    inner = Shapes()
    for var, outer in _sequences(node):
        shape = shapes.of(outer)
        if shape[0] < steps:
            raise ValueError(
                f"Sequence {outer} has shape {shape} but the Scan's required number of steps is {steps}"
            )
        inner.shape[var] = shape[1:]
    for variables, outer in zip(_taps(node.op), _buffers(node), strict=True):
        for var in variables:
            inner.shape[var] = shapes.of(outer)[1:]
    for var, outer in [*_carried(node), *_constants(node)]:
        inner.shape[var] = shapes.of(outer)
    for var, outer in _constants(node):
        # Of what stays alone: a state or an element of a sequence is another number in each step.
        if (number := shapes.number_or_none(outer)) is not None:
            inner.numbers[var] = number
    with asked_outside(dict(_constants(node))):
        infer(node.op.step.nodes, inner, may_call=True)
    return inner


def _sequences(node: Apply) -> Pairs:
    """The elements that a step reads, each with the sequence that it is of."""
    op, step = node.op.scan, node.op.step
    return list(zip(op.inner_seqs(step.inputs), op.outer_seqs(node.inputs), strict=True))


def _carried(node: Apply) -> Pairs:
    """The states without a buffer, each with its initial value."""
    op, step = node.op.scan, node.op.step
    inner, outer = op.inner_untraced_sit_sot(step.inputs), op.outer_untraced_sit_sot(node.inputs)
    return list(zip(inner, outer, strict=True))


def _constants(node: Apply) -> Pairs:
    """What is the same in all steps, as a step reads it and as it is given."""
    op, step = node.op.scan, node.op.step
    return list(zip(op.inner_non_seqs(step.inputs), op.outer_non_seqs(node.inputs), strict=True))


def _check_kept(before, after, steps):
    if before != after and steps != 0:
        raise ValueError(
            f"a state of a Scan must keep its shape, which is {before}, but becomes {after}"
        )


def _buffers(node):
    """The outer inputs that states are kept in."""
    op = node.op.scan
    return [
        *op.outer_mitmot(node.inputs),
        *op.outer_mitsot(node.inputs),
        *op.outer_sitsot(node.inputs),
    ]


def _taps(op):
    """For each state with a buffer, the inner inputs that read it."""
    scan, inputs = op.scan, op.step.inputs
    return [
        *scan.inner_mitmot_grouped(inputs),
        *scan.inner_mitsot_grouped(inputs),
        *([var] for var in scan.inner_sitsot(inputs)),
    ]


@dataclass
class Store:
    """Memory that steps write to: `window`, whose entry of step t is ``(first + t) % length``."""

    window: Window
    first: int
    wraps: bool

    def entry(self, t: Int, tap: int = 0) -> Window:
        index = self.first + tap + t
        return self.window.indexed(
            0, remainder(index, self.window.shape[0]) if self.wraps else index
        )


def scan_lower(node: Apply, builder: Builder) -> None:
    from symrnn.native.lowering import lower

    op, info, step = node.op.scan, node.op.scan.info, node.op.step
    steps, outs = builder.shapes.number(node.inputs[0]), step.outputs
    for var in node.inputs:  # what the loop reads is written before it
        if isinstance(builder.values.get(var), OpenKernel):
            builder.window(var)
    inner = Builder(step.nodes, outs, builder.shapes.inner[node], builder.parts)
    loop = Loop(builder.parts.name("t"), steps, inner.body)
    t = counter(loop.name)
    taps = [*info.mit_mot_in_slices, *info.mit_sot_in_slices, *info.sit_sot_in_slices]
    stores, traces = _stores(node, builder, taps, steps), _traces(node, builder, steps)
    states = _states(node, builder)
    _bind_inputs(node, builder, inner, taps, stores, states, t)
    now, later = _targets(op, outs, taps, stores, traces, states, t)
    for var, target in now:
        inner.borrowed.add(target.buffer)
        inner.want(var, partial(lambda target: target, target))
    if info.as_while:
        loop.stop = inner.temporary("bool", ())
        loop.done = builder.parts.name("done")
        inner.want(outs[-1], lambda: loop.stop)
    lower(step.nodes, inner)
    if loop.stop is not None:  # before states are written over that it may read
        settle_truth(inner, outs[-1], loop.stop)
    finish_step(inner, now, later)
    # Only now: what it reads was written to `builder.body` while the step was lowered.
    builder.body.append(loop)
    if info.as_while:
        _bind_raw(node, builder, loop, [*stores, *traces], states)
    else:
        _bind_outputs(node, builder, stores, traces, states, steps)


def _stores(
    node: Apply, builder: Builder, taps: Sequence[Sequence[int]], steps: Int
) -> list[Store]:
    """The buffers of states, for a step to write to."""
    stores = []
    # States in buffers are put out first; behind them come traces, and states without a buffer.
    for outer, out, slices in zip(_buffers(node), node.outputs, taps, strict=False):
        window = overwritten(node, builder, outer, out)
        # The oldest tap of the first step is entry 0, so that step writes as many entries further on.
        first = -min((0, *slices))
        # A buffer that was cut short, since nobody reads all of it, is written round and round.
        stores.append(Store(window, first, bool(window.shape[0] < steps + first)))
    return stores


def _traces(node: Apply, builder: Builder, steps: Int) -> list[Store]:
    """Memory for what steps record besides their states."""
    return [
        Store(_trace(builder, out, steps), 0, bool(builder.shapes.of(out)[0] < steps))
        for out in node.op.scan.outer_nitsot_outs(node.outputs)
    ]


def _states(node: Apply, builder: Builder) -> list[Window]:
    """Where states without a buffer are carried: where the last ones are to be, so the first ones are put there."""
    states = []
    outs = node.op.scan.outer_untraced_sit_sot_outs(node.outputs)
    for (_, outer), out in zip(_carried(node), outs, strict=True):
        state = builder.place(out)
        builder.settle(outer, state)
        states.append(state)
    return states


def _bind_inputs(
    node: Apply,
    builder: Builder,
    inner: Builder,
    taps: Sequence[Sequence[int]],
    stores: Sequence[Store],
    states: Sequence[Window],
    t: Int,
) -> None:
    """Tell a step where everything lies that it reads."""
    for var, outer in _sequences(node):
        _given(inner, var, builder, outer, t)
    for variables, slices, store in zip(_taps(node.op), taps, stores, strict=True):
        for var, tap in zip(variables, slices, strict=True):
            inner.bind(var, store.entry(t, tap))
            # Its other entries are other steps'.
            inner.borrowed.add(store.window.buffer)
    for (var, _), state in zip(_carried(node), states, strict=True):
        inner.bind(var, state)
        inner.borrowed.add(state.buffer)
    for var, outer in _constants(node):
        _given(inner, var, builder, outer)


def _bind_outputs(
    node: Apply,
    builder: Builder,
    stores: Sequence[Store],
    traces: Sequence[Store],
    states: Sequence[Window],
    steps: Int,
) -> None:
    """The outputs of a Scan that runs to its end: buffers and traces with their oldest entries first, last states."""
    mit_mots = node.op.scan.info.n_mit_mot
    for store, out in zip(stores[:mit_mots], node.outputs, strict=False):
        builder.bind(out, store.window)
    ends = [*stores[mit_mots:], *traces]
    for store, out in zip(ends, node.outputs[mit_mots:], strict=False):
        builder.bind(out, _in_order(builder, store, steps, out))
    last = node.op.scan.outer_untraced_sit_sot_outs(node.outputs)
    for state, out in zip(states, last, strict=True):
        builder.bind(out, state)


def settle_truth(builder: Builder, variable: Variable, place: Window) -> None:
    """Have in `place`, a bool, whether the variable differs from 0."""
    if variable in builder.values and builder.values[variable] is place:
        return
    kernel = OpenKernel(())
    element = builder.element(kernel, variable)
    truth = element if element.dtype == "bool" else element.differs(0)
    builder.body.append(Kernel((), [place], kernel.inputs, [truth]))


def _bind_raw(node, builder, loop, stores, carried):
    """The outputs of a Scan that may stop before its end: whole buffers, and how many steps were done."""
    *outs, done = node.outputs
    for value, out in zip([*(store.window for store in stores), *carried], outs, strict=True):
        builder.bind(out, value)
    place = builder.place(done)
    builder.body.append(
        Kernel((), [place], [Number(counter(loop.done), "int64")], [arg(0, "int64")])
    )
    builder.bind(done, place)


def _trace(builder, out, steps):
    """Memory for a trace; a buffer of its own where its end has to be turned round afterwards."""
    shape = builder.shapes.of(out)
    if shape[0] < steps:
        return builder.temporary(str(out.type.dtype), shape)
    return builder.place(out)


def _given(inner, var, builder, outer, t=None):
    """What a step reads of an outer variable: all of it, or the entry of step `t`."""
    same = builder.uniform(outer)
    if same is not None:
        inner.bind(var, same)
    elif builder.shapes.number_or_none(outer) is None or t is not None:
        window = builder.window(outer)
        inner.bind(var, window if t is None else window.indexed(0, t))
        inner.borrowed.add(window.buffer)


def _targets(op, outs, taps, stores, traces, carried, t):
    """Where each output of a step belongs: what can be written at once, and what is still being read until its end."""
    info = op.info
    now: list[tuple[Variable, Window]] = []
    later: list[tuple[Variable, Window]] = []
    flat = iter(op.inner_mitmot_outs(outs))
    # The buffers of mit_mots are the first.
    for store, out_slices in zip(stores, info.mit_mot_out_slices, strict=False):
        for var, tap in zip(islice(flat, len(out_slices)), out_slices, strict=True):
            # A mit_mot adds up in the entries that the same step reads.
            later.append((var, store.entry(t, tap)))
    following = [*op.inner_mitsot_outs(outs), *op.inner_sitsot_outs(outs)]
    for store, var in zip(stores[info.n_mit_mot :], following, strict=True):
        # As short as its taps: the oldest one, which is read in this step, makes room for the new one.
        is_read = store.wraps and store.window.shape[0] <= store.first
        (later if is_read else now).append((var, store.entry(t)))
    now += [
        (var, store.entry(t)) for store, var in zip(traces, op.inner_nitsot_outs(outs), strict=True)
    ]
    later += zip(op.inner_untraced_sit_sot_outs(outs), carried, strict=True)
    return now, later


def _in_order(builder, store, steps, out):
    """The trace or buffer with its oldest entry first, and zeros where no step wrote."""
    window, length = store.window, store.window.shape[0]
    if store.wraps:
        turn = remainder(store.first + steps, length)
        if turn == 0:
            return window
        place = builder.temporary(window.dtype, window.shape)
        builder.copy(window.sliced(0, turn, length - turn), place.sliced(0, 0, length - turn))
        builder.copy(window.sliced(0, 0, turn), place.sliced(0, length - turn, turn))
        return place
    written = store.first + steps
    if length > written:
        rest = window.sliced(0, written, length - written)
        builder.write(rest, [], const(0, window.dtype))
    return window


def scan_wants(node: Apply, builder: Builder) -> None:
    """A state's buffer is wanted where the result is, if nothing else reads it."""
    # States in buffers are put out first.
    for outer, out in zip(_buffers(node), node.outputs, strict=False):
        if (
            out in builder.places
            and builder.unread.get(outer) == {node}
            and outer not in builder.outputs
        ):
            builder.want(outer, partial(builder.place, out))


RULES: dict[type, Rule] = {Steps: Rule(scan_shapes, scan_lower, scan_wants)}
