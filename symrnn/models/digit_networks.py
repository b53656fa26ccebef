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

from symrnn.cells import GRUCell, LSTMCell
from symrnn.errors import UserError, check_choice, nearest
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.models import digit_speller
from symrnn.models.tcn import TCN, parts, product, receptive_field
from symrnn.params import param
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

    cell: type
    depth: int = 1
    directions: int = 1
    is_residual: bool = False

    def mask_shape(self, steps, hidden_size):
        """M and W of the masks ``(M, B, W)``."""
        return self.depth, self.directions * hidden_size

    def graph(self, xs, masks, hidden_size, rng, answers):
        """The network that reads ``xs (T, B, D)``."""
        dtype, pixels = xs.type.dtype, xs.type.shape[2]
        w_in = self.w_in(pixels, hidden_size, rng, dtype)
        ys = product(xs, w_in[0]) if w_in else xs
        layers = []
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
        ends = pt.join(2, ys[-1:, :, :hidden_size], ys[:1, :, hidden_size:])
        return classified(xs, masks, ends, params, rng, answers)

    def w_in(self, pixels, hidden_size, rng, dtype):
        """The weights before the first layer, a list of one or none."""
        shape = (pixels, hidden_size)
        return [param("w_in", shape, glorot_uniform, rng, dtype=dtype)] if self.is_residual else []

    def layer(self, level, size, hidden_size, rng, dtype):
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

    def depth(self, steps):
        """The least number of blocks for the last of `steps` to see the first.

        Examples
        --------
        >>> Convolutional().depth(8), Convolutional().depth(64)
        (2, 5)
        """
        return next(n for n in range(1, steps + 1) if receptive_field(self.window, n) >= steps)

    def mask_shape(self, steps, hidden_size):
        """M and W of the masks ``(M, B, W)``."""
        return 2 * self.depth(steps), hidden_size

    def graph(self, xs, masks, hidden_size, rng, answers):
        """The network that reads ``xs (T, B, D)``."""
        steps, _, pixels = xs.type.shape
        depth, dtype = self.depth(steps), xs.type.dtype
        tcn = TCN.create(pixels, hidden_size, depth=depth, window=self.window, rng=rng, dtype=dtype)
        return classified(xs, masks, tcn.outputs(xs, masks), tcn.params, rng, answers)


@dataclass(frozen=True)
class Speller:
    """`symrnn.models.digit_speller`."""

    def mask_shape(self, steps, hidden_size):
        """M and W of the masks ``(M, B, W)``."""
        return digit_speller.MASKS, hidden_size

    def graph(self, xs, masks, hidden_size, rng, answers):
        """The network that reads ``xs (T, B, D)``."""
        if answers == "all":
            raise UserError("answers must be 'last' for a network that writes names, but is 'all'")
        return digit_speller.digit_speller(xs, masks, hidden_size, rng)


NETWORKS = {
    "lstm": Recurrent(LSTMCell),
    "two_layer_lstm": Recurrent(LSTMCell, depth=2),
    "bidirectional_lstm": Recurrent(LSTMCell, directions=2),
    "gru": Recurrent(GRUCell),
    "residual": Recurrent(GRUCell, depth=3, is_residual=True),
    "tcn": Convolutional(),
    "sequence_to_sequence": Speller(),
}


def digit_network(
    network="lstm",
    *,
    steps=8,
    pixels=8,
    batch=None,
    hidden_size=64,
    answers="last",
    seed=0,
    dtype=None,
):
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


def network_called(name):
    """The network of that name, or a `UserError`."""
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise UserError(
            f"network must be one of {known}, but is {name!r}; {nearest(name, NETWORKS)}"
        )
    return NETWORKS[name]


def classified(xs, masks, ys, params, rng, answers):
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
