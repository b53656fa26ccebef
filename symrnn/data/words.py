"""Texts as words, counted as the benchmarks of language models count them.

The words of a line stand between spaces, and each line ends with ``<eos>``. The vocabulary is that of the training
text, the commonest words where it has to be cut; every other word is ``<unk>``. A text of the user's, and the
documentation of the standard library, are cut into words and signs first, and their lines are paragraphs.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from symrnn.data import text
from symrnn.errors import UserError, check_choice

UNKNOWN, END = "<unk>", "<eos>"
SPECIAL = (UNKNOWN, END)  # numbers 0 and 1 of every vocabulary
SIGNS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
TEXTS = ("library", "wikipedia")  # embedded


class Words(NamedTuple):
    """Three parts of a text."""

    train: list[str]
    validation: list[str]
    test: list[str]


@dataclass(frozen=True)
class Vocabulary:
    """Words by their numbers.

    Attributes
    ----------
    words
        The word of each number; `SPECIAL` first.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, train: Iterable[str], most: int) -> "Vocabulary":
        """The commonest words of a text, at most so many; of equally common ones the first.

        Examples
        --------
        >>> Vocabulary.of("a rose is a rose <eos>".split(), 4).words
        ('<unk>', '<eos>', 'a', 'rose')
        """
        counts = Counter(word for word in train if word not in SPECIAL)
        return cls((*SPECIAL, *(word for word, _ in counts.most_common(most - len(SPECIAL)))))

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """The number of each word, ``(N,)``, int32.

        Examples
        --------
        >>> Vocabulary((*SPECIAL, "a")).numbers(["a", "b", "<eos>"])
        array([2, 0, 1], dtype=int32)
        """
        known = {word: number for number, word in enumerate(self.words)}
        return np.array([known.get(word, 0) for word in words], "int32")


def lines_to_words(lines: Iterable[str]) -> list[str]:
    """The words between spaces, and ``<eos>`` behind each line.

    Examples
    --------
    >>> lines_to_words(["a cat", ""])
    ['a', 'cat', '<eos>', '<eos>']
    """
    return list(chain.from_iterable([*line.split(), END] for line in lines))


def plain_words(running: str) -> list[str]:
    """The words and signs of a running text, with ``<eos>`` behind each paragraph.

    Examples
    --------
    >>> plain_words("It isn't\\nso.\\n\\n\\nA(b)")
    ['It', "isn't", 'so', '.', '<eos>', 'A', '(', 'b', ')', '<eos>']
    """
    paragraphs = (SIGNS.findall(part) for part in re.split(r"\n\s*\n", running))
    return list(chain.from_iterable([*words, END] for words in paragraphs if words))


@lru_cache(maxsize=2)
def embedded_words(name: str = "library") -> Words:
    """The words of a text that is installed.

    ``"library"`` is the standard library's documentation, ``"wikipedia"`` the articles that the package ``gensim``
    brings along. Of every twenty documents one is held out for validation and one for testing.

    Raises
    ------
    UserError
        When there is no such text, or ``gensim`` is not installed.
    """
    check_choice("text", name, TEXTS)
    documents = text.standard_library() if name == "library" else wikipedia()
    return Words(*map(plain_words, text.split(documents)))


def wikipedia() -> list[str]:
    """The articles inside ``gensim``, without their markup, one a document."""
    try:
        from gensim.corpora.wikicorpus import (  # type: ignore[import-not-found]
            extract_pages,
            filter_wiki,
        )
        from gensim.test.utils import datapath  # type: ignore[import-not-found]
    except ImportError as error:
        raise UserError(
            "text must be 'library' where the package gensim is not installed, but is 'wikipedia';"
            " install it with `pip install gensim`"
        ) from error
    import bz2

    with bz2.open(
        datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
    ) as file:
        pages = [content for _, content, _ in extract_pages(file, ("0",))]
    articles = (filter_wiki(page) for page in pages if not page.upper().startswith("#REDIRECT"))
    # Marks of bold and slanted letters are left.
    return [re.sub("'{2,}", "", article) for article in articles if article.strip()]
