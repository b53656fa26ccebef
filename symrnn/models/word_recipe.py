"""What the recipes of language models of words have in common: texts, batches of random lengths, tests, and samples.

Training is truncated backpropagation through time, as in `symrnn.models.character_model`: B streams are read side by
side as rings, the state goes on from batch to batch. How far a batch reaches is drawn: a normal number around T, around
half of it once in twenty times; the learning rate is scaled by it.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytensor

from symrnn.data import wikitext
from symrnn.data.streams import Streams, streams
from symrnn.data.words import END, TEXTS, UNKNOWN, Vocabulary, embedded_words, plain_words
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.models.ngram import KneserNey
from symrnn.models.word_network import Dropouts, WordNetwork, in_a_row, mask_inputs, word_model
from symrnn.models.word_reading import (
    TextRead,
    cached_nats,
    perplexity,
    read_text,
    sampled_words,
    words_to_judge,
)
from symrnn.training.network import Network
from symrnn.training.rules import RuleRecipe, rule_updates
from symrnn.typing import Updates

ORDER = 5  # of the n-gram to beat
# of a batch: fewest steps, deviation of their normal number, share of the halved
SHORTEST, DEVIATION, HALVED = 5, 5.0, 0.05
PIECES = 10  # of a text that is read side by side to be tested


class WordData(NamedTuple):
    """A text as numbers."""

    vocabulary: Vocabulary
    train: Streams
    parts: dict[str, np.ndarray]  # whole: train, validation, test


@dataclass(frozen=True)
class WordRecipe(RuleRecipe):
    """A language model of words.

    Attributes
    ----------
    length
        T: steps of a batch, through which the gradient goes back, on average.
    random_lengths
        Whether these are drawn. Mode JAX compiles for each of them.
    text
        What is embedded: "library" or "wikipedia" (`symrnn.data.words.embedded_words`).
    share
        Of the training text that is read, above 0 and at most 1.
    vocabulary
        V, at most so many words, ``<unk>`` and ``<eos>`` among them.
    depth, hidden_size, embedding_size, dtype
        Of the layers; the last is as wide as the embedding where `tied`.
    tied
        Whether the weights of the softmax are those of the embedding.
    word_dropout, input_dropout, layer_dropout, output_dropout, weight_dropout
        Shares that `symrnn.models.word_network.Dropouts` describes.
    ar, tar
        Of `symrnn.models.word_network.word_model`.
    validate_every
        Updates between validations, for the rule ``nt_asgd``.
    rule, learning_rate, weight_decay, max_norm, schedule
        Of `symrnn.training.rules.rule_updates`.
    cache, cache_weight, cache_sharpness
        Words of the cache at test time, 0 for none, its share, and its sharpness (`symrnn.models.cache_pointer`).
    temperature, sampled
        Of what `predict` writes: logits are divided by the temperature; how many words.
    """

    steps: int = 6000
    batch_size: int = 20
    length: int = 35
    random_lengths: bool = True
    text: str = "library"
    share: float = 1.0
    vocabulary: int = 5000
    depth: int = 2
    hidden_size: int = 200
    embedding_size: int = 100
    tied: bool = True
    word_dropout: float = 0.05
    input_dropout: float = 0.2
    layer_dropout: float = 0.1
    output_dropout: float = 0.2
    weight_dropout: float = 0.2
    ar: float = 1.0
    tar: float = 0.5
    dtype: str = "float32"
    learning_rate: float = 0.01
    weight_decay: float = 0.01
    max_norm: float = 0.25
    validate_every: int = 500
    cache: int = 500
    cache_weight: float = 0.1
    cache_sharpness: float = 1.0
    temperature: float = 0.8
    sampled: int = 100

    free: ClassVar = frozenset(
        {"cache", "cache_weight", "cache_sharpness", "temperature", "sampled"}
    )
    small: ClassVar = (
        {
            "batch_size": 2,
            "length": 6,
            "vocabulary": 12,
            "hidden_size": 3,
            "embedding_size": 2,
            "dtype": "float64",
            "sampled": 3,
            "cache": 4,
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("text", self.text, TEXTS)
        if self.share > 1:
            raise UserError(f"share must be at most 1, the whole text, but is {self.share}")
        if self.vocabulary < 3:
            raise UserError(
                f"vocabulary must be at least 3, {UNKNOWN}, {END} and a word, but is {self.vocabulary}"
            )
        if self.length < SHORTEST:
            raise UserError(f"length must be at least {SHORTEST}, but is {self.length}")

    @abstractmethod
    def layers(self, widths: Sequence[tuple[int, int]], rng: np.random.Generator) -> list[Any]:
        """Layers of these sizes, D and H, from the lowest."""

    @property
    def zoned_out(self) -> float:
        """The share of states that stay for a step."""
        return 0.0

    @property
    def dropouts(self) -> Dropouts:
        """What is masked in training."""
        return Dropouts(
            self.word_dropout,
            self.input_dropout,
            self.layer_dropout if self.depth > 1 else 0.0,
            self.output_dropout,
            self.weight_dropout,
            self.zoned_out,
        )

    def network(self) -> WordNetwork:
        """The weights, fresh."""
        rng = np.random.default_rng(self.seed)
        hidden = [self.hidden_size] * self.depth
        if self.tied:
            hidden[-1] = self.embedding_size
        # Each layer reads as much as the one before puts out; what the last one puts out is read by none.
        widths = list(zip([self.embedding_size, *hidden], hidden, strict=False))
        return WordNetwork.create(
            self.layers(widths, rng),
            vocabulary=self.vocabulary,
            tied=self.tied,
            rng=rng,
            zoneout=self.zoned_out,
            dtype=self.dtype,
        )

    def graph(self) -> TrainingGraph:
        return word_model(
            self.network(), self.dropouts, batch=self.batch_size, ar=self.ar, tar=self.tar
        )

    def data(self, path: Path | None = None) -> WordData:
        words = embedded_words(self.text) if path is None else wikitext.read(path)
        train = words.train[: int(self.share * len(words.train))]
        vocabulary = Vocabulary.of(train, self.vocabulary)
        parts = {
            name: vocabulary.numbers(part)
            for name, part in zip(words._fields, (train, *words[1:]), strict=True)
        }
        if len(parts["train"]) <= 2 * self.batch_size:
            raise UserError(
                f"the training text must have more than two words a stream, {2 * self.batch_size} in all, but has"
                f" {len(parts['train'])}; lower batch_size with --set, or give a longer text"
            )
        return WordData(vocabulary, streams(parts["train"], self.batch_size, 1), parts)

    def notes(self, data: WordData) -> str:
        return "\n".join(data.vocabulary.words)

    def updates(self, graph: TrainingGraph) -> Updates:
        steps = graph.inputs[0].shape[0].astype(pytensor.config.floatX)
        updates = rule_updates(
            self.rule,
            graph.loss,
            graph.params,
            # A batch of half the length has a gradient of half as many words.
            learning_rate=self.learning_rate * steps / self.length,
            weight_decay=self.weight_decay,
            max_norm=self.max_norm or None,
            schedule=self.schedule,
            steps=self.steps,
        )
        return {**updates, **graph.carried}

    def batch(self, data: WordData, step: int) -> list[np.ndarray]:
        begin, length = self.reach(step)
        at = (begin + np.arange(length)) % len(data.train.characters)
        words, targets = (part[at] for part in data.train)
        return [words, targets, *self.masks(words, np.random.default_rng([self.seed, step]))]

    def reach(self, step: int) -> tuple[int, int]:
        """Where the batch number `step` begins, in streams without end, and its length."""
        if not self.random_lengths:
            return step * self.length, self.length
        # Of a power of two steps, so that few tables are made; each begins as the shorter ones do.
        ends = drawn_ends(self.seed, self.length, 1 << max(step + 1, 1).bit_length())
        begin = int(ends[step - 1]) if step else 0
        return begin, int(ends[step]) - begin

    @property
    def mean_length(self) -> float:
        """Steps of a batch, on average."""
        return self.length * (1 - HALVED / 2 if self.random_lengths else 1)

    def masks(self, words: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """The masks for ``words (T, B)``, in the order of the graph's inputs."""
        made = []
        for kind, shape in mask_shapes(self):
            share = getattr(self.dropouts, kind)
            if kind == "words":
                made.append(kept(rng, (self.vocabulary,), share, self.dtype)[words])
                continue
            mask = kept(rng, [size or len(words) for size in shape], share, self.dtype)
            # What stays as it was is not made up for: a test takes the mean instead.
            made.append(mask * (1 - share) if kind == "steps" else mask)
        return made

    def validation_loss(self, network: Network, data: WordData) -> float:
        return float(self.reading(network, data.parts["validation"]).nats.mean())

    @property
    def validation_steps(self) -> int:
        return self.validate_every

    def reading(self, network: Network, numbers: np.ndarray, pieces: int = PIECES) -> TextRead:
        """A whole text, read in `pieces` side by side."""
        return read_text(network, numbers, pieces=pieces, length=4 * self.length)

    def nats(self, read: TextRead) -> np.ndarray:
        """``(N,)`` of a text, with the cache."""
        if not self.cache:
            return read.nats
        return cached_nats(
            read, window=self.cache, sharpness=self.cache_sharpness, weight=self.cache_weight
        )

    def test(self, network: Network, data: WordData) -> dict[str, float]:
        read = self.reading(network, data.parts["test"])
        readings = {"perplexity": perplexity(read.nats)}
        if self.cache:
            readings["perplexity with the cache"] = perplexity(self.nats(read))
        order, counted = counted_nats(data, self.vocabulary)
        return readings | {f"perplexity of an order-{order} n-gram": perplexity(counted)}

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        vocabulary = Vocabulary(tuple(network.notes.split("\n")))
        if path is not None:
            numbers = vocabulary.numbers(words_to_judge(path))
            found = self.nats(self.reading(network, numbers))
            unknown = 100 * float((numbers == 0).mean())
            yield f"perplexity {perplexity(found):.1f} ({len(numbers)} words, {unknown:.1f} % of them unknown)"
        if words or path is None:
            # Without the end of the line that `plain_words` puts behind it: the sample is to go on.
            prompt = plain_words(" ".join(words))[:-1] or [END]
            rng = np.random.default_rng(self.seed)
            following = sampled_words(
                network,
                vocabulary.numbers(prompt),
                self.sampled,
                self.temperature,
                rng,
                # A short text has fewer words than the network has room for.
                known=len(vocabulary.words),
            )
            shown = [*prompt, *(vocabulary.words[number] for number in following)]
            yield from " ".join(shown).replace(f" {END}", "\n").strip().splitlines()


@lru_cache(maxsize=4)
def mask_shapes(recipe: WordRecipe) -> list[tuple[str, tuple[int | None, ...]]]:
    """Of each mask of a batch what it is for and its shape, T as None."""
    # Layers alone know their widths, so a network is made, once a recipe.
    layers = recipe.network().layers
    masks = mask_inputs(layers, recipe.dropouts, recipe.batch_size, recipe.dtype)
    return [(kind, mask.type.shape) for kind, mask in in_a_row(masks)]


@lru_cache(maxsize=4)
def drawn_ends(seed: int, length: int, count: int) -> np.ndarray:
    """Where the first `count` batches end in streams without end, ``(count,)``."""
    of_halves, of_lengths = (np.random.default_rng([seed, part]) for part in (0, 1))
    means = np.where(of_halves.random(count) < HALVED, length / 2, length)
    lengths = np.rint(means + DEVIATION * of_lengths.normal(size=count)).astype("int64")
    # Bounded above too, so that what is drawn once in a million takes no more memory than it should.
    return np.cumsum(np.clip(lengths, SHORTEST, 2 * length))


def kept(rng: np.random.Generator, shape: Sequence[int], share: float, dtype: str) -> np.ndarray:
    """A mask of ones and, for a `share`, zeros, divided by its mean."""
    is_kept = rng.random(tuple(shape), "float32") >= share
    return is_kept * np.asarray(1 / (1 - share), dtype)


def counted_nats(data: WordData, vocabulary: int) -> tuple[int, np.ndarray]:
    """The order of an n-gram model of the training text, and what each word of the test text costs it."""
    # An n-gram of the longest must fit 62 bits.
    order = min(ORDER, int(62 / np.log2(vocabulary)))
    model = KneserNey.fit(data.parts["train"], order, vocabulary)
    return order, model.bits(data.parts["test"]) * np.log(2)
