"""A layer: one or two cells that walk a sequence side by side, forward and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.products import Product
from symrnn.ops.scan import Loop, Recurrence, Values, plain_scan
from symrnn.ops.windows import length
from symrnn.typing import Size
from symrnn.unroll.columns import columns, joined, rows, side_by_side, unrows
from symrnn.unroll.direction import Direction, Weights, direction
from symrnn.unroll.options import Options
from symrnn.unroll.sequence import MaskedSequence


class Projection(NamedTuple):
    """The input's weights, those of all directions side by side: one product projects the input for all of them."""

    w_x: TensorVariable  # (D, sum of G*H)
    b: TensorVariable  # (sum of G*H,)


@dataclass(frozen=True)
class Layer:
    """Cells that walk one sequence side by side.

    Attributes
    ----------
    directions
        One or two.
    loop
        `symrnn.ops.scan.scan_loop` or `static_loop`.
    gradient_steps
        Steps from the end of each walk that the gradient goes back; None for all.
    """

    directions: tuple[Direction, ...]
    loop: Loop
    gradient_steps: int | None = None

    def __post_init__(self) -> None:
        # the directions share the sequence, and so its mask; all else each has for itself
        assert len({len(d.symbols.mask) for d in self.directions}) == 1
        if len({d.cell.x_product for d in self.directions}) > 1:
            first, second = (d.cell.x_product for d in self.directions)
            raise UserError(
                f"the cells of a layer must have one x_product, for one product projects the input of both, but have"
                f" {first} and {second}; walk them one by one"
            )

    def forward(
        self, sequence: MaskedSequence, projection: Projection, weights: Sequence[Weights]
    ) -> tuple[TensorVariable, list[Values], list[Values]]:
        """``ys (T, B, sum of H)``, and each direction's last state and records, these in the order of time."""
        walks = self._walks(sequence, projection, weights)
        results = self.loop(walks, sequence.steps, name="forward")
        records = [
            [d.walk(seq) for seq in seqs]
            for d, (seqs, _) in zip(self.directions, results, strict=True)
        ]
        return joined([record[0] for record in records]), [final for _, final in results], records

    def backward(
        self,
        sequence: MaskedSequence,
        projection: Projection,
        weights: Sequence[Weights],
        records: Sequence[Values],
        dys: TensorVariable | None,
        dfinals: Sequence[Sequence[TensorVariable | None]],
    ) -> tuple[TensorVariable, Projection, list[Weights]]:
        """The gradients of ``xs``, of the projection, and of each direction's weights.

        `dys` and what `dfinals` holds may be None for zero.
        """
        steps = self._backward_steps(sequence)
        zs, dhs = self._projected(sequence, projection), self._split(dys)
        each = zip(self.directions, zs, weights, records, dhs, dfinals, strict=True)
        walks = [
            d.backward(sequence, z, w, record, dh, _known(dfinal, w.initial))
            for d, z, w, record, dh, dfinal in each
        ]
        results = self.loop(walks, steps, name="backward")
        dzs, dweights = [], []
        for d, record, (seqs, carried) in zip(self.directions, records, results, strict=True):
            dz, dw = d.gradients(record, *self._completed(d, seqs, carried, sequence, steps))
            dzs.append(dz)
            dweights.append(dw)
        product, dz, flat = self.product, side_by_side(dzs, axis=1), rows(sequence.xs)
        others = [axis for axis in range(dz.type.ndim) if axis != 1]
        dprojection = Projection(w_x=product.weights(flat, dz), b=dz.sum(axis=others))
        dxs = unrows(product.pulled(dz, projection.w_x, flat), sequence.steps, sequence.batch)
        return dxs, dprojection, dweights

    def plain(
        self, sequence: MaskedSequence, projection: Projection, weights: Sequence[Weights]
    ) -> tuple[TensorVariable, list[Values]]:
        """``ys`` and each direction's last state, through `pytensor.scan`."""
        each = zip(self.directions, self._projected(sequence, projection), weights, strict=True)
        walks = [d.plain(sequence, zs, w) for d, zs, w in each]
        results = plain_scan(walks, sequence.steps, gradient_steps=self.gradient_steps)
        hs = [
            d.walk(recorded[0]) for d, (recorded, _) in zip(self.directions, results, strict=True)
        ]
        return joined(hs), [final for _, final in results]

    @property
    def product(self) -> Product:
        """What projects the input, for all directions."""
        return self.directions[0].cell.x_product

    @property
    def is_masked(self) -> bool:
        return bool(self.directions[0].symbols.mask)

    def _walks(
        self, sequence: MaskedSequence, projection: Projection, weights: Sequence[Weights]
    ) -> list[Recurrence]:
        """Each direction's walk forward."""
        each = zip(self.directions, self._projected(sequence, projection), weights, strict=True)
        return [d.forward(sequence, zs, w) for d, zs, w in each]

    def _projected(self, sequence: MaskedSequence, projection: Projection) -> Values:
        """The projected input of each direction, ``(T, B, G*H)``."""
        product = self.product
        flat = product.of(rows(sequence.xs), projection.w_x) + product.bias(projection.b)
        zs = unrows(flat, sequence.steps, sequence.batch)
        return columns(zs, [d.width for d in self.directions])

    def _backward_steps(self, sequence: MaskedSequence) -> Size:
        """How many steps the gradient goes back."""
        if self.gradient_steps is None:
            return sequence.steps
        if isinstance(sequence.steps, int):
            return min(sequence.steps, self.gradient_steps)
        return pt.minimum(sequence.steps, self.gradient_steps)

    def _split(self, dys: TensorVariable | None) -> list[Values]:
        """The gradient of each direction's outputs: a list of one sequence, or of none."""
        if dys is None:
            return [[] for _ in self.directions]
        return [[dhs] for dhs in columns(dys, [d.cell.hidden_size for d in self.directions])]

    def _completed(
        self,
        direction: Direction,
        seqs: Values,
        carried: Values,
        sequence: MaskedSequence,
        steps: Size,
    ) -> tuple[Values, Values]:
        """What a direction's walk back recorded and carried, with zeros for what it did not reach."""
        if self.gradient_steps is None:
            return seqs, carried
        missing = sequence.steps - steps
        zeros = [
            pt.zeros(
                (missing, sequence.batch, *(length(seq, axis) for axis in range(2, seq.type.ndim))),
                dtype=seq.type.dtype,
            )
            for seq in seqs
        ]
        # A walk back that stops on its way has not reached the initial state; the sums behind dstate are whole as they
        # are.
        count = len(direction.symbols.state)
        reached = [
            pt.switch(pt.eq(missing, 0), state, pt.zeros_like(state)) for state in carried[:count]
        ]
        completed = [pt.join(0, *pair) for pair in zip(seqs, zeros, strict=True)]
        return completed, [*reached, *carried[count:]]


def layer(
    cells: Sequence[Cell],
    reverses: Sequence[bool],
    sequence: MaskedSequence,
    options: Options,
    loop: Loop,
) -> Layer:
    """The layer of these cells for sequences such as this one."""
    batch = sequence.batch if isinstance(sequence.batch, int) else None
    directions = tuple(
        direction(
            cell,
            reverse=reverse,
            batch=batch,
            is_masked=bool(sequence.mask),
            grad_clipping=options.grad_clipping,
        )
        for cell, reverse in zip(cells, reverses, strict=True)
    )
    return Layer(directions, loop, options.gradient_steps)


def projection(cells: Sequence[Cell]) -> Projection:
    """What projects the input for all of `cells`."""
    return Projection(side_by_side(c.w_x for c in cells), side_by_side(c.b for c in cells))


def _known(gradients: Sequence[TensorVariable | None], likes: Values) -> Values:
    """The gradients, with zeros for None."""
    return [
        pt.zeros(like.shape, dtype=like.type.dtype) if g is None else g
        for g, like in zip(gradients, likes, strict=True)
    ]
