"""A language model of words with all that AWD-LSTM [1]_ puts around its layers, for layers of LSTM cells or of a QRNN.

An embedding, layers, and a softmax whose weights are those of the embedding. What regularises is drawn outside, once a
batch, and comes in as masks: of whole words, of the input, between the layers, of the output (each unit the same in all
steps), and of the weights that lead from step to step, which are multiplied before the scan, so that no mask adds one.
To the loss come AR, the mean square of what is put out, and TAR, that of its changes from step to step.

State: ``states (B, S)``, that of all layers side by side.

.. [1] Merity, Keskar, Socher: Regularizing and optimizing LSTM language models. ICLR 2018. arXiv:1708.02182
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.graph import TrainingGraph
from symrnn.init import uniform
from symrnn.losses import cross_entropy
from symrnn.models.tcn import product
from symrnn.models.weights import weights_of
from symrnn.params import param
from symrnn.typing import Shape
from symrnn.unroll import Gradient

BOUND = 0.1  # of the embedding at the start


class WordLayer(Protocol):
    """A layer that is walked from a state ``(B, S)``, and whose weights may be masked."""

    @property
    def widths(self) -> tuple[int, int, int]:
        """D, H, and columns of its state."""

    @property
    def dropped_shape(self) -> tuple[int, int]:
        """Of the weights that weight drop is for."""

    def walk(
        self,
        xs: TensorVariable,
        state: TensorVariable,
        *,
        weight_mask: TensorVariable | None,
        step_mask: TensorVariable | float | None,
        gradient: Gradient,
    ) -> tuple[TensorVariable, TensorVariable]:
        """``ys (T, B, H)`` and the state after the last step."""


class Dropouts(NamedTuple):
    """Shares that are dropped, each at least 0 and below 1; a mask of 0 is no input of the graph."""

    words: float = 0.0
    inputs: float = 0.0
    between: float = 0.0
    outputs: float = 0.0
    weights: float = 0.0
    steps: float = 0.0  # zoneout: states that stay for a step


NONE = Dropouts()


class Masks(NamedTuple):
    """Masks of a batch, scaled so that what they multiply keeps its mean, but those of zoneout; None for no mask."""

    words: TensorVariable | None = (
        None  # (T, B), of the words read: each the same wherever it stands
    )
    inputs: TensorVariable | None = None  # (B, E)
    between: tuple[TensorVariable | None, ...] = ()  # (B, H) behind each layer but the last
    outputs: TensorVariable | None = None  # (B, H) behind the last
    weights: tuple[TensorVariable | None, ...] = ()  # one a layer
    steps: tuple[TensorVariable | None, ...] = ()  # (T, B, H), one a layer


class Reading(NamedTuple):
    """What came of reading words."""

    logits: TensorVariable  # (T, B, V)
    states: TensorVariable  # (B, S)
    hs: TensorVariable  # (T, B, H), of the last layer
    dropped: TensorVariable  # the same, masked


@dataclass(frozen=True)
class WordNetwork:
    """Weights of the network.

    Attributes
    ----------
    embedding
        ``(V, E)``.
    layers
        From the lowest.
    w
        ``(V, H)`` of the softmax; None where it is the embedding.
    b
        ``(V,)``.
    zoneout
        The share of states that stay for a step, on average, where no mask says which.
    """

    embedding: TensorVariable
    layers: tuple[Any, ...]
    w: TensorVariable | None
    b: TensorVariable
    zoneout: float = field(default=0.0, kw_only=True)

    @classmethod
    def create(
        cls,
        layers: Sequence[WordLayer],
        *,
        vocabulary: int,
        tied: bool = True,
        rng: np.random.Generator,
        zoneout: float = 0.0,
        dtype: str | None = None,
    ) -> "WordNetwork":
        """A network with fresh parameters upon those of the layers."""

        def rows(name, width):
            return param(name, (vocabulary, width), uniform(BOUND), rng, dtype=dtype)

        return cls(
            rows("embedding", layers[0].widths[0]),
            tuple(layers),
            None if tied else rows("w", layers[-1].widths[1]),
            param("b", (vocabulary,), zipf, rng, dtype=dtype),
            zoneout=zoneout,
        )

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight, layer by layer."""
        return weights_of(self)

    @property
    def state_size(self) -> int:
        """S."""
        return sum(layer.widths[2] for layer in self.layers)

    def read(
        self,
        words: TensorVariable,
        states: TensorVariable,
        masks: Masks | None = None,
        *,
        gradient: Gradient = "assembled",
    ) -> Reading:
        """What follows each of ``words (T, B)``, from ``states (B, S)``."""
        xs: TensorVariable = self.embedding[words]
        nothing = (None,) * len(self.layers)
        given = masks or Masks(between=nothing[1:], weights=nothing, steps=nothing)
        if given.words is not None:
            xs = xs * given.words[:, :, None]
        xs = masked(xs, given.inputs)
        # The layers' states lie side by side: where the columns of each end.
        ends = list(accumulate(layer.widths[2] for layer in self.layers))
        later: list[TensorVariable] = []
        hs = xs
        for i, layer in enumerate(self.layers):
            step_mask = 1 - self.zoneout if masks is None and self.zoneout else given.steps[i]
            hs, state = layer.walk(
                xs,
                states[:, ends[i] - layer.widths[2] : ends[i]],
                weight_mask=given.weights[i],
                step_mask=step_mask,
                gradient=gradient,
            )
            later.append(state)
            # One mask a layer: behind the last stands that of the outputs.
            xs = masked(hs, (*given.between, given.outputs)[i])
        w = self.embedding if self.w is None else self.w
        return Reading(product(xs, w.T) + self.b, pt.join(1, *later), hs, xs)


def zipf(shape: Shape, rng: np.random.Generator | None = None) -> np.ndarray:
    """The logarithms of how often words are, up to a constant, by Zipf's law, which Mandelbrot mended for the first.

    Words are numbered from the commonest. Where the bias of the softmax begins at zero, Adam teaches the last layer to
    put out a constant in its place, in steps so even that its units saturate, and an LSTM without AR learns no more.

    Examples
    --------
    >>> zipf((3,)).round(2)
    array([-0.99, -1.31, -1.55])
    """
    return -np.log(np.arange(shape[0]) + 2.7)


def masked(xs: TensorVariable, mask: TensorVariable | None) -> TensorVariable:
    """``xs (T, B, N)`` times ``mask (B, N)``, the same in all steps."""
    return xs if mask is None else xs * mask[None]


def mask_inputs(layers: Sequence[WordLayer], dropouts: Dropouts, batch: int, dtype: str) -> Masks:
    """Inputs for the masks of `dropouts`."""

    def made(name, share, *shape):
        return pt.tensor(name, dtype=dtype, shape=shape) if share else None

    widths = [layer.widths for layer in layers]
    return Masks(
        made("word_mask", dropouts.words, None, batch),
        made("input_mask", dropouts.inputs, batch, widths[0][0]),
        tuple(
            made(f"mask{i}", dropouts.between, batch, width[1])
            for i, width in enumerate(widths[:-1], 1)
        ),
        made("output_mask", dropouts.outputs, batch, widths[-1][1]),
        tuple(
            made(f"weight_mask{i}", dropouts.weights, *layer.dropped_shape)
            for i, layer in enumerate(layers, 1)
        ),
        tuple(
            made(f"step_mask{i}", dropouts.steps, None, batch, width[1])
            for i, width in enumerate(widths, 1)
        ),
    )


def in_a_row(masks: Masks) -> Iterator[tuple[str, TensorVariable]]:
    """The masks that there are, in the order of the graph's inputs, each with the name of its field."""
    for kind, each in zip(Masks._fields, masks, strict=True):
        for mask in each if isinstance(each, tuple) else (each,):
            if mask is not None:
                yield kind, mask


def word_model(
    net: WordNetwork,
    dropouts: Dropouts = NONE,
    *,
    batch: int,
    ar: float = 0.0,
    tar: float = 0.0,
    gradient: Gradient = "assembled",
) -> TrainingGraph:
    """The network with its loss: nats a word, and to them ``ar`` and ``tar`` times what these measure.

    Parameters
    ----------
    net
        The weights.
    dropouts
        What is masked.
    batch
        B, of the state that is carried and of the masks.
    ar, tar
        Weights of the mean square of the last layer's masked outputs, and of the changes of those that are not masked.
    gradient
        As for `symrnn.unroll.scan_states`.

    Returns
    -------
    TrainingGraph
        Inputs ``words (T, B)`` and ``targets (T, B)``, int32, these one word later, and the masks; ``states (B, S)`` is
        carried. The outputs are without masks and start from a further input ``given (B, S)``: ``"nats" (T, B)`` of
        each target, ``"next" (T, B, V)``, the logits of what follows each word, ``"hs" (T, B, H)``, what the last layer
        puts out, and ``"states"`` after the last word.
    """
    words, targets = (
        pt.tensor(name, dtype="int32", shape=(None, None)) for name in ("words", "targets")
    )
    dtype, size = net.b.type.dtype, net.state_size
    states = pytensor.shared(np.zeros((batch, size), dtype), name="states", shape=(batch, size))
    masks = mask_inputs(net.layers, dropouts, batch, dtype)
    # Training has the B of the carried states, which the inputs need not: outputs are read of any number of streams.
    fed = [pt.specify_shape(x, (None, batch)) for x in (words, targets)]
    trained = net.read(fed[0], states, masks, gradient=gradient)
    given = pt.tensor("given", dtype=dtype, shape=(None, size))
    # Read twice, from the carried states and from given ones: what is tested or written must not disturb what
    # training carries.
    free = net.read(words, given, gradient=gradient)
    loss = cross_entropy(trained.logits, fed[1])
    if ar:
        # In the network's dtype: PyTensor takes a number that float32 does not hold exactly for float64.
        loss = loss + np.asarray(ar, dtype) * (trained.dropped**2).mean()
    if tar:
        loss = loss + np.asarray(tar, dtype) * ((trained.hs[1:] - trained.hs[:-1]) ** 2).mean()
    outputs = {
        "nats": nats_of(free.logits, targets),
        "next": free.logits,
        "hs": free.hs,
        "states": free.states,
    }
    inputs = [words, targets, *(mask for _, mask in in_a_row(masks))]
    return TrainingGraph(inputs, loss, net.params, outputs, {states: trained.states})


def nats_of(logits: TensorVariable, targets: TensorVariable) -> TensorVariable:
    """``(T, B)``, what each target costs under ``logits (T, B, V)``."""
    chosen = pt.eq(targets[..., None], pt.arange(logits.type.shape[2]))
    return pt.logsumexp(logits, axis=2) - pt.switch(chosen, logits, 0).sum(axis=2)


def dropped(weights: TensorVariable, mask: TensorVariable | None) -> TensorVariable:
    """Weights times their mask."""
    return weights if mask is None else weights * mask
