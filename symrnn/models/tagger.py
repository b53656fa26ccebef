"""A tagger: bidirectional layers, one upon the other, that say of each character in what kind of word it stands.

Lines of different lengths are read in one batch. Beyond its end a line is masked: the states stay as they are, and
nothing that stands there reaches the loss, the tags or the gradient.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import CELLS, Cell
from symrnn.data import text
from symrnn.data.text import SYMBOLS, encode, load_text
from symrnn.data.word_shapes import TAGS, Lines, line_tags, tagged_lines
from symrnn.errors import check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, normal, zeros
from symrnn.losses import cross_entropy
from symrnn.models.weights import weights_of, with_weights
from symrnn.params import param
from symrnn.training.network import Network
from symrnn.training.recipe import epoch_batch
from symrnn.training.rules import RuleRecipe
from symrnn.unroll import Gradient, stack

CODES = dict(zip(TAGS, " .nlTUxi", strict=True))  # how `predict` writes a tag
EXAMPLE = (
    "The class HTTPServer of http.server takes 2 arguments, server_address and an HTTP handler."
)


@dataclass(frozen=True)
class TaggerNetwork:
    """An embedding, bidirectional layers and a softmax, as weights.

    Attributes
    ----------
    embedding
        ``(V, D)``, a row a symbol.
    layers
        Pairs of cells.
    w
        ``(2H, K)``.
    b
        ``(K,)``.
    """

    embedding: TensorVariable
    layers: tuple[tuple[Cell, ...], ...]
    w: TensorVariable
    b: TensorVariable

    @classmethod
    def create(
        cls,
        *,
        cell: str = "gru",
        depth: int = 2,
        hidden_size: int = 48,
        embedding_size: int = 16,
        seed: int = 0,
        dtype: str | None = None,
    ) -> "TaggerNetwork":
        """A network with fresh parameters."""
        check_choice("cell", cell, CELLS)
        rng = np.random.default_rng(seed)
        embedding = param("embedding", (SYMBOLS, embedding_size), normal(0.1), rng, dtype=dtype)
        sizes = [embedding_size, *[2 * hidden_size] * (depth - 1)]
        layers = [
            tuple(
                CELLS[cell].create(size, hidden_size, rng=rng, name=f"layer{i}.{way}.", dtype=dtype)
                for way in ("forward", "backward")
            )
            for i, size in enumerate(sizes, start=1)
        ]
        w = param("w", (2 * hidden_size, len(TAGS)), glorot_uniform, rng, dtype=dtype)
        return cls(embedding, tuple(layers), w, param("b", (len(TAGS),), zeros, rng, dtype=dtype))

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight, layer by layer."""
        return weights_of(self)

    def logits(
        self, characters: TensorVariable, mask: TensorVariable, *, gradient: Gradient = "assembled"
    ) -> TensorVariable:
        """``(T, B, K)`` from ``characters (T, B)`` and ``mask (T, B)``."""
        hs = stack(self.layers, self.embedding[characters], mask=mask, gradient=gradient)
        return pt.dot(hs, self.w) + self.b


def tagger(
    *,
    steps: int | None = None,
    batch: int | None = None,
    gradient: Gradient = "assembled",
    **network: Any,
) -> TrainingGraph:
    """The network with its loss.

    Parameters
    ----------
    steps, batch
        T and B where they are static.
    gradient
        As for `symrnn.unroll.stack`.
    network
        ``cell, depth, hidden_size, embedding_size, seed, dtype`` of `TaggerNetwork.create`.

    Returns
    -------
    TrainingGraph
        Inputs ``characters (T, B)``, int32, ``mask (T, B)``, bool, and ``tags (T, B)``, int32; output ``"logits" (T, B,
        K)``.

    Examples
    --------
    >>> graph = tagger(depth=2, hidden_size=4)
    >>> [var.name for var in graph.inputs], len(graph.params)
    (['characters', 'mask', 'tags'], 15)
    """
    net = TaggerNetwork.create(**network)
    characters, mask, tags = (
        pt.tensor(name, dtype=dtype, shape=(steps, batch))
        for name, dtype in (("characters", "int32"), ("mask", "bool"), ("tags", "int32"))
    )
    logits = net.logits(characters, mask, gradient=gradient)
    loss = cross_entropy(logits, tags, mask)
    return TrainingGraph([characters, mask, tags], loss, net.params, {"logits": logits})


def tagger_loss(
    params: Sequence[TensorVariable],
    graph: TrainingGraph,
    *,
    gradient: Gradient = "assembled",
    **network: Any,
) -> TensorVariable:
    """The loss of ``graph = tagger(...)``, built again on `params`, expressions in its order.

    Examples
    --------
    >>> graph = tagger(depth=1, hidden_size=4)
    >>> loss = tagger_loss([0.5 * p for p in graph.params], graph, depth=1, hidden_size=4)
    """
    characters, mask, tags = graph.inputs
    net = with_weights(TaggerNetwork.create(**network), params)
    return cross_entropy(net.logits(characters, mask, gradient=gradient), tags, mask)


class TaggedText(NamedTuple):
    """The parts of a text as tagged lines."""

    train: Lines
    validation: Lines
    test: Lines


@dataclass(frozen=True)
class Tagger(RuleRecipe):
    """A tagger of word shapes in the standard library's documentation, or in the text of a file.

    Attributes
    ----------
    length
        T, the characters of a line that are read.
    cell, depth, hidden_size, embedding_size, dtype
        Of `TaggerNetwork.create`.
    rule, learning_rate, weight_decay, max_norm, schedule
        Of `symrnn.training.rules.rule_updates`.
    """

    steps: int = 1500
    batch_size: int = 32
    length: int = 80
    cell: str = "gru"
    depth: int = 2
    hidden_size: int = 48
    embedding_size: int = 16
    dtype: str = "float32"
    max_norm: float = 1.0

    small: ClassVar = (
        {
            "batch_size": 2,
            "length": 4,
            "depth": 1,
            "hidden_size": 3,
            "embedding_size": 2,
            "dtype": "float64",
        },
    )

    def data(self, path: Path | None = None) -> TaggedText:
        return TaggedText(*(tagged_lines(part, self.length) for part in load_text(path)))

    def graph(self) -> TrainingGraph:
        return tagger(
            cell=self.cell,
            depth=self.depth,
            hidden_size=self.hidden_size,
            embedding_size=self.embedding_size,
            seed=self.seed,
            dtype=self.dtype,
        )

    def batch(self, data: TaggedText, step: int) -> list[np.ndarray]:
        return fed(data.train, epoch_batch(len(data.train.mask), self.batch_size, step, self.seed))

    def test(self, network: Network, data: TaggedText) -> dict[str, float]:
        found = tags_of(network, data.test)
        accuracies = {"accuracy": accuracy(found, data.test)}
        for name, guess in baselines(data.train)._asdict().items():
            accuracies[f"of the {name.replace('_', ' ')}"] = accuracy(
                guess[data.test.symbols], data.test
            )
        return accuracies

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        told = text.read(path) if path else " ".join(words) or EXAMPLE
        for line in filter(str.strip, told.split("\n")):
            symbols = np.repeat(encode(line)[:, None], 2, axis=1)  # JAX mode takes no batch of one
            tags = network("logits", symbols, np.ones(symbols.shape, bool)).argmax(axis=2)[:, 0]
            yield from aligned(line, tags)
        yield "  ".join(f"{code} {tag}" for tag, code in CODES.items() if tag != "space")


def fed(lines: Lines, chosen: slice | list[int]) -> list[np.ndarray]:
    """The inputs of the graph, each ``(T, B)``, for the `chosen` lines."""
    # `Lines` holds symbols, tags, mask; the graph takes the mask second.
    symbols, tags, mask = (np.ascontiguousarray(part[chosen].T) for part in lines)
    return [symbols, mask, tags]


def tags_of(network: Network, lines: Lines) -> np.ndarray:
    """The likeliest tags of all lines, ``(N, T)``, a hundred lines at a time."""
    found = []
    for start in range(0, len(lines.mask), 100):
        characters, mask, _ = fed(lines, slice(start, start + 100))
        found.append(network("logits", characters, mask).argmax(axis=2).T)
    return np.concatenate(found)


def accuracy(tags: np.ndarray, lines: Lines) -> float:
    """The fraction of characters with the right one of ``tags (N, T)``."""
    return float((tags == lines.tags)[lines.mask].mean())


class Baselines(NamedTuple):
    """Tags by symbol, ``(V,)``, that know less than the network."""

    commonest_tag: np.ndarray
    commonest_tag_of_the_character: np.ndarray


def baselines(lines: Lines) -> Baselines:
    """The commonest tag of all characters, and of each, in the lines to train on."""
    counts = np.zeros((SYMBOLS, len(TAGS)), "int64")
    # `+=` would count a pair that comes twice once.
    np.add.at(counts, (lines.symbols[lines.mask], lines.tags[lines.mask]), 1)
    commonest = counts.sum(axis=0).argmax()
    by_character = np.where(counts.any(axis=1), counts.argmax(axis=1), commonest)
    return Baselines(np.full(SYMBOLS, commonest), by_character)


def aligned(line: str, tags: np.ndarray) -> Iterator[str]:
    """A line, its tags below as letters, and where one is wrong a third line with marks."""
    yield line
    yield "".join(CODES[TAGS[tag]] for tag in tags).rstrip()
    if marks := "".join(" ^"[int(wrong)] for wrong in tags != line_tags(line)).rstrip():
        yield marks
