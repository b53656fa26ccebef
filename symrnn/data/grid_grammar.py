"""GRID's sentences: six words, each of its own kind, and the names of the files that hold them [1]_.

A file is called by a letter or a digit a word: ``swwp2s`` is "set white with p two soon".

.. [1] Cooke, Barker, Cunningham, Shao: An audio-visual corpus for speech perception and automatic speech recognition.
   Journal of the Acoustical Society of America 120 (2006).
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

KINDS = ("command", "colour", "preposition", "letter", "digit", "adverb")
LETTERS = "abcdefghijklmnopqrstuvxyz"  # all but w, whose name has three syllables
GRAMMAR: tuple[dict[str, str], ...] = (  # by kind: the letter of a file's name, and its word
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: letter for letter in LETTERS},
    {
        **{"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four"},
        **{"5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    },
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)
SENTENCES = 4 * 4 * 4 * 25 * 10 * 4
SYMBOLS = " abcdefghijklmnopqrstuvwxyz"  # what is written; CTC's blank stands before them


def sentence_named(name: str) -> str | None:
    """The sentence of a file's name without its ending; None where the name is of no sentence.

    Examples
    --------
    >>> sentence_named("swwp2s"), sentence_named("holiday")
    ('set white with p two soon', None)
    """
    if len(name) != len(GRAMMAR):
        return None
    words = [kind.get(letter) for kind, letter in zip(GRAMMAR, name.lower(), strict=True)]
    return None if None in words else " ".join(map(str, words))


def name_of(sentence: str) -> str | None:
    """The inverse of `sentence_named`: a file's name, or None for a sentence that is not GRID's.

    Examples
    --------
    >>> name_of("lay white by s zero again")
    'lwbsza'
    """
    words = sentence.split()
    if len(words) != len(GRAMMAR):
        return None
    letters = [
        next((letter for letter, known in kind.items() if known == word), None)
        for kind, word in zip(GRAMMAR, words, strict=True)
    ]
    return None if None in letters else "".join(map(str, letters))


def drawn_sentence(rng: np.random.Generator) -> str:
    """A sentence, each word as likely as any other of its kind.

    Examples
    --------
    >>> name_of(drawn_sentence(np.random.default_rng(0))) is not None
    True
    """
    return " ".join(str(rng.choice(list(kind.values()))) for kind in GRAMMAR)


def drawn_sentences(count: int, rng: np.random.Generator) -> list[str]:
    """That many sentences, drawn independently."""
    return [drawn_sentence(rng) for _ in range(count)]


def grid_sentences() -> Iterator[str]:
    """All of them, in the order of `GRAMMAR`.

    Examples
    --------
    >>> next(grid_sentences())
    'bin blue at a zero again'
    """
    return (" ".join(words) for words in product(*(kind.values() for kind in GRAMMAR)))


def encoded(sentence: str) -> np.ndarray:
    """The labels of a sentence, ``(L,)``, int32, from 1 on, since 0 is CTC's blank.

    Examples
    --------
    >>> encoded("a bee").tolist()
    [2, 1, 3, 6, 6]
    """
    return np.array([1 + SYMBOLS.index(letter) for letter in sentence], "int32")


def decoded(labels: np.ndarray) -> str:
    """The sentence of `labels`.

    Examples
    --------
    >>> decoded(encoded("set"))
    'set'
    """
    return "".join(SYMBOLS[label - 1] for label in labels)
