"""The sentences of the GRID corpus [1]_: command, colour, preposition, letter, digit, adverb.

.. [1] Cooke, Barker, Cunningham, Shao: An audio-visual corpus for speech perception and automatic speech recognition.
   Journal of the Acoustical Society of America 120 (2006).
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

SLOTS = {
    "command": ("bin", "lay", "place", "set"),
    "colour": ("blue", "green", "red", "white"),
    "preposition": ("at", "by", "in", "with"),
    "letter": tuple(
        "abcdefghijklmnopqrstuvxyz"
    ),  # w, the only one of more than one syllable, is left out
    "digit": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "adverb": ("again", "now", "please", "soon"),
}


def grid_sentences() -> Iterator[str]:
    """All 64,000 sentences, in the order of `SLOTS`.

    Examples
    --------
    >>> next(grid_sentences())
    'bin blue at a zero again'
    """
    return (" ".join(words) for words in product(*SLOTS.values()))


def drawn_sentences(count: int, rng: np.random.Generator) -> list[str]:
    """That many sentences, drawn independently, each word of a slot as likely.

    Examples
    --------
    >>> len(drawn_sentences(2, np.random.default_rng(0))[0].split())
    6
    """
    columns = [rng.choice(words, count) for words in SLOTS.values()]
    return [" ".join(words) for words in zip(*columns, strict=True)]
