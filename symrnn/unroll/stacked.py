"""Equal layers as one scan over stacked weights, so that the graph does not grow with depth.

The outer scan walks the layers; its body is one layer, with its own scan over time. The gradient is assembled the same
way: one outer scan back, whose body is the gradient of one layer. Needs cells whose weights have a leading layer axis
(``Cell.create(..., layers=L)``) and whose input is as wide as the layer's output.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell
from symrnn.errors import UserError
from symrnn.ops.assembled import assembled, gradients
from symrnn.ops.scan import Recurrence, Values, plain_scan, scan_loop
from symrnn.ops.substitute import evaluate
from symrnn.typing import TensorLike
from symrnn.unroll.autodiff import autodiff_layer
from symrnn.unroll.direction import Weights
from symrnn.unroll.initial import initial_state
from symrnn.unroll.layer import Layer, Projection, layer, projection
from symrnn.unroll.options import Options
from symrnn.unroll.sequence import PACKED_LENGTHS, MaskedSequence, sequence_of


def is_stacked(cell: Cell) -> bool:
    """Whether a cell's weights have a leading layer axis."""
    return cell.w_x.type.ndim == 3


def one_layer(cell: Cell) -> Cell:
    """The cell with one layer of each weight, as a symbol."""
    types = {name: stacked.type for name, stacked in cell.weights.items()}
    symbols: dict[str, Any] = {
        name: type_.clone(shape=type_.shape[1:])() for name, type_ in types.items()
    }
    return replace(cell, **symbols)


def check_layers(cells: Sequence[Cell]) -> None:
    """Refuse cells that are not the same number of layers, each as wide as their output."""
    first_axes = [
        (f"{type(cell).__name__}.{name}", weight.type.shape[:1])
        for cell in cells
        for name, weight in cell.weights.items()
    ]
    if not all(map(is_stacked, cells)) or len({size for _, size in first_axes}) != 1:
        found = ", ".join(f"{name} {size}" for name, size in first_axes)
        raise UserError(
            "every weight of layers in one scan must have the same number of layers as its first axis, but the first "
            f"axes are {found}; make both cells of a layer with create(..., layers=L)"
        )
    width = sum(cell.hidden_size for cell in cells)
    for cell in cells:
        if cell.input_size != width:
            raise UserError(
                f"layers in one scan need an input as wide as their output, {width}, but have {cell.input_size}; "
                "put a layer of its own before them"
            )


def stacked_layers(
    cells: Sequence[Cell],
    reverses: Sequence[bool],
    xs: TensorLike,
    mask: TensorLike | None,
    options: Options,
) -> TensorVariable:
    """``ys (T, B, sum of H)`` of equal layers upon `xs`, by one scan over their weights."""
    check_layers(cells)
    singles = [one_layer(cell) for cell in cells]
    sequence = sequence_of(xs, mask, singles)
    if options.gradient == "autodiff":
        return stacked_autodiff(cells, reverses, sequence, options)
    assembly = StackedAssembly(layer(singles, reverses, sequence, options, scan_loop))
    return assembled(assembly, assembly.pack(sequence, cells), name="Layers")[0]


def stacked_autodiff(
    cells: Sequence[Cell], reverses: Sequence[bool], sequence: MaskedSequence, options: Options
) -> TensorVariable:
    """The form to compare with: `autodiff_layer` inside a `pytensor.scan` over the layers."""
    stacked = [var for cell in cells for var in cell.weights.values()]

    def step(values: Values, carried: Values, given: Values) -> tuple[Values, Values]:
        rest = iter(values)
        given_weights: list[dict[str, Any]] = [
            # Names first: a zip that ends with them has taken no value of the next cell's.
            dict(zip(cell.weights, rest, strict=False))
            for cell in cells
        ]
        ones = [replace(cell, **each) for cell, each in zip(cells, given_weights, strict=True)]
        steps, batch, *masks = given
        inner = MaskedSequence.unpack(
            iter([steps, batch, carried[0], *masks]), is_masked=bool(masks)
        )
        initials = [initial_state(cell, None, inner) for cell in ones]
        ys, _ = autodiff_layer(ones, reverses, inner, initials, options, is_static=False)
        return [ys], [ys]

    steps, batch, xs, *masks = sequence.pack()
    walk = Recurrence(step, stacked, [xs], [steps, batch, *masks])
    [(_, [ys])] = plain_scan([walk], stacked[0].shape[0])
    return ys


@dataclass(frozen=True)
class StackedAssembly:
    """Equal layers, one upon the other, as an assembly for `symrnn.ops.assembled`.

    Its inputs are ``[T, B, xs, *mask, *stacked weights]``, its outputs
    ``[ys, *what each layer was given and recorded]``, the latter with a leading layer axis.

    Attributes
    ----------
    layer
        One of them, whose cells' weights are symbols (`one_layer`).
    """

    layer: Layer
    identity = None  # its symbols are those of its own cells

    @property
    def visible(self) -> int:
        return 1

    @cached_property
    def symbols(self) -> list[TensorVariable]:
        """The symbols of one layer's weights, direction by direction."""
        return [var for d in self.layer.directions for var in d.cell.weights.values()]

    @cached_property
    def projection(self) -> Projection:
        """One layer's, on `symbols`."""
        return projection([d.cell for d in self.layer.directions])

    def pack(self, sequence: MaskedSequence, cells: Sequence[Cell]) -> list[TensorVariable]:
        """The flat inputs."""
        return [*sequence.pack(), *(var for cell in cells for var in cell.weights.values())]

    def unpack(
        self, inputs: Sequence[TensorVariable]
    ) -> tuple[MaskedSequence, list[TensorVariable]]:
        """``(sequence, stacked weights)`` from the flat inputs."""
        flat = iter(inputs)
        sequence = MaskedSequence.unpack(flat, is_masked=self.layer.is_masked)
        return sequence, list(flat)

    def lengths(self, inputs: Sequence[Variable]) -> list[Variable]:
        return list(inputs[PACKED_LENGTHS])

    def outputs(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        sequence, stacked = self.unpack(inputs)

        def step(values: Values, carried: Values, given: Values) -> tuple[Values, Values]:
            [xs] = carried
            inner = self._inner(xs, given)
            ys, _, records = self.layer.forward(inner, *self._weights(values, inner))
            return [xs, *sum(records, [])], [ys]

        [(recorded, [ys])] = scan_loop(
            [Recurrence(step, stacked, [sequence.xs], self._shared(inputs, sequence))],
            stacked[0].shape[0],
            name="layers_forward",
        )
        return [ys, *recorded]

    def gradients(
        self,
        inputs: Sequence[TensorVariable],
        outputs: Sequence[TensorVariable],
        cotangents: Sequence[TensorVariable | None],
    ) -> list[TensorVariable | None]:
        sequence, stacked = self.unpack(inputs)
        [dys] = cotangents
        # ys is the one visible output, so whoever asks for gradients has its cotangent
        assert dys is not None

        def step(elements: Values, carried: Values, given: Values) -> tuple[Values, Values]:
            # elements: this layer's weights, then what `outputs` recorded of it, which is its input and its records
            rest = iter(elements)
            values, xs = list(islice(rest, len(stacked))), next(rest)
            inner = self._inner(xs, given)
            dxs, dprojection, dweights = self.layer.backward(
                inner,
                *self._weights(values, inner),
                [list(islice(rest, len(d.recorded))) for d in self.layer.directions],
                carried[0],
                [[None] * len(d.symbols.state) for d in self.layer.directions],
            )
            return self._field_gradients(values, dprojection, dweights), [dxs]

        sequences = [seq[::-1] for seq in (*stacked, *outputs[1:])]
        [(recorded, [dxs])] = scan_loop(
            [Recurrence(step, sequences, [dys], self._shared(inputs, sequence))],
            stacked[0].shape[0],
            name="layers_backward",
        )
        # One an input, in the order of `pack`; the walk went from the last layer to the first.
        masks = [None] * len(sequence.mask)
        return [None, None, dxs, *masks, *(seq[::-1] for seq in recorded)]

    def plain(self, inputs: Sequence[TensorVariable]) -> list[TensorVariable]:
        """``[ys]`` through `pytensor.scan` over the layers."""
        sequence, stacked = self.unpack(inputs)

        def step(values: Values, carried: Values, given: Values) -> tuple[Values, Values]:
            inner = self._inner(carried[0], given)
            ys, _ = self.layer.plain(inner, *self._weights(values, inner))
            return [ys], [ys]

        [(_, final)] = plain_scan(
            [Recurrence(step, stacked, [sequence.xs], self._shared(inputs, sequence))],
            stacked[0].shape[0],
        )
        return final

    def _shared(self, inputs: Sequence[TensorVariable], sequence: MaskedSequence) -> list[Any]:
        """What every layer is given besides its input and its weights: ``[T, B, *mask]``."""
        return [*self.lengths(inputs), *sequence.mask]

    def _inner(self, xs: TensorVariable, shared: Values) -> MaskedSequence:
        """The sequence that a layer walks, inside the scan over the layers."""
        steps, batch, *mask = shared
        return MaskedSequence.unpack(iter([steps, batch, xs, *mask]), is_masked=bool(mask))

    def _weights(
        self, values: Values, sequence: MaskedSequence
    ) -> tuple[Projection, list[Weights]]:
        """What `Layer` is given, from the values of `symbols`; every layer starts from zeros."""
        known: dict[TensorVariable, TensorVariable] = dict(zip(self.symbols, values, strict=True))
        weights = [
            Weights(
                known[d.cell.w_h],
                evaluate(d.captured, known),
                initial_state(d.cell, None, sequence),
            )
            for d in self.layer.directions
        ]
        return Projection(*evaluate(self.projection, known)), weights

    def _field_gradients(
        self, values: Values, dprojection: Projection, dweights: Sequence[Weights]
    ) -> Values:
        """The gradients of one layer's weights, traced back from what a layer is given to the cells' fields."""
        # Pairs, and no dictionary: a step may capture `w_h` or `b` besides, whose gradients then add up.
        known: list[tuple[Any, Any]] = list(zip(self.projection, dprojection, strict=True))
        for d, dw in zip(self.layer.directions, dweights, strict=True):
            known += zip([d.cell.w_h, *d.captured], [dw.w_h, *dw.captured], strict=True)
        # Zeros where a step does not read a weight, which is a sequence of the walk back all the same.
        found = gradients(self.symbols, known)
        return evaluate(found, dict(zip(self.symbols, values, strict=True)))
