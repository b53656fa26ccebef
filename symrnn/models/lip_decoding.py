"""Sentences from the scores of `symrnn.models.lip_network`, read off or by GRID's grammar, and how wrong they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from symrnn.data.grid_grammar import GRAMMAR, SYMBOLS, decoded, name_of
from symrnn.ops.ctc_decoding import beam_hypotheses, greedy_decode

WIDEST = 512  # of beams


@dataclass(frozen=True)
class GridGrammar:
    """GRID's sentences as a `symrnn.ops.ctc_decoding.LanguageModel`: each word of a kind is as likely as any other.

    A state is the number of words that are finished and the letters of the next one.

    Examples
    --------
    >>> grammar = GridGrammar()
    >>> state = grammar.after(grammar.initial, 1 + SYMBOLS.index("s"))
    >>> after_s = np.exp(grammar.log_probs(state))
    >>> {SYMBOLS[i - 1]: float(after_s[i]) for i in np.flatnonzero(after_s)}
    {'e': 1.0}
    """

    initial = (0, "")

    def log_probs(self, state: tuple[int, str]) -> np.ndarray:
        """Of each symbol to be the next, ``(C,)``."""
        finished, begun = state
        fitting = [word for word in GRAMMAR[finished].values() if word.startswith(begun)]
        counts = np.zeros(1 + len(SYMBOLS))
        for word in fitting:
            # A word is no other's beginning, so that behind a whole one stands a space or the end.
            following = (word + " ")[len(begun)]
            if following != " " or finished < len(GRAMMAR) - 1:
                counts[1 + SYMBOLS.index(following)] += 1 / len(fitting)
        with np.errstate(divide="ignore"):
            return np.log(counts)

    def after(self, state: tuple[int, str], symbol: int) -> tuple[int, str]:
        """The state once `symbol` was read."""
        finished, begun = state
        letter = SYMBOLS[symbol - 1]
        return (finished + 1, "") if letter == " " else (finished, begun + letter)

    def log_prob_end(self, state: tuple[int, str]) -> float:
        """Of the end of the sentence."""
        finished, begun = state
        is_whole = finished == len(GRAMMAR) - 1 and begun in GRAMMAR[-1].values()
        return 0.0 if is_whole else -np.inf


def read_off(logits: np.ndarray) -> list[str]:
    """What the likeliest path spells, for each of ``logits (T, N, C)``.

    Examples
    --------
    >>> read_off(np.eye(28)[[2, 2, 0, 1, 3, 0]][:, None])
    ['a b']
    """
    lengths = np.full(logits.shape[1], len(logits))
    return [decoded(np.array(labels, int)) for labels in greedy_decode(logits, lengths)]


def read_by_grammar(logits: np.ndarray, *, beam: int = 16, weight: float = 1.0) -> list[str]:
    """The likeliest of GRID's sentences that a beam search finds, for each of ``logits (T, N, C)``.

    `weight` is how much the grammar's probabilities count; 0 leaves the grammar out. A search that ends with
    unfinished sentences alone is made again with a beam four times as wide, up to `WIDEST`.
    """
    logs = logits - logits.max(axis=2, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=2, keepdims=True))
    return [searched(each, beam, weight) for each in logs.transpose(1, 0, 2)]


def searched(log_probs: np.ndarray, beam: int, weight: float) -> str:
    """The sentence of one clip, ``(T, C)``."""
    options: Any = {"language_model": GridGrammar(), "weight": weight} if weight else {}
    found = beam_hypotheses(log_probs, beam=beam, **options)
    sentence = decoded(np.array(found[0].labels, int)) if found else ""
    if weight and name_of(sentence) is None and beam < WIDEST:
        return searched(log_probs, 4 * beam, weight)
    return sentence
