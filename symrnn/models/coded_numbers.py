"""The numbers of a one-shot autoencoder, coded by how likely its own prior says they are.

Of each number the prior tells a mean and a width, and so how likely every whole number is. A factorised prior tells
them of a channel, a masked one from the numbers before, row by row. Numbers of one front are told together, those of
places ``(row, column)`` with the same ``row * 3 + column``: what a window of 5 sees before a place is of earlier
fronts.

    0 1 2 3 4
    3 4 5 6 7
    6 7 8 9 ...

Whoever decodes computes what whoever encoded did, front by front, in float64: the same processor comes to the same
numbers. (The recurrent codec's contexts are whole numbers, which are the same on any.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from symrnn.models.autoencoder_network import CAUSAL, LEAST, Autoencoder, causal_rows
from symrnn.models.codec_network import Filters
from symrnn.models.coded_picture import constriction

AROUND = CAUSAL.window[0] // 2


def fronts(height: int, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and columns of the places of each front, in turn.

    Examples
    --------
    >>> [[(int(r), int(c)) for r, c in zip(*front)] for front in fronts(2, 4)][3:5]
    [[(0, 3), (1, 0)], [(1, 1)]]
    """
    apart = AROUND + 1
    for front in range(apart * (height - 1) + width):
        rows = np.arange(
            max(0, -(-(front - width + 1) // apart)), min(height - 1, front // apart) + 1
        )
        yield rows, front - apart * rows


@dataclass(frozen=True)
class Factorised:
    """Mean and logarithm of the width of each channel, ``(C,)``."""

    mean: np.ndarray
    width: np.ndarray

    def odds(
        self, framed: np.ndarray, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and logarithm of the width of the numbers of some places, ``(N, C)`` each."""
        return tuple(np.tile(each, (len(rows), 1)) for each in (self.mean, self.width))  # type: ignore[return-value]


@dataclass(frozen=True)
class Masked:
    """A convolution of what comes before, and what is told of it: weights ``(K*C, H)``, ``(H, 2*C)``, and biases."""

    before: tuple[np.ndarray, np.ndarray]
    odds_of: tuple[np.ndarray, np.ndarray]

    def odds(
        self, framed: np.ndarray, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same, from ``framed (C, height + 4, width + 4)``, zeros around and where nothing has come yet."""
        down, right = (np.arange(size) for size in CAUSAL.window)
        # as rows of filters: the last axis of the window slowest, channels fastest
        at = rows[:, None, None] + down, columns[:, None, None] + right[:, None]
        seen = np.moveaxis(framed[:, *at], 0, -1).reshape(len(rows), -1)
        hidden = np.maximum(seen @ self.before[0] + self.before[1], 0)
        mean, width = np.split(hidden @ self.odds_of[0] + self.odds_of[1], 2, axis=1)
        return mean, width


def prior_of(net: Autoencoder) -> Factorised | Masked:
    """The prior of a network, as it is trained so far."""

    def value(weight: object) -> np.ndarray:
        return np.asarray(weight.get_value(), "float64")  # type: ignore[attr-defined]

    first, second = net.prior
    if not isinstance(first, Filters):
        return Factorised(value(first), value(second))
    mask = causal_rows(net.shape.channels)[:, None]
    return Masked((value(first.w) * mask, value(first.b)), (value(second.w), value(second.b)))


def likelihoods(mean: np.ndarray, width: np.ndarray, most: int) -> np.ndarray:
    """``(N, 2 * most + 1)`` float32: how likely each number from ``-most`` to `most` is, by ``mean, width (N,)``.

    The part of a logistic distribution within a half around it; the first and the last have what is beyond them too.

    Examples
    --------
    >>> likelihoods(np.zeros(1), np.zeros(1), 1).round(3)
    array([[0.378, 0.245, 0.378]], dtype=float32)
    """
    edges = np.arange(-most, most) + 0.5
    below = expit((edges - mean[:, None]) * np.exp(-width[:, None]))
    found = np.diff(below, axis=1, prepend=0, append=1)
    found = np.maximum(found, LEAST)
    return (found / found.sum(axis=1, keepdims=True)).astype("float32")


def words_of(codes: np.ndarray, prior: Factorised | Masked) -> np.ndarray:
    """The uint32 words of a range coder of whole numbers ``codes (C, height, width)``.

    Examples
    --------
    >>> codes = np.zeros((2, 3, 4), int)
    >>> codes[0, 1, 2] = 5
    >>> prior = Factorised(np.zeros(2), np.full(2, -2.0))
    >>> bool((numbers_in(words_of(codes, prior), prior, codes.shape, 5) == codes).all())
    True
    """
    stream = constriction("to compress").stream
    encoder, model = stream.queue.RangeEncoder(), stream.model.Categorical(perfect=False)
    framed, most = framed_by_zeros(codes), int(abs(codes).max(initial=1))
    for rows, columns in fronts(*codes.shape[1:]):
        mean, width = prior.odds(framed, rows, columns)
        numbers = (codes[:, rows, columns].T + most).astype("int32").ravel()
        encoder.encode(numbers, model, likelihoods(mean.ravel(), width.ravel(), most))
    return np.asarray(encoder.get_compressed(), "uint32")


def numbers_in(
    words: np.ndarray, prior: Factorised | Masked, shape: tuple[int, ...], most: int
) -> np.ndarray:
    """The whole numbers of `shape` ``(C, height, width)``, none beyond `most`, that words tell."""
    stream = constriction("to decompress").stream
    decoder, model = stream.queue.RangeDecoder(words), stream.model.Categorical(perfect=False)
    framed = framed_by_zeros(np.zeros(shape))
    codes = framed[:, AROUND:-AROUND, AROUND:-AROUND]
    for rows, columns in fronts(*shape[1:]):
        mean, width = prior.odds(framed, rows, columns)
        numbers = decoder.decode(model, likelihoods(mean.ravel(), width.ravel(), most))
        codes[:, rows, columns] = np.asarray(numbers).reshape(mean.shape).T - most
    return codes.astype("int64")


def framed_by_zeros(codes: np.ndarray) -> np.ndarray:
    """``(C, height + 4, width + 4)`` float64."""
    return np.pad(codes.astype("float64"), ((0, 0), (AROUND, AROUND), (AROUND, AROUND)))
