"""Seven networks that read a handwritten digit, a row or a pixel a step.

======================== ========================================================================================
``lstm``                 a layer of LSTM cells
``two_layer_lstm``       two
``bidirectional_lstm``   a layer of them each way
``gru``                  a layer of GRU cells
``residual``             three layers of GRU cells, each added to its input [1]_
``tcn``                  `symrnn.models.tcn`, as deep as it must be for the last step to see the first
``sequence_to_sequence`` `symrnn.models.digit_speller`
======================== ========================================================================================

Every layer's outputs are multiplied by a dropout mask, the same one at each step [2]_, which is an input of the graph:
0 where a unit is dropped, ``1 / (1 - dropout)`` where it is kept, and ones to test with.

.. [1] Wu et al.: Google's neural machine translation system. arXiv:1609.08144, section 3.1
.. [2] Gal, Ghahramani: A theoretically grounded application of dropout in recurrent neural networks. NIPS 2016.
"""

from dataclasses import dataclass

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell, GRUCell, LSTMCell
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.models import digit_speller
from symrnn.models.tcn import TCN, parts, product, receptive_field
from symrnn.params import param
from symrnn.typing import Params
from symrnn.unroll import stack

DIGITS = 10
ANSWERS = ("last", "all")


@dataclass(frozen=True)
class Recurrent:
    """Layers of one cell, upon each other.

    Attributes
    ----------
    cell
        A class of `symrnn.cells`.
    depth
        Layers.
    directions
        1, or 2 for both ways.
    is_residual
        Whether each layer is added to its input, which ``w_in`` first makes as wide.
    """

    cell: type[Cell]
    depth: int = 1
    directions: int = 1
    is_residual: bool = False

    def mask_shape(self, steps: int, hidden_size: int) -> tuple[int, int]:
        """M and W of the masks ``(M, B, W)``."""
        return self.depth, self.directions * hidden_size

    def graph(
        self,
        xs: TensorVariable,
        masks: TensorVariable,
        hidden_size: int,
        rng: np.random.Generator,
        answers: str,
    ) -> TrainingGraph:
        """The network that reads ``xs (T, B, D)`` under ``masks (M, B, W)``."""
        dtype, pixels = xs.type.dtype, xs.type.shape[2]
        w_in = self.w_in(pixels, hidden_size, rng, dtype)
        # Layers that are added to their input need one as wide as they are.
        ys = product(xs, w_in[0]) if w_in else xs
        layers: list[list[Cell]] = []
        for mask in parts(masks, self.depth):
            layers.append(self.layer(len(layers), ys.type.shape[2], hidden_size, rng, dtype))
            made = mask * stack(layers[-1:], ys)
            ys = ys + made if self.is_residual else made
        params = [*w_in, *(var for layer in layers for cell in layer for var in cell.params)]
        if self.directions == 1:
            return classified(xs, masks, ys, params, rng, answers)
        if answers == "all":
            raise UserError(
                "answers must be 'last' for a network that reads both ways, but is 'all';"
                " what it has read at a step is the whole image"
            )
        # what each direction has read in the end: the one at the last step, the other at the first
        ends = pt.join(2, ys[-1:, :, :hidden_size], ys[:1, :, hidden_size:])
        return classified(xs, masks, ends, params, rng, answers)

    def w_in(
        self, pixels: int, hidden_size: int, rng: np.random.Generator, dtype: str
    ) -> list[TensorSharedVariable]:
        """The weights before the first layer, a list of one or none."""
        shape = (pixels, hidden_size)
        return [param("w_in", shape, glorot_uniform, rng, dtype=dtype)] if self.is_residual else []

    def layer(
        self, level: int, size: int, hidden_size: int, rng: np.random.Generator, dtype: str
    ) -> list[Cell]:
        """A cell, or one each way."""
        return [
            self.cell.create(
                size, hidden_size, rng=rng, name=f"layer{level + 1}.{way}.", dtype=dtype
            )
            for way in ("forward", "backward")[: self.directions]
        ]


@dataclass(frozen=True)
class Convolutional:
    """A TCN whose convolutions see `window` steps."""

    window: int = 3

    def depth(self, steps: int) -> int:
        """The least number of blocks for the last of `steps` to see the first.

        Examples
        --------
        >>> Convolutional().depth(8), Convolutional().depth(64)
        (2, 5)
        """
        # A block sees at least two steps more, so `steps` blocks are always enough.
        return next(n for n in range(1, steps + 1) if receptive_field(self.window, n) >= steps)

    def mask_shape(self, steps: int, hidden_size: int) -> tuple[int, int]:
        """M and W of the masks ``(M, B, W)``."""
        return 2 * self.depth(steps), hidden_size

    def graph(
        self,
        xs: TensorVariable,
        masks: TensorVariable,
        hidden_size: int,
        rng: np.random.Generator,
        answers: str,
    ) -> TrainingGraph:
        """The network that reads ``xs (T, B, D)`` under ``masks (M, B, W)``."""
        steps, _, pixels = xs.type.shape
        depth, dtype = self.depth(steps), xs.type.dtype
        tcn = TCN.create(pixels, hidden_size, depth=depth, window=self.window, rng=rng, dtype=dtype)
        return classified(xs, masks, tcn.outputs(xs, masks), tcn.params, rng, answers)


@dataclass(frozen=True)
class Speller:
    """`symrnn.models.digit_speller`."""

    def mask_shape(self, steps: int, hidden_size: int) -> tuple[int, int]:
        """M and W of the masks ``(M, B, W)``."""
        return digit_speller.MASKS, hidden_size

    def graph(
        self,
        xs: TensorVariable,
        masks: TensorVariable,
        hidden_size: int,
        rng: np.random.Generator,
        answers: str,
    ) -> TrainingGraph:
        """The network that reads ``xs (T, B, D)`` under ``masks (M, B, W)``."""
        if answers == "all":
            raise UserError("answers must be 'last' for a network that writes names, but is 'all'")
        return digit_speller.digit_speller(xs, masks, hidden_size, rng)


NETWORKS: dict[str, Recurrent | Convolutional | Speller] = {
    "lstm": Recurrent(LSTMCell),
    "two_layer_lstm": Recurrent(LSTMCell, depth=2),
    "bidirectional_lstm": Recurrent(LSTMCell, directions=2),
    "gru": Recurrent(GRUCell),
    "residual": Recurrent(GRUCell, depth=3, is_residual=True),
    "tcn": Convolutional(),
    "sequence_to_sequence": Speller(),
}


def digit_network(
    network: str = "lstm",
    *,
    steps: int = 8,
    pixels: int = 8,
    batch: int | None = None,
    hidden_size: int = 64,
    answers: str = "last",
    seed: int = 0,
    dtype: str | None = None,
) -> TrainingGraph:
    """One of `NETWORKS` with its loss.

    Parameters
    ----------
    steps, pixels
        T and D.
    batch
        B where it is to be static; the backend JAX needs it.
    hidden_size
        H, the units of each layer and direction.
    answers
        ``"last"``: the network says what it reads after the last step; ``"all"``: after each, and the loss is the mean
        over all.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, B, D)``, ``masks (M, B, W)`` and ``labels (B,)``, int32; output ``"logits" (B, K)``, or
        ``(T, B, K)`` for all steps. That of ``sequence_to_sequence`` is `digit_speller`'s.

    Examples
    --------
    >>> graph = digit_network("bidirectional_lstm", batch=5)
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs]
    ['xs (8, 5, 8)', 'masks (1, 5, 128)', 'labels (5,)']
    """
    kind = network_called(network)
    check_choice("answers", answers, ANSWERS)
    dtype = dtype or pytensor.config.floatX
    count, width = kind.mask_shape(steps, hidden_size)
    xs = pt.tensor("xs", dtype=dtype, shape=(steps, batch, pixels))
    masks = pt.tensor("masks", dtype=dtype, shape=(count, batch, width))
    return kind.graph(xs, masks, hidden_size, np.random.default_rng(seed), answers)


def network_called(name: str) -> Recurrent | Convolutional | Speller:
    """The network of that name, or a `UserError`."""
    check_choice("network", name, NETWORKS)
    return NETWORKS[name]


def classified(
    xs: TensorVariable,
    masks: TensorVariable,
    ys: TensorVariable,
    params: Params,
    rng: np.random.Generator,
    answers: str,
) -> TrainingGraph:
    """The network whose outputs are ``ys (T, B, W)``, with a softmax over the digits."""
    dtype = xs.type.dtype
    w = param("w", (ys.type.shape[2], DIGITS), glorot_uniform, rng, dtype=dtype)
    b = param("b", (DIGITS,), zeros, rng, dtype=dtype)
    labels = pt.tensor("labels", dtype="int32", shape=xs.type.shape[1:2])
    if answers == "all":
        logits, said = product(ys, w) + b, labels[None, :]
    else:
        logits, said = pt.dot(ys[-1], w) + b, labels
    loss = cross_entropy(logits, said)
    return TrainingGraph([xs, masks, labels], loss, [*params, w, b], {"logits": logits})
