"""Additions of two binary numbers, least significant bit first [1]_.

.. [1] Roelants: How to implement a recurrent neural network, part 2. peterroelants.github.io
"""

from typing import NamedTuple

import numpy as np

from symrnn.data.table import number_in, rows_of
from symrnn.errors import UserError

BITS = 7  # of a sum; each addend has one less
LARGEST = 2 ** (BITS - 1) - 1


class Additions(NamedTuple):
    """Pairs of numbers to train on and others to test on, ``(N, 2)`` each."""

    train: np.ndarray
    test: np.ndarray


def additions(*, samples=2000, tests=1000, seed=0, path=None):
    """Different pairs of numbers below 64: `samples` to train on, or those of a file, and `tests` of the others.

    The file has the heading ``x1,x2``.

    Examples
    --------
    >>> drawn = additions(seed=1)
    >>> drawn.train.shape, drawn.test.shape, int(drawn.train.max())
    ((2000, 2), (1000, 2), 63)
    """
    count = LARGEST + 1
    order = np.random.default_rng(seed).permutation(count**2)
    if path is None:
        seen, unseen = order[:samples], order[samples:]
    else:
        seen = [x1 * count + x2 for x1, x2 in pairs_in(path)]
        unseen = order[~np.isin(order, seen)]
    if len(unseen) < tests or not len(seen):
        raise UserError(
            f"samples must leave {tests} of the {count**2} pairs to test on, but are {len(seen)}; take fewer"
        )
    return Additions(*(np.stack(np.divmod(part, count), axis=1) for part in (seen, unseen[:tests])))


def pairs_in(path):
    """The pairs of a file, whole numbers that fit their bits."""
    for line, cells in rows_of(path, ["x1", "x2"]):
        pair = [number_in(path, line, *each) for each in zip(("x1", "x2"), cells, strict=True)]
        for value in pair:
            if not 0 <= value <= LARGEST or value != int(value):
                raise UserError(
                    f"{path}, line {line}: a number must be whole, from 0 to {LARGEST}, but is {value:g}"
                )
        yield tuple(map(int, pair))


def bits(numbers):
    """``(T, N)`` zeros and ones of ``numbers (N,)``, least significant first.

    Examples
    --------
    >>> bits([6])[:, 0]
    array([0, 1, 1, 0, 0, 0, 0])
    """
    return np.asarray(numbers)[None, :] >> np.arange(BITS)[:, None] & 1


def number_of(bits):
    """The number, ``()`` or ``(N,)``, of bits ``(T,)`` or ``(T, N)``; undoes `bits`."""
    return np.tensordot(2 ** np.arange(len(bits)), bits, 1)
