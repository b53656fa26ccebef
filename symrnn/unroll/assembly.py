"""A layer as one op: what it is given, flat, and its values and gradients for `symrnn.ops.assembled`."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.ops.assembled import assembled
from symrnn.ops.scan import Values, scan_loop, static_loop
from symrnn.unroll.direction import Weights
from symrnn.unroll.layer import Layer, Projection, layer, projection
from symrnn.unroll.options import Options
from symrnn.unroll.sequence import PACKED_LENGTHS, MaskedSequence


def assembled_layer(
    cells: Sequence[Cell],
    reverses: Sequence[bool],
    sequence: MaskedSequence,
    initials: Sequence[Values],
    options: Options,
    *,
    is_static: bool,
) -> tuple[TensorVariable, list[Values]]:
    """``ys (T, B, sum of H)`` and each cell's last state, with the assembled gradient."""
    loop = static_loop if is_static else scan_loop
    made = layer(cells, reverses, sequence, options, loop)
    weights = [d.weights(initial) for d, initial in zip(made.directions, initials, strict=True)]
    assembly = LayerAssembly(made, sequence.steps if isinstance(sequence.steps, int) else None)
    inputs = assembly.pack(sequence, projection(cells), weights)
    ys, *finals = assembled(assembly, inputs, name="Unrolled")
    return ys, assembly.states(finals)


@dataclass(frozen=True)
class LayerAssembly:
    """A layer as an assembly: a flat list in, a flat list out.

    Its inputs are ``[T, B, xs, *mask, w_x, b, *(w_h, *captured, *initial) of each direction]``, its outputs
    ``[ys, *last state of each direction, *records of each direction]``, its gradients one an input.

    Attributes
    ----------
    layer
        What it packs.
    steps
        T where it is known beforehand, as `static_loop` needs.
    """

    layer: Layer
    steps: int | None = None

    def pack(
        self, sequence: MaskedSequence, projection: Projection, weights: Sequence[Weights]
    ) -> list[TensorVariable]:
        """The flat inputs."""
        return [*sequence.pack(), *projection, *_flat(weights)]

    def unpack(
        self, inputs: Sequence[TensorVariable]
    ) -> tuple[MaskedSequence, Projection, list[Weights]]:
        """What the flat inputs were packed from; known lengths as numbers."""
        # Positions are all that tells the inputs apart, so they are taken off in the very order of `pack`; how many
        # there are of each, the layer knows: a mask or none, and for each direction its captured expressions and state
        # fields.
        flat = iter(inputs)
        sequence = MaskedSequence.unpack(flat, is_masked=self.layer.is_masked)
        projection = Projection(*islice(flat, 2))
        weights = [
            Weights(
                next(flat),
                list(islice(flat, len(d.captured))),
                list(islice(flat, len(d.symbols.state))),
            )
            for d in self.layer.directions
        ]
        # The type of xs may not know T where static_unroll was given steps=.
        return sequence._replace(steps=self.steps or sequence.steps), projection, weights

    @property
    def identity(self) -> Hashable | None:
        """Layers of the same steps and products, walked alike."""
        layer = self.layer
        if any(d.name is None for d in layer.directions):
            return None
        steps = [
            (d.name, d.cell.x_product, d.cell.h_product, d.reverse, d.grad_clipping)
            for d in layer.directions
        ]
        return (*steps, layer.loop, layer.gradient_steps, self.steps)

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        return list(inputs[PACKED_LENGTHS])

    @property
    def visible(self) -> int:
        return 1 + sum(len(d.symbols.state) for d in self.layer.directions)

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        ys, finals, records = self.layer.forward(*self.unpack(inputs))
        return [ys, *sum(finals, []), *sum(records, [])]

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        sequence, projection, weights = self.unpack(inputs)
        dys, *dfinals = cotangents
        records = self.records(outputs[self.visible :])
        dxs, dprojection, dweights = self.layer.backward(
            sequence, projection, weights, records, dys, self.states(dfinals)
        )
        # One an input, in the order of `pack`; lengths and the mask have none.
        masks = [None] * len(sequence.mask)
        return [None, None, dxs, *masks, *dprojection, *_flat(dweights)]

    def plain(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        ys, finals = self.layer.plain(*self.unpack(inputs))
        return [ys, *sum(finals, [])]

    def states(self, flat: Sequence[Any]) -> list[list[Any]]:
        """A flat list of all directions' state fields, direction by direction."""
        rest = iter(flat)
        return [list(islice(rest, len(d.symbols.state))) for d in self.layer.directions]

    def records(self, flat: Sequence[TensorVariable]) -> list[Values]:
        """A flat list of all directions' records, direction by direction."""
        rest = iter(flat)
        return [list(islice(rest, len(d.recorded))) for d in self.layer.directions]


def _flat(weights: Sequence[Weights]) -> list[TensorVariable]:
    return [var for w in weights for var in (w.w_h, *w.captured, *w.initial)]
