"""Label sequences from the log probabilities of connectionist temporal classification, in NumPy.

`greedy_decode` takes the most probable path. `beam_decode` looks for the most probable labels: it adds up the paths of
each prefix [1]_, and a language model may have its say in each symbol that a prefix gets.

.. [1] Hannun, Maas, Jurafsky, Ng: First-pass large vocabulary continuous speech recognition using bi-directional
   recurrent DNNs. arXiv:1408.2873 (2014).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from symrnn.errors import UserError


class LanguageModel(Protocol):
    """What `beam_decode` asks; a state stands for all that was read so far. Logarithms are natural."""

    @property
    def initial(self) -> Hashable:
        """The state before the first symbol."""

    def log_probs(self, state: Any) -> np.ndarray:
        """Of each symbol to be the next, ``(C,)``; that of the blank is not read."""

    def after(self, state: Any, symbol: int) -> Hashable:
        """The state once `symbol` was read."""

    def log_prob_end(self, state: Any) -> float:
        """Of the end of the sequence."""


class Hypothesis(NamedTuple):
    """A label sequence that was found, and its score: what `beam_decode` compares."""

    labels: list[int]
    score: float


def greedy_decode(
    log_probs: np.ndarray, input_lengths: np.ndarray, *, blank: int = 0
) -> list[list[int]]:
    """The labels of the most probable path of each item of ``log_probs (T, B, C)``.

    Parameters
    ----------
    log_probs
        Log probabilities, or scores in the same order.
    input_lengths
        Integers ``(B,)``: frames of each item.
    blank
        Number of the symbol that spells nothing.

    Examples
    --------
    >>> greedy_decode(np.eye(3)[[1, 1, 0, 1, 2]][:, None], np.array([5]))
    [[1, 1, 2]]
    """
    log_probs, lengths = checked(log_probs, input_lengths, blank)
    paths = log_probs.argmax(axis=2)
    return [collapsed(path[:length], blank) for path, length in zip(paths.T, lengths, strict=True)]


def collapsed(path: np.ndarray, blank: int) -> list[int]:
    """What a path ``(T,)`` spells.

    Examples
    --------
    >>> collapsed(np.array([0, 2, 2, 0, 2, 1]), 0)
    [2, 2, 1]
    """
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    return [int(symbol) for symbol in path[changes] if symbol != blank]


def beam_decode(
    log_probs: np.ndarray,
    input_lengths: np.ndarray,
    *,
    beam: int = 32,
    language_model: LanguageModel | None = None,
    weight: float = 1.0,
    bonus: float = 0.0,
    blank: int = 0,
) -> list[list[int]]:
    """The labels of each item of ``log_probs (T, B, C)`` with the highest score among those that the search keeps.

    The score of labels y is ``log p(y) + weight * log q(y) + bonus * len(y)``, where p adds up all paths that spell y,
    and q is the language model's probability.

    Parameters
    ----------
    log_probs
        Log probabilities.
    input_lengths
        Integers ``(B,)``: frames of each item.
    beam
        Prefixes kept from frame to frame. With as many as there are prefixes, the search is exact.
    language_model
        A `LanguageModel` over the same C symbols, or None.
    weight, bonus
        As in the score.
    blank
        Number of the symbol that spells nothing.

    Raises
    ------
    UserError
        When an argument has other axes or is out of range.

    Examples
    --------
    Each frame is most probably blank, but ``1`` has more paths.

    >>> log_probs = np.log([[[0.6, 0.4]], [[0.6, 0.4]]])
    >>> greedy_decode(log_probs, np.array([2])), beam_decode(log_probs, np.array([2]))
    ([[]], [[1]])
    """
    log_probs, lengths = checked(log_probs, input_lengths, blank)
    check_beam(beam)
    options: Any = {"language_model": language_model, "weight": weight, "bonus": bonus}
    found = [
        beam_hypotheses(log_probs[:length, item], beam=beam, blank=blank, **options)
        for item, length in enumerate(lengths)
    ]
    # None is left where the language model allows no prefix that the frames allow.
    return [hypotheses[0].labels if hypotheses else [] for hypotheses in found]


def beam_hypotheses(
    log_probs: np.ndarray,
    *,
    beam: int = 32,
    language_model: LanguageModel | None = None,
    weight: float = 1.0,
    bonus: float = 0.0,
    blank: int = 0,
) -> list[Hypothesis]:
    """All that is left of the search of `beam_decode` in one item ``(T, C)``, the best first.

    Examples
    --------
    >>> [best, second] = beam_hypotheses(np.log([[0.6, 0.4], [0.6, 0.4]]))
    >>> best.labels, round(float(np.exp(best.score)), 2), second.labels, round(float(np.exp(second.score)), 2)
    ([1], 0.64, [], 0.36)
    """
    scoring = Scoring(language_model, weight, bonus)
    prefixes = Prefixes(blank, scoring)
    kept = Kept(*(np.array([x]) for x in (0, blank, 0.0, 0.0, -np.inf)))
    for frame in np.asarray(log_probs, "float64"):
        kept = stepped(kept, frame, prefixes, beam)
    ends = [scoring.end(prefixes.states[node]) for node in kept.nodes]
    scores = kept.totals + kept.priors + np.array(ends)
    return [
        Hypothesis(prefixes.labels(int(kept.nodes[i])), float(scores[i]))
        for i in np.argsort(-scores, kind="stable")
    ]


@dataclass(frozen=True)
class Scoring:
    """What a score adds to the log likelihood of the paths; the fields are those of `beam_decode`."""

    language_model: LanguageModel | None
    weight: float
    bonus: float

    @property
    def initial(self) -> Hashable:
        return None if self.language_model is None else self.language_model.initial

    def next(self, state: Hashable) -> Any:
        """Of each symbol to come, ``(C,)``, or of any."""
        if self.language_model is None:
            return self.bonus
        return self.weight * self.language_model.log_probs(state) + self.bonus

    def after(self, state: Hashable, symbol: int) -> Hashable:
        return None if self.language_model is None else self.language_model.after(state, symbol)

    def end(self, state: Hashable) -> float:
        if self.language_model is None:
            return 0.0
        return self.weight * self.language_model.log_prob_end(state)


class Prefixes:
    """Every prefix that was ever kept, as nodes of a tree; node 0 is the empty one."""

    def __init__(self, blank: int, scoring: Scoring) -> None:
        self.blank, self.scoring = blank, scoring
        self.parents, self.last = [-1], [blank]
        self.states = [scoring.initial]
        self.children: dict[tuple[int, int], int] = {}

    def child(self, node: int, symbol: int) -> int:
        """The node of the prefix that is longer by `symbol`."""
        new = self.children.setdefault((node, symbol), len(self.parents))
        if new == len(self.parents):
            self.parents.append(node)
            self.last.append(symbol)
            self.states.append(self.scoring.after(self.states[node], symbol))
        return new

    def labels(self, node: int) -> list[int]:
        """The prefix of a node."""
        found = []
        while node:
            found.append(self.last[node])
            node = self.parents[node]
        return found[::-1]


class Kept(NamedTuple):
    """The prefixes that are kept, ``(N,)`` each: likelihoods as logarithms."""

    nodes: np.ndarray
    last: np.ndarray  # last symbols
    priors: np.ndarray  # what the score adds to the likelihood of the paths
    blanks: np.ndarray  # likelihoods of paths that end in a blank
    symbols: np.ndarray  # and of those that end in the last symbol

    @property
    def totals(self) -> np.ndarray:
        """Likelihoods of all paths."""
        return np.logaddexp(self.blanks, self.symbols)


def stepped(kept: Kept, frame: np.ndarray, prefixes: Prefixes, beam: int) -> Kept:
    """What is kept after one more frame ``(C,)``."""
    count, blank, totals = len(kept.nodes), prefixes.blank, kept.totals
    stays = kept._replace(blanks=totals + frame[blank], symbols=kept.symbols + frame[kept.last])
    # A prefix that gets its own last symbol again is longer only after a blank.
    longer = totals[:, None] + frame  # (N, C)
    longer[np.arange(count), kept.last] = kept.blanks + frame[kept.last]
    longer[:, blank] = -np.inf
    # Where the longer prefix is kept already, its paths are added up there.
    place = {node: i for i, node in enumerate(kept.nodes.tolist())}
    for node, i in place.items():
        parent = place.get(prefixes.parents[node])
        if parent is not None:
            symbol = kept.last[i]
            stays.symbols[i] = np.logaddexp(stays.symbols[i], longer[parent, symbol])
            longer[parent, symbol] = -np.inf
    priors = np.empty_like(longer)
    for node, i in place.items():
        priors[i] = kept.priors[i] + prefixes.scoring.next(prefixes.states[node])
    scores = np.concatenate([stays.totals + kept.priors, (longer + priors).ravel()])
    best = scores.argpartition(-beam)[-beam:] if len(scores) > beam else np.arange(len(scores))
    best = best[scores[best] > -np.inf]
    stay, (parents, symbols) = (
        best[best < count],
        np.divmod(best[best >= count] - count, len(frame)),
    )
    children = zip(kept.nodes[parents].tolist(), symbols.tolist(), strict=True)
    grown = Kept(
        nodes=np.array([prefixes.child(*pair) for pair in children], "int64"),
        last=symbols,
        priors=priors[parents, symbols],
        blanks=np.full(len(symbols), -np.inf),
        symbols=longer[parents, symbols],
    )
    return Kept(*(np.concatenate([a[stay], b]) for a, b in zip(stays, grown, strict=True)))


def checked(
    log_probs: np.ndarray, input_lengths: np.ndarray, blank: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays, or a `UserError`."""
    log_probs, lengths = np.asarray(log_probs), np.asarray(input_lengths)
    if log_probs.ndim != 3 or not 0 <= blank < log_probs.shape[2]:
        raise UserError(
            f"log_probs must have axes (T, B, C) with blank = {blank} below C, but are of shape {log_probs.shape}; "
            "transpose them, or give blank="
        )
    steps, batch = log_probs.shape[:2]
    if lengths.shape != (batch,) or not ((lengths >= 0) & (lengths <= steps)).all():
        raise UserError(
            f"input_lengths must be {batch} numbers from 0 to T = {steps}, but are {lengths.tolist()}; "
            "give the number of frames of each item"
        )
    return log_probs, lengths


def check_beam(beam: int) -> None:
    """Refuse a beam of no prefix."""
    if isinstance(beam, bool) or not isinstance(beam, int | np.integer) or beam < 1:
        raise UserError(f"beam must be a whole number of at least 1, but is {beam!r}; 32 is usual")
