"""Additions of two binary numbers, least significant bit first [1]_.

.. [1] Roelants: How to implement a recurrent neural network, part 2. peterroelants.github.io
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data import pairs_csv
from symrnn.data.pairs_csv import BITS, LARGEST
from symrnn.errors import UserError


class Additions(NamedTuple):
    """Pairs of numbers to train on and others to test on, ``(N, 2)`` each."""

    train: np.ndarray
    test: np.ndarray


def additions(
    *, samples: int = 2000, tests: int = 1000, seed: int = 0, path: str | Path | None = None
) -> Additions:
    """Different pairs of numbers below 64: `samples` to train on, or those of a file, and `tests` of the others.

    The file is as `symrnn.data.pairs_csv.read` reads it.

    Examples
    --------
    >>> drawn = additions(seed=1)
    >>> drawn.train.shape, drawn.test.shape, int(drawn.train.max())
    ((2000, 2), (1000, 2), 63)
    """
    count = LARGEST + 1
    # A pair is one number, its first addend times 64 plus its second: to draw pairs is to shuffle numbers.
    order = np.random.default_rng(seed).permutation(count**2)
    if path is None:
        seen, unseen = order[:samples], order[samples:]
    else:
        seen = np.array([x1 * count + x2 for x1, x2 in pairs_csv.read(path)])
        # What is tested on was never trained on, whatever the file holds.
        unseen = order[~np.isin(order, seen)]
    if len(unseen) < tests or not len(seen):
        raise UserError(
            f"samples must leave {tests} of the {count**2} pairs to test on, but are {len(seen)}; take fewer"
        )
    return Additions(*(np.stack(np.divmod(part, count), axis=1) for part in (seen, unseen[:tests])))


def bits(numbers: np.ndarray | list[int]) -> np.ndarray:
    """``(T, N)`` zeros and ones of ``numbers (N,)``, least significant first.

    Examples
    --------
    >>> bits([6])[:, 0]
    array([0, 1, 1, 0, 0, 0, 0])
    """
    return np.asarray(numbers)[None, :] >> np.arange(BITS)[:, None] & 1


def number_of(bits: np.ndarray) -> np.ndarray:
    """The number, ``()`` or ``(N,)``, of bits ``(T,)`` or ``(T, N)``; undoes `bits`."""
    return np.tensordot(2 ** np.arange(len(bits)), bits, 1)
