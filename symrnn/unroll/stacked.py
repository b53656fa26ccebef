"""Equal layers as one scan over stacked weights, so that the graph does not grow with depth.

The outer scan walks the layers; its body is one layer, with its own scan over time. The gradient is assembled the same
way: one outer scan back, whose body is the gradient of one layer. Needs cells whose weights have a leading layer axis
(``Cell.create(..., layers=L)``) and whose input is as wide as the layer's output.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from pytensor.gradient import grad

from symrnn.ops.scan import Recurrence, plain_scan, scan_loop
from symrnn.ops.substitute import evaluate
from symrnn.unroll.direction import Projection, Weights
from symrnn.unroll.layer import Layer, projection
from symrnn.unroll.sequence import Sequence, given_lengths, initial_state, known_lengths


def is_stacked(cell):
    """Whether a cell's weights have a leading layer axis."""
    return cell.w_x.type.ndim == 3


def one_layer(cell):
    """The cell with one layer of each weight, as a symbol."""
    types = {name: stacked.type for name, stacked in cell.weights.items()}
    symbols = {name: type_.clone(shape=type_.shape[1:])() for name, type_ in types.items()}
    return replace(cell, **symbols)


@dataclass(frozen=True)
class StackedLayer:
    """Equal layers, one upon the other, as an assembly for `symrnn.ops.assembled`.

    Attributes
    ----------
    layer
        One of them, whose cells' weights are symbols (`one_layer`).
    """

    layer: Layer

    visible = 1

    @cached_property
    def symbols(self):
        """The symbols of one layer's weights, direction by direction."""
        return [var for d in self.layer.directions for var in d.cell.weights.values()]

    @cached_property
    def projection(self):
        """One layer's, on `symbols`."""
        return projection([d.cell for d in self.layer.directions])

    def pack(self, sequence, cells):
        """The flat inputs ``[steps, batch, xs, *mask, *stacked weights]``."""
        lengths = given_lengths(sequence)
        stacked = [var for cell in cells for var in cell.weights.values()]
        return [*lengths, sequence.xs, *sequence.mask, *stacked]

    def _unpack(self, inputs):
        """``(sequence, stacked weights)`` from the flat inputs."""
        head = 3 + self.layer.is_masked
        *lengths, xs = inputs[:3]
        steps, batch = known_lengths(xs, lengths)
        return Sequence(xs, list(inputs[3:head]), steps, batch), list(inputs[head:])

    def _weights(self, values, sequence):
        """What `Layer` is given, from the values of `symbols`; every layer starts from zeros."""
        known = dict(zip(self.symbols, values, strict=True))
        weights = [
            Weights(
                known[d.cell.w_h],
                evaluate(d.captured, known),
                initial_state(d.cell, None, sequence),
            )
            for d in self.layer.directions
        ]
        return Projection(*evaluate(self.projection, known)), weights

    def outputs(self, inputs):
        """``[ys, *what each layer was given and recorded]``, the latter with a leading layer axis."""
        sequence, stacked = self._unpack(inputs)
        invariants = [*inputs[:2], *sequence.mask]

        def step(values, carried, given):
            [xs] = carried
            inner, _ = self._unpack([*given[:2], xs, *given[2:]])
            ys, _, records = self.layer.forward(inner, *self._weights(values, inner))
            return [xs, *sum(records, [])], [ys]

        [(recorded, [ys])] = scan_loop(
            [Recurrence(step, stacked, [sequence.xs], invariants)],
            stacked[0].shape[0],
            name="layers_forward",
        )
        return [ys, *recorded]

    def gradients(self, inputs, outputs, cotangents):
        sequence, stacked = self._unpack(inputs)
        invariants = [*inputs[:2], *sequence.mask]
        count = len(stacked)

        def step(elements, carried, given):
            values, xs, records = elements[:count], elements[count], iter(elements[count + 1 :])
            inner, _ = self._unpack([*given[:2], xs, *given[2:]])
            dxs, dprojection, dweights = self.layer.backward(
                inner,
                *self._weights(values, inner),
                [list(islice(records, len(d.recorded))) for d in self.layer.directions],
                carried[0],
                [[None] * len(d.symbols.state) for d in self.layer.directions],
            )
            return self._field_gradients(values, dprojection, dweights), [dxs]

        sequences = [seq[::-1] for seq in (*stacked, *outputs[1:])]
        [(recorded, [dxs])] = scan_loop(
            [Recurrence(step, sequences, cotangents, invariants)],
            stacked[0].shape[0],
            name="layers_backward",
        )
        head = [None] * (len(inputs) - count)
        head[2] = dxs
        return [*head, *(seq[::-1] for seq in recorded)]

    def _field_gradients(self, values, dprojection, dweights):
        """The gradients of one layer's weights, traced back from what a layer is given to the cells' fields."""
        known = dict(zip(self.projection, dprojection, strict=True))
        for d, dw in zip(self.layer.directions, dweights, strict=True):
            known |= dict(zip([d.cell.w_h, *d.captured], [dw.w_h, *dw.captured], strict=True))
        found = grad(None, self.symbols, known_grads=known)
        return evaluate(found, dict(zip(self.symbols, values, strict=True)))

    def plain(self, inputs):
        """``[ys]`` through `pytensor.scan` over the layers."""
        sequence, stacked = self._unpack(inputs)
        invariants = [*inputs[:2], *sequence.mask]

        def step(values, carried, given):
            inner, _ = self._unpack([*given[:2], carried[0], *given[2:]])
            ys = self.layer.plain(self.layer.pack(inner, *self._weights(values, inner)))[0]
            return [ys], [ys]

        [(_, final)] = plain_scan(
            [Recurrence(step, stacked, [sequence.xs], invariants)], stacked[0].shape[0]
        )
        return final
