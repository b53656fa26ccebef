"""An n-gram model of words that speaks in symbols: the language model of `symrnn.ops.ctc.beam_decode`.

A word's probability is handed out symbol by symbol, over the words of the vocabulary that begin as what was read: the
product over the symbols of a word and the space behind it is the word's, and no prefix is kept that no word begins
with.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError
from symrnn.models.ngram import KneserNey

LAST = "\U0010ffff"  # the last character of all
END = 0  # number of the end of a sentence, among those of the words


class Read(NamedTuple):
    """A state: the words before, as numbers, and the beginning of a word; at the start of a sentence or behind it."""

    words: tuple[int, ...]
    part: str
    is_first: bool


@dataclass(frozen=True)
class WordNgram:
    """Probabilities of sentences over a closed vocabulary: a `LanguageModel` of symbols.

    Attributes
    ----------
    model
        Of word numbers; `END` stands between sentences.
    words
        The words, sorted; the number of ``words[i]`` is ``i + 1``.
    alphabet
        The symbols: ``alphabet[i]`` is the character of symbol i. One is a space, and that of the blank may be ``""``.
    """

    model: KneserNey
    words: tuple[str, ...]
    alphabet: tuple[str, ...]
    known: dict = field(default_factory=dict, repr=False, compare=False)  # what was asked before

    @classmethod
    def fit(
        cls, sentences: Iterable[str], alphabet: Sequence[str], *, order: int = 3
    ) -> "WordNgram":
        """The model of sentences of words with spaces between.

        Raises
        ------
        UserError
            When there is no sentence, a word has a character that is not in the alphabet, or `order` is too large.

        Examples
        --------
        >>> model = WordNgram.fit(["a cat", "a cab", "a cat"], ["", *" abct"], order=2)
        >>> round(float(np.exp(model.log_prob("a cat"))), 2), round(float(np.exp(model.log_prob("a cab"))), 2)
        (0.42, 0.14)
        """
        split = [sentence.split() for sentence in sentences]
        words = tuple(sorted({word for sentence in split for word in sentence}))
        check_words(words, alphabet)
        numbers = {word: number for number, word in enumerate(words, start=1)}
        # As many ends as a context holds, so that the first word's context is always the same.
        ends = [END] * max(order - 1, 1)
        stream = [ends + [numbers[word] for word in sentence] for sentence in split]
        text = np.array([*sum(stream, []), *ends])
        return cls(KneserNey.fit(text, order, len(words) + 1), words, tuple(alphabet))

    @property
    def initial(self) -> Read:
        """At the start of a sentence."""
        return Read((END,) * (self.model.order - 1), "", True)

    def log_probs(self, state: Read) -> np.ndarray:
        """Of each symbol to be the next, ``(C,)``; -inf for those that no word allows."""
        return self.asked(state)[0]

    def log_prob_end(self, state: Read) -> float:
        """Of the end of the sentence."""
        return self.asked(state)[1]

    def after(self, state: Read, symbol: int) -> Read:
        """The state after a symbol that is allowed there."""
        character = self.alphabet[symbol]
        if character != " ":
            return state._replace(part=state.part + character, is_first=False)
        return Read(self.context_after(state), "", False)

    def log_prob(self, sentence: str) -> float:
        """Of a whole sentence, -inf where a word is unknown."""
        state, total = self.initial, 0.0
        for character in sentence:
            if character not in self.alphabet:
                return -np.inf
            symbol = self.alphabet.index(character)
            total += self.log_probs(state)[symbol]
            if total == -np.inf:
                return -np.inf
            state = self.after(state, symbol)
        return float(total + self.log_prob_end(state))

    def asked(self, state: Read) -> tuple[np.ndarray, float]:
        """``log_probs`` and ``log_prob_end``, from `known` where the state was asked before."""
        # States, contexts and beginnings of words share one table: no two kinds are ever equal.
        if state not in self.known:
            symbols, end = self.distribution(state)
            with np.errstate(divide="ignore"):  # of what is not allowed
                self.known[state] = np.log(symbols), float(np.log(end))
        return self.known[state]

    def distribution(self, state: Read) -> tuple[np.ndarray, float]:
        """The probability of each symbol to be the next, ``(C,)``, and that of the end."""
        part = state.part
        words, below = self.following(state.words)
        first, behind = self.spans(part)
        masses = below[behind] - below[first]  # of the words that begin so
        # A space was said to be followed by a word, so that the end is left out there; at the start it is not.
        whole = 1.0 if state.is_first else masses[-1]
        symbols = masses[:-1] / whole
        if not part:
            return symbols, float(words[END]) if state.is_first else 0.0
        complete = words[self.number(part)] / whole if part in self.words else 0.0
        end = self.following(self.context_after(state))[0][END] if complete else 0.0
        symbols[self.alphabet.index(" ")] = complete * (1 - end)
        return symbols, float(complete * end)

    def following(self, words: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """The probability of each word number after `words`, and that of all words before each place in their order."""
        if words not in self.known:
            found = self.model.following(words)
            self.known[words] = found, np.append(0.0, np.cumsum(found[1:]))
        return self.known[words]

    def spans(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Where the words begin and end in their order that begin with `part` and each symbol, or, last, any."""
        if part not in self.known:
            # No character of a word is above the last of all. A space, or a blank's "", begins no word.
            keys = [part + c if c.strip() else None for c in self.alphabet] + [part]
            starts = [0 if key is None else bisect_left(self.words, key) for key in keys]
            ends = [0 if key is None else bisect_left(self.words, key + LAST) for key in keys]
            self.known[part] = np.array(starts), np.array(ends)
        return self.known[part]

    def number(self, word: str) -> int:
        return self.words.index(word) + 1

    def context_after(self, state: Read) -> tuple[int, ...]:
        """The words before what follows the word that `state` has read."""
        # Not ``words[-(order - 1) :]``, which of order 1 is all of them.
        words = (*state.words, self.number(state.part))
        return words[len(words) - (self.model.order - 1) :]


def check_words(words: tuple[str, ...], alphabet: Sequence[str]) -> None:
    """Refuse a vocabulary that the alphabet cannot spell."""
    if " " not in alphabet:
        raise UserError(
            f"alphabet must hold a space, but is {list(alphabet)}; words are told apart by it"
        )
    if not words:
        raise UserError(
            "sentences must hold words, but there are none; give the training sentences"
        )
    for word in words:
        strange = set(word) - set(alphabet)
        if strange:
            raise UserError(
                f"sentences must be spelled in the alphabet, but {word!r} has {min(strange)!r}; "
                "add it, or leave such sentences out"
            )
