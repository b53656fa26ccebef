"""Toderici's recurrent image codec: a picture in bits, and what is left of it in more bits, as often as one likes.

After Toderici et al. [1]_: what of a picture is not yet told, the residual, goes through an encoder of convolutional
recurrent cells to a few channels of numbers, which are rounded to -1 or 1, the bits; a decoder of such cells makes a
picture of them; what that lacks is the next step's residual. One network serves all rates: each step adds its bits.

A cell is one of `symrnn.cells` whose products are convolutions (`symrnn.ops.products`). The steps are those of a scan,
and what is carried from one to the next are the cells' states and the picture as it is told so far.

================ ==================================================================================================
``one_shot``     each step's picture stands for itself
``additive``     it is added to those before
``scaled``       the same, of a residual that is scaled by a gain, which follows from the picture so far
================ ==================================================================================================

.. [1] Toderici, Vincent, Johnston, Hwang, Minnen, Shor, Covell: Full resolution image compression with recurrent neural
   networks. CVPR 2017. arXiv:1608.05148
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import CELLS, Cell
from symrnn.init import glorot_uniform, zeros
from symrnn.models.weights import weights_of, with_weights
from symrnn.ops.activations import tanh
from symrnn.ops.blocks import binarized, depth_to_space
from symrnn.ops.products import Convolution
from symrnn.ops.scan import Loop, Recurrence, Values, scan_loop
from symrnn.ops.windows import length
from symrnn.params import param
from symrnn.typing import Size

RECONSTRUCTIONS = ("additive", "one_shot", "scaled")
COLOURS = 3
POINT = Convolution((1, 1))


@dataclass(frozen=True)
class CodecShape:
    """The sizes of a network.

    Attributes
    ----------
    first
        Filters, window and stride of the convolution before the cells.
    encoder
        Hidden channels and stride of each cell.
    channels
        Bits of a place and step.
    decoder
        Hidden channels of each cell, and how many times as high and wide its outputs become.
    head
        Window and times of what makes pixels. An even window is that of blocks that lap over each other by half.
    own
        Steps that have filters of their own for what is read of a picture, rounded, spread and made, while all have the
        same cells; later steps have the last one's. 0: the same for all.
    """

    first: tuple[int, int, int] = (96, 16, 8)
    encoder: tuple[tuple[int, int], ...] = ((96, 1),)
    channels: int = 8
    decoder: tuple[tuple[int, int], ...] = ((96, 1), (96, 1))
    head: tuple[int, int] = (2, 8)
    own: int = 0

    @property
    def scales(self) -> tuple[int, ...]:
        """Pixels a side of each cell's places.

        Examples
        --------
        >>> SIZES["full"].scales
        (4, 8, 16, 16, 8, 4, 2)
        """
        at, found = self.first[2], []
        for _, stride in self.encoder:
            at *= stride
            found.append(at)
        for _, times in self.decoder:
            found.append(at)
            at //= times
        return tuple(found)

    @property
    def block(self) -> int:
        """Pixels a side of a place of the code; a picture's sides are multiples of it."""
        return self.scales[len(self.encoder) - 1]

    @property
    def bits_a_pixel(self) -> float:
        """Of one step, before they are coded.

        Examples
        --------
        >>> SIZES["small"].bits_a_pixel, SIZES["full"].bits_a_pixel
        (0.125, 0.125)
        """
        return self.channels / self.block**2


SIZES = {
    "tiny": CodecShape((4, 4, 2), ((3, 2),), 2, ((4, 2),), (2, 2), own=2),
    "small": CodecShape(own=6),
    "full": CodecShape(
        (64, 3, 2), ((256, 2), (512, 2), (512, 2)), 32, ((512, 2), (512, 2), (256, 2), (128, 2)), (1, 1)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """A convolution with its bias."""

    w: TensorVariable  # (K*C, F), or (steps, K*C, F)
    b: TensorVariable  # (F,), or (steps, F)
    product: Convolution

    @classmethod
    def create(
        cls,
        name: str,
        product: Convolution,
        seen: int,
        filters: int,
        rng: np.random.Generator,
        dtype: str,
        steps: int | None = None,
    ) -> "Filters":
        """Fresh ones; with `steps`, so many of them side by side."""
        made: dict[str, Any] = {"dtype": dtype, "layers": steps}
        return cls(
            param(f"{name}w", (product.taps * seen, filters), glorot_uniform, rng, **made),
            param(f"{name}b", (filters,), zeros, rng, **made),
            product,
        )

    def of(self, xs: TensorVariable) -> TensorVariable:
        """``(B, F, *S)`` from ``xs (B, C, *S)``."""
        return self.product.of(xs, self.w) + self.b[None, :, None, None]


class Told(NamedTuple):
    """What the steps leave."""

    pictures: TensorVariable  # (T, B, 3, height, width), after each step
    bits: TensorVariable  # (T, B, C, *S), -1 or 1


@dataclass(frozen=True)
class CodecNetwork:
    """The network, whose pictures ``(B, 3, height, width)`` lie in [-0.5, 0.5]."""

    first: Filters
    encoder: tuple[Cell, ...]
    bits: Filters
    spread: Filters
    decoder: tuple[Cell, ...]
    head: Filters
    gain: tuple[Filters, ...]
    shape: CodecShape
    reconstruction: str

    @classmethod
    def create(
        cls,
        shape: CodecShape,
        *,
        cell: str = "gru",
        reconstruction: str = "additive",
        rng: np.random.Generator,
        dtype: str,
    ) -> "CodecNetwork":
        """A network with fresh parameters."""
        filters, window, stride = shape.first

        def filtered(name, product, seen, made, steps=shape.own or None):
            return Filters.create(f"{name}.", product, seen, made, rng, dtype, steps)

        def walked(name, seen, hidden, stride):
            return CELLS[cell].create(
                seen, hidden, rng=rng, name=f"{name}.", dtype=dtype,
                x_product=Convolution((3, 3), stride), h_product=POINT,
            )  # fmt: skip

        first = filtered("first", Convolution((window, window), stride), COLOURS, filters)
        encoder, seen = [], filters
        for i, (hidden, stride) in enumerate(shape.encoder, 1):
            encoder.append(walked(f"encoder{i}", seen, hidden, stride))
            seen = hidden
        bits = filtered("bits", POINT, seen, shape.channels)
        spread = filtered("spread", POINT, shape.channels, seen)
        decoder = []
        for i, (hidden, times) in enumerate(shape.decoder, 1):
            decoder.append(walked(f"decoder{i}", seen, hidden, 1))
            # `depth_to_space` makes channels into places.
            seen = hidden // times**2
        window, times = shape.head
        head = filtered("head", Convolution((window, window)), seen, COLOURS * times**2)
        block = Convolution((shape.block, shape.block), shape.block)
        gain = [filtered("gain", block, COLOURS, 1, None)] if reconstruction == "scaled" else []
        return cls(
            first, tuple(encoder), bits, spread, tuple(decoder), head, tuple(gain), shape, reconstruction
        )  # fmt: skip

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight."""
        return weights_of(self)

    @property
    def own(self) -> list[TensorSharedVariable]:
        """The weights of which each step has its own, ``(steps, ...)``."""
        filters = (self.first, self.bits, self.spread, self.head)
        return weights_of(filters) if self.shape.own else []

    @property
    def shared(self) -> list[TensorSharedVariable]:
        """The weights that all steps share."""
        own = set(self.own)
        return [weight for weight in self.params if weight not in own]

    def by_step(self, steps: Size) -> Values:
        """Those of `own`, ``(T, ...)`` each, for T steps."""
        last = self.shape.own - 1
        at: Any = (
            np.minimum(np.arange(steps), last)
            if isinstance(steps, int)
            else pt.minimum(pt.arange(steps), last)
        )
        return [weights[at] for weights in self.own]

    def at_step(self, own: Values, shared: Values) -> "CodecNetwork":
        """The network of one step: with its own weights, and those that all share."""
        # Weights stand in the order of `params`, where both kinds are mixed; each kind keeps its order, so its next one
        # is due.
        is_own, rest_own, rest = set(self.own), iter(own), iter(shared)
        return with_weights(
            self, [next(rest_own if weight in is_own else rest) for weight in self.params]
        )

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (*self.encoder, *self.decoder)

    def initial(self, batch: Size, height: Size, width: Size) -> Values:
        """Zeros: the state of every cell, field by field, for pictures of that size."""
        return [
            pt.zeros((batch, cell.hidden_size, height // at, width // at), dtype=cell.w_h.type.dtype)
            for cell, at in zip(self.cells, self.shape.scales, strict=True)
            for _ in cell.State._fields
        ]  # fmt: skip

    def encode(self, residual: TensorVariable, states: Values) -> tuple[TensorVariable, Values]:
        """What is to be rounded to bits, in [-1, 1], and the next states of the encoder."""
        xs, after = self.first.of(residual), []
        for cell, state in each_state(self.encoder, states):
            after.append(advanced(cell, xs, state))
            xs = after[-1][0]
        return tanh(self.bits.of(xs)), [field for state in after for field in state]

    def decode(self, bits: TensorVariable, states: Values) -> tuple[TensorVariable, Values]:
        """A picture, and the next states of the decoder."""
        xs, after = tanh(self.spread.of(bits)), []
        each = zip(each_state(self.decoder, states), self.shape.decoder, strict=True)
        for (cell, state), (_, times) in each:
            after.append(advanced(cell, xs, state))
            xs = depth_to_space(after[-1][0], times)
        return self.pixels(xs), [field for state in after for field in state]

    def pixels(self, xs: TensorVariable) -> TensorVariable:
        """What the head makes of the last cell's outputs."""
        window, times = self.shape.head
        return (
            lapped(self.head, xs, times)
            if window % 2 == 0
            else depth_to_space(self.head.of(xs), times)
        )

    def gains(self, picture: TensorVariable) -> TensorVariable:
        """What a residual is multiplied by, at least 1, for each block alike."""
        [gain] = self.gain
        values = gain.of(picture)
        # ELU and 2, as in [1]. The minimum is for the side that is not chosen: it would overflow, and its gradient be
        # no number.
        values = 2 + pt.switch(values > 0, values, pt.expm1(pt.minimum(values, 0)))
        block = self.shape.block
        # One number for all pixels of a block.
        return depth_to_space(pt.concatenate([values] * block**2, axis=1), block)

    def told(self, picture: TensorVariable, made: TensorVariable) -> TensorVariable:
        """The picture after a step that made `made`, of the one before."""
        if self.reconstruction == "one_shot":
            return made
        return picture + (made / self.gains(picture) if self.gain else made)

    def residual(self, xs: TensorVariable, picture: TensorVariable) -> TensorVariable:
        """What a step is given to tell."""
        rest = xs - picture
        return rest * self.gains(picture) if self.gain else rest

    def step(
        self, xs: TensorVariable, us: TensorVariable, carried: Values
    ) -> tuple[TensorVariable, Values]:
        """The bits of a step, and what it carries on: the picture and the cells' states."""
        picture, states = carried[0], carried[1:]
        # Fields of the encoder's states come first, those of the decoder's behind them.
        count = sum(len(cell.State._fields) for cell in self.encoder)
        code, encoder = self.encode(self.residual(xs, picture), states[:count])
        bits = binarized(code, us)
        made, decoder = self.decode(bits, states[count:])
        return bits, [self.told(picture, made), *encoder, *decoder]

    def coded(self, xs: TensorVariable, us: TensorVariable, *, loop: Loop = scan_loop) -> Told:
        """Every step's picture and bits, over ``us (T, B, C, *S)``, for `binarized`.

        `scan_loop` has no gradient; `plain_scan` and `static_loop` have.
        """

        def step(elements: Values, carried: Values, given: Values) -> tuple[Values, Values]:
            bound = self.at_step(elements[1:], given[1:])
            bits, after = bound.step(given[0], elements[0], carried[:-1])
            return [after[0], bits], [*after, bits]

        start = [pt.zeros_like(xs), *self.initial(*(length(xs, axis) for axis in (0, 2, 3)))]
        # The bits are carried too, which nobody reads: `plain_scan` records what is carried, and nothing else.
        steps = length(us, 0)
        told = [us, *self.by_step(steps)]
        walk = Recurrence(step, told, [*start, pt.zeros_like(us[0])], [xs, *self.shared])
        [(recorded, _)] = loop([walk], steps)
        return Told(recorded[0], recorded[-1])

    def shown(self, bits: TensorVariable) -> TensorVariable:
        """``(T, B, 3, height, width)``: the pictures that ``bits (T, B, C, *S)`` tell, by one scan."""
        steps, block = bits.shape[0], self.shape.block
        count = sum(len(cell.State._fields) for cell in self.encoder)

        def step(elements: Values, carried: Values, given: Values) -> tuple[Values, Values]:
            bound = self.at_step(elements[1:], given)
            made, states = bound.decode(elements[0], carried[1:])
            picture = bound.told(carried[0], made)
            return [picture], [picture, *states]

        batch, height, width = bits.shape[1], bits.shape[3] * block, bits.shape[4] * block
        start = [
            pt.zeros((batch, COLOURS, height, width), dtype=bits.type.dtype),
            # A decoder knows the bits alone: it has no states of an encoder.
            *self.initial(batch, height, width)[count:],
        ]
        walk = Recurrence(step, [bits, *self.by_step(steps)], start, self.shared)
        [((pictures,), _)] = scan_loop([walk], steps)
        return pictures


def lapped(head: Filters, xs: TensorVariable, times: int) -> TensorVariable:
    """``(B, 3, times * height, times * width)``, blocks of twice that size that lap over each other.

    The window of `head` is even. There is one place more along each axis, each between four of `xs`, and half a block
    is cut off all around.
    """
    half = head.product.window[0] // 2
    around = Convolution(head.product.window, edges=(half, half))
    ys = around.of(xs, head.w) + head.b[None, :, None, None]
    cut = slice(times // 2, -(times // 2))
    return depth_to_space(ys, times)[:, :, cut, cut]


def advanced(cell: Cell, xs: TensorVariable, state: Any) -> Any:
    """The next state of a cell that is given ``xs (B, D, *S)``."""
    z = cell.x_product.of(xs, cell.w_x) + cell.b[None, :, None, None]
    return cell.advance(z, cell.h_product.of(state[0], cell.w_h), state)


def each_state(cells: Sequence[Cell], flat: Values) -> list[tuple[Cell, Any]]:
    """Each cell with its state, of all their fields."""
    rest = iter(flat)
    return [(cell, cell.State(*islice(rest, len(cell.State._fields)))) for cell in cells]
