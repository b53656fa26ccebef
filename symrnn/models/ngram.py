"""An n-gram model of symbols with interpolated, modified Kneser-Ney smoothing [1]_: what a language model has to beat.

.. [1] Chen, Goodman: An empirical study of smoothing techniques for language modeling. Computer Speech and Language
   13 (1999); equations 28 to 33.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError


class Counts(NamedTuple):
    """The n-grams of one order, as numbers to the base V, and what their contexts hold."""

    grams: np.ndarray  # sorted
    discounted: np.ndarray  # count less discount, of each n-gram
    contexts: np.ndarray  # sorted
    totals: np.ndarray  # sum of the counts in each context
    left: np.ndarray  # sum of the discounts in each context


@dataclass(frozen=True)
class KneserNey:
    """Probabilities of each symbol after the ``order - 1`` before it.

    The longest n-grams are counted as they occur, shorter ones by the number of different symbols before them; every
    count is lowered by a discount for its size (1, 2, or more), and what is gained goes to the next shorter context,
    in the end to all V symbols alike.

    Attributes
    ----------
    levels
        `Counts` of orders 1, 2, ..., `order`.
    symbols
        V.
    """

    levels: tuple[Counts, ...]
    symbols: int

    @classmethod
    def fit(cls, text: np.ndarray, order: int, symbols: int) -> "KneserNey":
        """The model of ``text (N,)``, integers below V.

        Examples
        --------
        >>> model = KneserNey.fit(np.tile([0, 1, 2], 50), order=3, symbols=4)
        >>> bool(model.bits(np.array([0, 1, 2, 0, 1]))[2:].max() < 0.1)
        True
        """
        check_order(text, order, symbols)
        grams, counts = np.unique(windows(text, order, symbols), return_counts=True)
        levels = [level(grams, counts, symbols)]
        for length in range(order - 1, 0, -1):
            # Each longer n-gram once, without its first symbol: how often one is left is how many symbols come before
            # it.
            grams, counts = np.unique(grams % symbols**length, return_counts=True)
            levels.append(level(grams, counts, symbols))
        return cls(tuple(reversed(levels)), symbols)

    @property
    def order(self) -> int:
        """Symbols in the longest n-gram."""
        return len(self.levels)

    def probabilities(self, text: np.ndarray) -> np.ndarray:
        """Of each symbol of ``text (N,)`` after those before it, ``(N,)``; the first ones have shorter contexts."""
        # From the shortest context to the longest: each order leans on what the one below says.
        p = np.full(len(text), 1 / self.symbols)
        for length, counts in enumerate(self.levels, start=1):
            grams = windows(text, length, self.symbols)
            own, total, left = counted(counts, grams, self.symbols)
            # A context that was never seen has 0 of 0; there the shorter one's word stands.
            with np.errstate(invalid="ignore"):
                longer = (own + left * p[length - 1 :]) / total
            p[length - 1 :] = np.where(total > 0, longer, p[length - 1 :])
        return p

    def following(self, context: Sequence[int]) -> np.ndarray:
        """Of each symbol after the last symbols of `context`, ``(V,)``.

        Examples
        --------
        >>> model = KneserNey.fit(np.tile([0, 1, 2], 50), order=3, symbols=4)
        >>> model.following([0, 1]).argmax(), bool(np.isclose(model.following([0, 1]).sum(), 1))
        (np.int64(2), True)
        """
        p = np.full(self.symbols, 1 / self.symbols)
        number, digit = 0, 1
        # A short context has no say in the levels above its length.
        for counts, symbol in zip(self.levels, [None, *reversed(context)], strict=False):
            if symbol is not None:
                number, digit = number + int(symbol) * digit, digit * self.symbols
            grams = number * self.symbols + np.arange(self.symbols)
            own, total, left = counted(counts, grams, self.symbols)
            if total[0] > 0:
                p = (own + left * p) / total
        return p

    def bits(self, text: np.ndarray) -> np.ndarray:
        """``-log2`` of `probabilities`, ``(N,)``."""
        return -np.log2(self.probabilities(text))


def windows(text: np.ndarray, length: int, symbols: int) -> np.ndarray:
    """Every `length` symbols in a row as one number, ``(N - length + 1,)``, int64."""
    text = np.asarray(text, "int64")
    count = max(len(text) - length + 1, 0)
    return sum(text[i : i + count] * symbols ** (length - 1 - i) for i in range(length))


def level(grams: np.ndarray, counts: np.ndarray, symbols: int) -> Counts:
    """The `Counts` of n-grams ``grams``, sorted, that occur `counts` times."""
    discounts = discount_of_count(counts)
    contexts, context_of = np.unique(grams // symbols, return_inverse=True)
    return Counts(
        grams,
        counts - discounts,
        contexts,
        np.bincount(context_of, counts),
        np.bincount(context_of, discounts),
    )


def discount_of_count(counts: np.ndarray) -> np.ndarray:
    """What is taken from each count, ``(N,)``: estimated from how many n-grams occur 1, 2, 3 and 4 times [1]_.

    Where one of these is zero, as for the few single symbols, half a count is taken.
    """
    ones, twos, threes, fours = (np.count_nonzero(counts == i) for i in (1, 2, 3, 4))
    if not (ones and twos and threes and fours):
        return np.full(len(counts), 0.5)
    y = ones / (ones + 2 * twos)
    discounts = np.array(
        [1 - 2 * y * twos / ones, 2 - 3 * y * threes / twos, 3 - 4 * y * fours / threes]
    )
    # Of few n-grams the estimates leave these bounds: a count would grow, or nothing be left of it.
    return np.clip(discounts, 0.05, [0.95, 1.95, 2.95])[np.minimum(counts, 3) - 1]


def counted(counts: Counts, grams: np.ndarray, symbols: int) -> tuple[np.ndarray, ...]:
    """Discounted counts of `grams`, and totals and discounts of their contexts; zeros for what is unknown."""
    own, _ = looked_up(counts.grams, grams, counts.discounted, counts.discounted)
    return own, *looked_up(counts.contexts, grams // symbols, counts.totals, counts.left)


def looked_up(keys: np.ndarray, wanted: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """Each column at the place of the `wanted` among the sorted `keys`, 0 where they are missing."""
    # What is larger than all keys is looked for behind the last one.
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    known = keys[at] == wanted
    return [np.where(known, column[at], 0.0) for column in columns]


def check_order(text: np.ndarray, order: int, symbols: int) -> None:
    """Refuse an order that the text is too short for, or whose n-grams do not fit 64 bits."""
    if not 1 <= order <= min(len(text), int(62 / np.log2(symbols))):
        raise UserError(
            f"order must be from 1 to {int(62 / np.log2(symbols))}, and at most the {len(text)} symbols of the text,"
            f" but is {order}; give 5, say"
        )
