"""A character language model: recurrent layers that read a text and say how likely each next character is.

Training is truncated backpropagation through time: the text is cut into B streams that are read side by side, T
characters a batch; the gradient goes back to the beginning of the batch, the state goes on from the batch before
(`TrainingGraph.carried`). After the last batch of a stream the next one begins it anew and keeps the state, as if
the text were a ring.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import CELLS, Cell
from symrnn.data import text
from symrnn.data.streams import Streams, streams
from symrnn.data.text import SYMBOLS, decode, encode, load_text
from symrnn.errors import check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, normal, zeros
from symrnn.losses import cross_entropy
from symrnn.models.ngram import KneserNey
from symrnn.models.weights import weights_of, with_weights
from symrnn.params import param
from symrnn.training.network import Network
from symrnn.training.rules import RuleRecipe
from symrnn.unroll import Gradient, scan_states

ORDER = 5  # of the n-gram to beat


@dataclass(frozen=True)
class CharacterNetwork:
    """An embedding, recurrent layers and a softmax, as weights.

    Attributes
    ----------
    embedding
        ``(V, D)``, a row a symbol.
    cells
        One a layer.
    w
        ``(H, V)``.
    b
        ``(V,)``.
    """

    embedding: TensorVariable
    cells: tuple[Cell, ...]
    w: TensorVariable
    b: TensorVariable

    @classmethod
    def create(
        cls,
        *,
        cell: str = "lstm",
        depth: int = 1,
        hidden_size: int = 128,
        embedding_size: int = 32,
        seed: int = 0,
        dtype: str | None = None,
    ) -> "CharacterNetwork":
        """A network with fresh parameters."""
        check_choice("cell", cell, CELLS)
        rng = np.random.default_rng(seed)
        return cls(
            param("embedding", (SYMBOLS, embedding_size), normal(0.1), rng, dtype=dtype),
            tuple(
                CELLS[cell].create(
                    hidden_size if i else embedding_size,
                    hidden_size,
                    rng=rng,
                    name=f"layer{i + 1}.",
                    dtype=dtype,
                )
                for i in range(depth)
            ),
            param("w", (hidden_size, SYMBOLS), glorot_uniform, rng, dtype=dtype),
            param("b", (SYMBOLS,), zeros, rng, dtype=dtype),
        )

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight, layer by layer."""
        return weights_of(self)

    @property
    def state_fields(self) -> int:
        """How many ``(B, H)`` the state of all layers holds: S."""
        return sum(len(cell.State._fields) for cell in self.cells)

    def read(
        self,
        characters: TensorVariable,
        states: TensorVariable,
        *,
        gradient: Gradient = "assembled",
    ) -> tuple[TensorVariable, TensorVariable]:
        """``logits (T, B, V)`` of what follows ``characters (T, B)``, and ``states (S, B, H)`` after them."""
        xs: TensorVariable = self.embedding[characters]
        later: list[TensorVariable] = []
        # the states of all layers lie in one array, the fields of each next to each other
        fields = iter(states_of(states))
        for cell in self.cells:
            initial = cell.State(*(next(fields) for _ in cell.State._fields))
            xs, state = scan_states(cell, xs, initial=initial, gradient=gradient)
            later += state
        return pt.dot(xs, self.w) + self.b, pt.stack(later)


def states_of(states: TensorVariable) -> list[TensorVariable]:
    """The ``(B, H)`` in ``states (S, B, H)``."""
    return [states[i] for i in range(states.type.shape[0])]


def character_model(
    *,
    steps: int | None = None,
    batch: int = 32,
    gradient: Gradient = "assembled",
    **network: Any,
) -> TrainingGraph:
    """The network with its loss, in nats a character.

    Parameters
    ----------
    steps
        T where it is to be static, and B with it.
    batch
        B, of the state that is carried.
    gradient
        As for `symrnn.unroll.scan_states`.
    network
        ``cell, depth, hidden_size, embedding_size, seed, dtype`` of `CharacterNetwork.create`.

    Returns
    -------
    TrainingGraph
        Inputs ``characters (T, B)`` and ``targets (T, B)``, int32, these one character later; ``states (S, B, H)`` is
        carried. The outputs start from a further input ``given (S, B, H)``: ``"nats" (T, B)`` of each target, ``"next"
        (T, B, V)``, the logits of what follows each character, and ``"states"`` after the last.

    Examples
    --------
    >>> graph = character_model(hidden_size=4, embedding_size=3)
    >>> [var.name for var in graph.inputs], len(graph.params), list(graph.carried)
    (['characters', 'targets'], 6, [states])
    """
    net = CharacterNetwork.create(**network)
    shape = (steps, batch if steps else None)
    characters, targets = (
        pt.tensor(name, dtype="int32", shape=shape) for name in ("characters", "targets")
    )
    hidden_size, dtype = net.w.type.shape[0], net.w.type.dtype
    size = (net.state_fields, batch, hidden_size)
    states = pytensor.shared(np.zeros(size, dtype), name="states", shape=size)
    logits, later = net.read(characters, states, gradient=gradient)
    given = pt.tensor("given", dtype=dtype, shape=(size[0], shape[1], hidden_size))
    # Read twice, from the carried states and from given ones: what is tested or written must not disturb what
    # training carries.
    following, then = net.read(characters, given, gradient=gradient)
    outputs = {"nats": nats_of(following, targets), "next": following, "states": then}
    loss = cross_entropy(logits, targets)
    return TrainingGraph([characters, targets], loss, net.params, outputs, {states: later})


def nats_of(logits: TensorVariable, targets: TensorVariable) -> TensorVariable:
    """``(T, B)``, what each target costs under ``logits (T, B, V)``."""
    chosen = pt.eq(targets[..., None], pt.arange(SYMBOLS))
    return pt.logsumexp(logits, axis=2) - pt.switch(chosen, logits, 0).sum(axis=2)


def character_model_loss(
    params: Sequence[TensorVariable],
    graph: TrainingGraph,
    *,
    gradient: Gradient = "assembled",
    **network: Any,
) -> TensorVariable:
    """The loss of ``graph = character_model(...)``, built again on `params`, expressions in its order.

    Examples
    --------
    >>> graph = character_model(hidden_size=4)
    >>> loss = character_model_loss([0.5 * p for p in graph.params], graph, hidden_size=4)
    """
    net = with_weights(CharacterNetwork.create(**network), params)
    characters, targets = graph.inputs
    [states] = graph.carried
    return cross_entropy(net.read(characters, states, gradient=gradient)[0], targets)


class TextStreams(NamedTuple):
    """The parts of a text as streams."""

    train: Streams
    validation: Streams
    test: Streams


@dataclass(frozen=True)
class CharacterModel(RuleRecipe):
    """A character model of the standard library's documentation, or of the text in a file.

    Attributes
    ----------
    length
        T, the characters in a batch's streams, through which the gradient goes back.
    cell, depth, hidden_size, embedding_size, dtype
        Of `CharacterNetwork.create`.
    rule, learning_rate, weight_decay, max_norm, schedule
        Of `symrnn.training.rules.rule_updates`.
    temperature, sampled
        Of what `predict` writes: logits are divided by the temperature; how many characters.
    """

    steps: int = 2700
    batch_size: int = 32
    length: int = 64
    cell: str = "lstm"
    depth: int = 1
    hidden_size: int = 256
    embedding_size: int = 64
    dtype: str = "float32"
    learning_rate: float = 0.004
    max_norm: float = 1.0
    temperature: float = 0.6
    sampled: int = 600

    free: ClassVar = frozenset({"temperature", "sampled"})
    small: ClassVar = (
        {
            "batch_size": 2,
            "length": 4,
            "hidden_size": 3,
            "embedding_size": 2,
            "dtype": "float64",
            "sampled": 3,
        },
    )

    def data(self, path: Path | None = None) -> TextStreams:
        parts = load_text(path)
        return TextStreams(*(streams(encode(p), self.batch_size, self.length) for p in parts))

    def graph(self) -> TrainingGraph:
        return character_model(
            cell=self.cell,
            depth=self.depth,
            hidden_size=self.hidden_size,
            embedding_size=self.embedding_size,
            batch=self.batch_size,
            seed=self.seed,
            dtype=self.dtype,
        )

    def batch(self, data: TextStreams, step: int) -> list[np.ndarray]:
        # N is a multiple of T, so the last window ends where the streams do.
        begin = step * self.length % len(data.train.characters)
        return [part[begin : begin + self.length] for part in data.train]

    def test(self, network: Network, data: TextStreams) -> dict[str, float]:
        model = KneserNey.fit(data.train.text, ORDER, SYMBOLS)
        return {
            "bits per character": bits_per_character(network, data.test, self.length),
            # The first character is no target of the network either.
            f"of an order-{ORDER} n-gram": float(model.bits(data.test.text)[1:].mean()),
        }

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        prompt = text.read(path)[-1000:] if path else " ".join(words) or "\n"
        rng = np.random.default_rng(self.seed)
        symbols = sampled(network, encode(prompt), self.sampled, self.temperature, rng)
        yield from (prompt + decode(symbols)).strip().splitlines()


def bits_per_character(network: Network, part: Streams, length: int) -> float:
    """Bits for each target of ``part``, read in windows of `length` from zero states."""
    states, nats = zero_states(network, part.characters.shape[1]), 0.0
    for begin in range(0, len(part.characters), length):
        window = [array[begin : begin + length] for array in part]
        told, states = network(("nats", "states"), *window, states)
        nats += told.sum(dtype="float64")
    return float(nats / part.targets.size / np.log(2))


def sampled(
    network: Network, prompt: np.ndarray, count: int, temperature: float, rng: np.random.Generator
) -> list[int]:
    """``count`` symbols that follow those of ``prompt (T,)``, drawn with ``softmax(logits / temperature)``."""

    def read(symbols, states):  # twice side by side: JAX mode takes no batch of one
        return network(("next", "states"), np.repeat(symbols[:, None], 2, axis=1), states)

    logits, states = read(prompt, zero_states(network, 2))
    symbols = []
    for _ in range(count):
        symbols.append(drawn(logits[-1, 0], temperature, rng))
        logits, states = read(np.array(symbols[-1:], "int32"), states)
    return symbols


def drawn(logits: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    """A symbol from ``logits (V,)``; the likeliest where the temperature is 0."""
    if temperature == 0:
        return int(logits.argmax())
    # the largest of logits plus Gumbel noise is a draw from their softmax
    return int((logits / temperature + rng.gumbel(size=logits.shape)).argmax())


def zero_states(network: Network, batch: int) -> np.ndarray:
    """The states ``(S, B, H)`` before the first character."""
    [states] = network.graph.carried
    fields, _, hidden = states.type.shape
    return np.zeros((fields, batch, hidden), states.dtype)
