"""A trained model of words at work: a whole text read, what its words cost, with a cache and without, and samples."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data import text, wikitext
from symrnn.data.words import plain_words
from symrnn.errors import UserError
from symrnn.models.cache_pointer import cached_probabilities, mixed_nats
from symrnn.models.character_model import drawn
from symrnn.training.network import Network

FEWEST = 10  # steps of a piece of a text that is read side by side


class TextRead(NamedTuple):
    """What came of reading a text in pieces side by side."""

    nats: np.ndarray  # (N,)
    hs: np.ndarray  # (N, H)
    numbers: np.ndarray  # (N,)
    piece: int  # words of each piece but the last


def read_text(network: Network, numbers: np.ndarray, *, pieces: int, length: int) -> TextRead:
    """Every word of ``numbers (N,)``, read in pieces side by side, each from the state of zeros, `length` steps at a
    time; before the first word stands the end of a line."""
    pieces = max(min(pieces, len(numbers) // FEWEST), 2)
    piece = -(-len(numbers) // pieces)
    # The last piece is filled up with ends of lines, number 1, whose nats are cut off below. At least two pieces, since
    # JAX mode takes no batch of one.
    targets = np.ones(piece * pieces, "int32")
    targets[: len(numbers)] = numbers
    before = np.append(np.int32(1), targets[:-1])
    columns = [part.reshape(pieces, piece).T for part in (before, targets)]
    [states] = network.graph.carried
    state = np.zeros((pieces, states.type.shape[1]), states.type.dtype)
    found = []
    for begin in range(0, piece, length):
        window = [np.ascontiguousarray(part[begin : begin + length]) for part in columns]
        nats, hs, state = network(("nats", "hs", "states"), *window, state)
        found.append((nats, hs))
    nats, hs = (np.concatenate(parts).swapaxes(0, 1) for parts in zip(*found, strict=True))
    count = len(numbers)
    return TextRead(
        nats.reshape(-1)[:count].astype("float64"),
        hs.reshape(-1, hs.shape[2])[:count],
        numbers,
        piece,
    )


def cached_nats(read: TextRead, *, window: int, sharpness: float, weight: float) -> np.ndarray:
    """``(N,)``, with a cache in each piece."""
    found = [
        cached_probabilities(
            read.hs[begin : begin + read.piece],
            read.numbers[begin : begin + read.piece],
            window=window,
            sharpness=sharpness,
        )
        for begin in range(0, len(read.numbers), read.piece)
    ]
    return mixed_nats(read.nats, np.concatenate(found), weight)


def best_cache(
    validation: TextRead, test: TextRead, caches: Iterable[tuple[float, float]], *, window: int
) -> dict[str, float]:
    """The perplexity of `test` with the one of `caches` that is best on `validation`, and its sharpness and weight."""

    def told(part: TextRead, sharpness: float, weight: float) -> float:
        return perplexity(cached_nats(part, window=window, sharpness=sharpness, weight=weight))

    best = min(caches, key=lambda cache: told(validation, *cache))
    return {"cached": told(test, *best), "sharpness": best[0], "weight": best[1]}


def perplexity(nats: np.ndarray) -> float:
    """Of words that cost ``nats (N,)``.

    Examples
    --------
    >>> round(perplexity(np.log([2.0, 8.0])), 6)
    4.0
    """
    return float(np.exp(nats.mean(dtype="float64")))


def words_to_judge(path: Path) -> list[str]:
    """The test text of a folder as `symrnn.data.wikitext` reads it, or a whole text."""
    if path.is_dir():
        return wikitext.read(path).test
    if path.suffix == ".tokens":
        return wikitext.words_of(path)
    words = plain_words(text.read(path))
    if not words:
        raise UserError(f"{path} must hold words, but holds none; give another file")
    return words


def sampled_words(
    network: Network,
    prompt: np.ndarray,
    count: int,
    temperature: float,
    rng: np.random.Generator,
    *,
    known: int | None = None,
) -> list[int]:
    """``count`` words that follow those of ``prompt (N,)``, drawn with ``softmax(logits / temperature)`` among the
    numbers below `known`, by default all; none is ``<unk>``."""
    [states] = network.graph.carried
    # Twice side by side: JAX mode takes no batch of one.
    state = np.zeros((2, states.type.shape[1]), states.type.dtype)
    numbers, seen = [], prompt
    for _ in range(count):
        logits, state = network(("next", "states"), np.repeat(seen[:, None], 2, axis=1), state)
        numbers.append(1 + drawn(logits[-1, 0, 1:known], temperature, rng))
        seen = np.array(numbers[-1:], "int32")
    return numbers
