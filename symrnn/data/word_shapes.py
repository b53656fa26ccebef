"""Word shapes: for each character of a line, what kind of word it stands in, a tag that needs both sides to tell.

The ``t`` of ``set`` is lower case, that of ``setUp`` mixed, that of ``set_2`` part of a name.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symrnn.data.text import encode
from symrnn.errors import UserError

TAGS = ("space", "punctuation", "number", "lower", "title", "upper", "mixed", "name")  # K
WORD = re.compile(r"\w+")


class Lines(NamedTuple):
    """Lines of a text one below the other, padded to one length."""

    symbols: np.ndarray  # (N, T), int32, 0 beyond the end
    tags: np.ndarray  # (N, T), int32, 0 beyond the end
    mask: np.ndarray  # (N, T), bool, True up to the end


def word_shape(word: str) -> str:
    """The tag of all characters of a word.

    Examples
    --------
    >>> [word_shape(word) for word in ("a", "A", "The", "HTTP", "setUp", "utf8", "__init__", "42")]
    ['lower', 'title', 'title', 'upper', 'mixed', 'name', 'name', 'number']
    """
    if word.isdecimal():
        return "number"
    if "_" in word or not word.isalpha():
        return "name"
    if word == word.lower():
        return "lower"
    if word == word[0].upper() + word[1:].lower():
        return "title"
    return "upper" if word == word.upper() else "mixed"


def line_tags(line: str) -> np.ndarray:
    """The tag of each character of a line, as numbers, ``(T,)``, int32.

    Examples
    --------
    >>> [TAGS[tag] for tag in line_tags("a B.")]
    ['lower', 'space', 'title', 'punctuation']
    """
    tags = np.array([TAGS.index("space" if c.isspace() else "punctuation") for c in line], "int32")
    for word in WORD.finditer(line):
        tags[word.start() : word.end()] = TAGS.index(word_shape(word[0]))
    return tags


def tagged_lines(text: str, length: int) -> Lines:
    """The `Lines` of a text that hold anything, the first `length` characters of each.

    Examples
    --------
    >>> tagged_lines("one\\n\\nand two", 5).mask.sum(axis=1)
    array([3, 5])
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise UserError(
            "each part of the text must have a line with something in it, but one has none"
        )
    symbols, tags = (
        padded([f(line)[:length] for line in lines], length) for f in (encode, line_tags)
    )
    ends = np.array([min(len(line), length) for line in lines])
    return Lines(symbols, tags, np.arange(length) < ends[:, None])


def padded(rows: Sequence[np.ndarray], length: int) -> np.ndarray:
    """Rows of different lengths as one array ``(N, length)`` with zeros at their ends."""
    array = np.zeros((len(rows), length), "int32")
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return array
