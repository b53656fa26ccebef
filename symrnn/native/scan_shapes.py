"""The shapes of a Scan's outputs, from a template that is made once for its step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.traversal import ancestors
from pytensor.scan.op import Scan
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.shape import Shape_i

Get = Callable[[Variable, int], Variable]


class ScanShapes:
    """The shapes that a step records, as expressions of the shapes and values that it is given.

    Attributes
    ----------
    recorded
        For each output that is recorded without a state, an expression an axis.
    extents
        What stands in them for the extent of an inner input: ``{variable: (input's index, axis)}``.
    """

    def __init__(
        self,
        op: Scan,
        inputs: Sequence[Variable],
        recorded: Sequence[Sequence[Variable]],
        extents: dict[Variable, tuple[int, int]],
    ):
        self.op, self.inputs, self.recorded, self.extents = op, inputs, recorded, extents

    def extent(self, node: Apply, which: int, axis: int, get: Get) -> Variable:
        """The extent of a node's output along `axis`; `get` gives an extent of a variable outside."""
        op = self.op
        lengths, carried = op.outer_nitsot(node.inputs), op.outer_untraced_sit_sot(node.inputs)
        states = _states(op, node.inputs)
        if which < len(states):
            return get(states[which], axis)
        which -= len(states)
        if which >= len(lengths):
            return get(carried[which - len(lengths)], axis)
        if axis == 0:
            return lengths[which]
        return self._recorded(self.recorded[which][axis - 1], node, get)

    def _recorded(self, extent: Variable, node: Apply, get: Get) -> Variable:
        """An extent of what a step records, of the values outside."""
        op = self.op
        if extent in self.extents:  # most often: that of something the step is given
            return self._given(extent, node, get)
        new = {
            symbol: self._given(symbol, node, get)
            for symbol in ancestors([extent], blockers=self.extents)
            if symbol in self.extents
        }
        new |= zip(op.inner_non_seqs(self.inputs), op.outer_non_seqs(node.inputs), strict=True)
        return _evaluated(extent, new)

    def _given(self, symbol: Variable, node: Apply, get: Get) -> Variable:
        """The extent outside that a symbol stands for; what is walked along has the axis of time before the others."""
        op, info = self.op, self.op.info
        taps = chain(info.mit_mot_in_slices, info.mit_sot_in_slices, info.sit_sot_in_slices)
        # In the order of a step's inputs: sequences, each buffer as often as it has taps, carried states, invariants.
        outside = [
            *((x, 1) for x in op.outer_seqs(node.inputs)),
            *(
                (state, 1)
                for state, slices in zip(_states(op, node.inputs), taps, strict=True)
                for _ in slices
            ),
            *((x, 0) for x in op.outer_untraced_sit_sot(node.inputs)),
            *((x, 0) for x in op.outer_non_seqs(node.inputs)),
        ]
        which, axis = self.extents[symbol]
        variable, leading = outside[which]
        return get(variable, axis + leading)


def _states(op: Scan, inputs: Sequence[Variable]) -> list[Variable]:
    """The buffers of recorded states, in the order of a step's inputs and outputs."""
    return [*op.outer_mitmot(inputs), *op.outer_mitsot(inputs), *op.outer_sitsot(inputs)]


def scan_shapes(op: Scan) -> ScanShapes | None:
    """The template of an op; None where a shape depends on what only a step knows, or on when a loop stops."""
    if op.info.as_while:
        return None
    graph = op.fgraph.unfreeze()
    feature = ShapeFeature()
    recorded = [feature.shape_tuple(out) for out in op.inner_nitsot_outs(list(graph.outputs))]
    if None in recorded:
        return None
    inputs = list(graph.inputs)
    extents = {
        symbol: (i, axis)
        for i, var in enumerate(inputs)
        # PyTensor's own variables for extents of inputs; a number where the type tells it.
        for axis, symbol in feature._shape_i_cache.get(var, {}).items()
        if not isinstance(symbol, Constant)
    }
    known = {*extents, *op.inner_non_seqs(inputs)}
    if any(not _reads_only(n, known) for dims in recorded for n in dims):
        return None
    return ScanShapes(op, inputs, recorded, extents)


def _reads_only(var: Variable, known: set[Variable]) -> bool:
    stack = [var]
    while stack:
        var = stack.pop()
        if var in known or isinstance(var, Constant):
            continue
        # The extent of something else than an input: a step alone knows it.
        if var.owner is None or isinstance(var.owner.op, Shape_i):
            return False
        stack += var.owner.inputs
    return True


def _evaluated(var: Variable, new: dict[Variable, Variable]) -> Variable:
    """`var` with what stands for extents replaced; nothing of what is put in its place is copied."""
    if var not in new:
        node = var.owner
        if node is None:
            return var
        inputs = [_evaluated(x, new) for x in node.inputs]
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            return var
        new.update(zip(node.outputs, node.clone_with_new_inputs(inputs).outputs, strict=True))
    return new[var]
