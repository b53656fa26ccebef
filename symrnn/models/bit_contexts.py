"""How likely a bit of a code is to be 1, from bits that came before it: a learned model in whole numbers.

Whoever decodes must come to the very numbers that whoever encoded came to, on another machine too; so everything here
is whole numbers. Of each step's each channel, a small network sees the bits around a place: those of the step before in
the nine places around, of the step before that, of the channels before it, and those of its own channel that came
before. So that they come before, the places of a channel are coded in four passes: those of even row and column, of odd
row and column, and the two kinds between.

Sums of products of whole numbers are exact in floating point, in any order, while they stay below 2**24 (float32) or
2**53 (float64); `BitContexts` checks that its weights keep them there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError

PASSES = ((0, 0), (1, 1), (0, 1), (1, 0))  # row and column, odd or even
AROUND = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
BESIDE = [place for place in AROUND if place != (0, 0)]
ONE = 64  # a weight of 1
STEP = ONE * ONE // 16  # of what the network puts out, to a level: a sixteenth of a nat
MOST = 100  # levels on either side of even odds
WHOLE = 2**16  # a probability of 1


def level_table() -> np.ndarray:
    """``(2 * MOST + 1,)``: the probability of a 1 at each level, of `WHOLE`.

    Examples
    --------
    >>> table = level_table()
    >>> [int(table[level]) for level in (0, MOST, 2 * MOST)]
    [126, 32768, 65410]
    """
    # No level is 0 or `WHOLE`: a range coder gives no room to what cannot be, and could not code it.
    nats = np.arange(-MOST, MOST + 1) / 16
    return np.rint(WHOLE / (1 + np.exp(-nats))).astype("uint16")


class Place(NamedTuple):
    """Which bits come next: a step, a channel, a pass."""

    step: int
    channel: int
    turn: int

    def of(self, bits: np.ndarray) -> np.ndarray:
        """Their places in ``bits (T, C, height, width)``, a view."""
        row, column = PASSES[self.turn]
        return bits[self.step, self.channel, row::2, column::2]


def places(steps: int, channels: int) -> Iterator[Place]:
    """The order of a code.

    Examples
    --------
    >>> [tuple(place) for place in places(1, 2)][3:5]
    [(0, 0, 3), (0, 1, 0)]
    """
    for step in range(steps):
        for channel in range(channels):
            for turn in range(len(PASSES)):
                yield Place(step, channel, turn)


def features(channels: int) -> int:
    """F: bits that the network of a channel sees.

    Examples
    --------
    >>> features(8)
    155
    """
    return 9 * channels + channels + 9 * (channels - 1) + len(BESIDE) + len(PASSES)


def seen(bits: np.ndarray, place: Place) -> np.ndarray:
    """``(F, N)`` float32: what is seen from each of the places, -1, 1, or 0 where there is nothing yet.

    ``bits (T, C, height + 2, width + 2)`` have a frame of zeros; so has what did not come yet.
    """
    step, channel, turn = place
    channels, height, width = bits.shape[1], bits.shape[2] - 2, bits.shape[3] - 2
    row, column = PASSES[turn]

    def bits_at(which, of, down, right):
        # Places of the pass alone, every other row and column, 1 further for the frame.
        return bits[which, of, 1 + down + row : 1 + down + height : 2,
                    1 + right + column : 1 + right + width : 2]  # fmt: skip

    found = np.zeros((features(channels), *bits_at(step, channel, 0, 0).shape), "float32")
    rows = iter(found)
    for of in range(channels):
        for down, right in AROUND:
            into = next(rows)
            if step >= 1:
                into[:] = bits_at(step - 1, of, down, right)
    for of in range(channels):
        into = next(rows)
        if step >= 2:
            into[:] = bits_at(step - 2, of, 0, 0)
    # The last channel comes before none, so it has no rows here.
    for of in range(channels - 1):
        for down, right in AROUND:
            into = next(rows)
            if of < channel:
                into[:] = bits_at(step, of, down, right)
    for down, right in BESIDE:
        into = next(rows)
        # Of its own channel, only passes that came before: after an encoder's bits are all there, later ones are not.
        if came_before(turn, down, right):
            into[:] = bits_at(step, channel, down, right)
    # Which pass it is: what is known around a place differs between them.
    found[len(found) - len(PASSES) + turn] = 1
    return found.reshape(len(found), -1)


def came_before(turn: int, down: int, right: int) -> bool:
    """Whether a neighbour belongs to an earlier pass.

    Examples
    --------
    >>> [came_before(turn, 0, 1) for turn in range(4)]
    [False, False, True, True]
    """
    row, column = PASSES[turn]
    return PASSES.index(((row + down) % 2, (column + right) % 2)) < turn


@dataclass(frozen=True)
class BitContexts:
    """The networks, of whole numbers; steps beyond the last are like the last.

    Attributes
    ----------
    w1
        ``(T, C, F, K)`` int16, to K hidden units.
    b1
        ``(T, C, K)`` int32.
    w2
        ``(T, C, K)`` int16.
    b2
        ``(T, C)`` int32.
    levels
        As of `level_table`; part of the model, so that no two machines round an exponential differently.
    """

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    levels: np.ndarray

    def __post_init__(self) -> None:
        shape = self.w1.shape
        fits = (
            self.w1.ndim == 4
            and self.b1.shape == self.w2.shape == (*shape[:2], shape[3])
            and self.b2.shape == shape[:2]
            and shape[2] == features(shape[1])
            and self.levels.shape == (2 * MOST + 1,)
            and all(a.dtype.kind in "iu" for a in (self.w1, self.b1, self.w2, self.b2, self.levels))
        )
        if not fits or not all(shape):
            raise UserError(
                "the codec's contexts do not fit together; take a codec that `symrnn` wrote"
            )
        if not 0 < int(self.levels.min()) <= int(self.levels.max()) < WHOLE:
            raise UserError(
                "the codec's levels must lie between 0 and 65536; take a codec that `symrnn` wrote"
            )
        # Whatever the bits are, -1, 0 or 1, no sum on the way to a hidden unit is larger.
        largest = np.abs(self.w1.astype("int64")).sum(axis=2) + np.abs(self.b1.astype("int64"))
        if largest.max() >= 2**24:
            raise UserError(
                "the codec's contexts must have sums below 2**24, to be exact; take another codec"
            )

    @property
    def channels(self) -> int:
        """C."""
        return self.w1.shape[1]

    @property
    def cheapest(self) -> float:
        """The least that a bit can cost, in bits.

        Examples
        --------
        >>> round(untaught(2).cheapest, 4)
        0.0028
        """
        likeliest = max(int(self.levels.max()), WHOLE - int(self.levels.min()))
        return float(-np.log2(likeliest / WHOLE))

    def probabilities(self, bits: np.ndarray, place: Place) -> np.ndarray:
        """``(N,)``: how likely each of the next bits is a 1, multiples of 2**-16; `bits` as for `seen`."""
        of = min(place.step, len(self.w1) - 1), place.channel
        hidden = np.maximum(
            self.w1[of].T.astype("float32") @ seen(bits, place) + self.b1[of][:, None], 0
        )
        # Hidden units below 2**24 times 16-bit weights: past float32's 2**24, far below float64's 2**53.
        out = self.w2[of].astype("float64") @ hidden.astype("float64") + int(self.b2[of])
        level = np.clip(np.floor(out / STEP), -MOST, MOST).astype("int64")
        return self.levels[level + MOST] / WHOLE


def untaught(channels: int, steps: int = 1, hidden: int = 1) -> BitContexts:
    """Contexts that know nothing: every bit is as likely 1 as -1."""
    shape = (steps, channels, features(channels), hidden)
    return BitContexts(
        np.zeros(shape, "int16"),
        np.zeros((steps, channels, hidden), "int32"),
        np.zeros((steps, channels, hidden), "int16"),
        np.zeros((steps, channels), "int32"),
        level_table(),
    )


def taught(
    codes: list[np.ndarray], *, hidden: int = 16, updates: int = 150, seed: int = 0
) -> BitContexts:
    """Contexts learned on ``codes (T, C, height, width)``, -1 and 1, of one T.

    Each network is trained by Adam on batches of 512 places, and then rounded.
    """
    steps, channels = codes[0].shape[:2]
    bits = mosaic(codes)
    framed = np.pad(bits, ((0, 0), (0, 0), (1, 1), (1, 1)))
    rng = np.random.default_rng(seed)
    found = untaught(channels, steps, hidden)
    for step in range(steps):
        for channel in range(channels):
            turns = [Place(step, channel, turn) for turn in range(len(PASSES))]
            known = np.concatenate([place.of(bits).ravel() for place in turns])
            xs = np.concatenate([seen(framed, place) for place in turns], axis=1)
            xs, ones = xs[:, known != 0].T, known[known != 0] > 0
            learned = fitted(xs, ones.astype("float32"), hidden, updates, rng)
            for whole, value in zip((found.w1, found.b1, found.w2, found.b2), learned, strict=True):
                whole[step, channel] = value
    return BitContexts(found.w1, found.b1, found.w2, found.b2, found.levels)


def mosaic(codes: list[np.ndarray]) -> np.ndarray:
    """``(T, C, height, width)``: codes side by side, each from an even column on, with zeros between them."""
    tallest = max(code.shape[2] for code in codes)
    framed = [
        np.pad(code, ((0, 0), (0, 0), (0, tallest - code.shape[2]), (0, 2 - code.shape[3] % 2)))
        for code in codes
    ]
    return np.concatenate(framed, axis=3)


def fitted(
    xs: np.ndarray, ones: np.ndarray, hidden: int, updates: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """The weights of one network, rounded."""
    wide = xs.shape[1]
    params = [
        rng.normal(0, np.sqrt(1 / wide), (wide, hidden)).astype("float32"),
        np.zeros(hidden, "float32"),
        rng.normal(0, np.sqrt(1 / hidden), hidden).astype("float32"),
        np.zeros((), "float32"),
    ]
    m, v = ([np.zeros_like(p) for p in params] for _ in range(2))
    for update in range(1, updates + 1):
        few = rng.integers(0, len(xs), min(512, len(xs)))
        x, y = xs[few], ones[few]
        w1, b1, w2, b2 = params
        a = x @ w1 + b1
        h = np.maximum(a, 0)
        error = (1 / (1 + np.exp(-(h @ w2 + b2))) - y) / len(few)
        da = error[:, None] * w2 * (a > 0)
        grads = [x.T @ da, da.sum(0), h.T @ error, error.sum()]
        rate = 0.01 * (1 - update / (updates + 1)) * np.sqrt(1 - 0.999**update) / (1 - 0.9**update)
        for i, g in enumerate(grads):
            m[i] = 0.9 * m[i] + 0.1 * g
            v[i] = 0.999 * v[i] + 0.001 * g**2
            params[i] = params[i] - np.float32(rate) * (
                m[i] / (np.sqrt(v[i]) + 1e-8) + 1e-3 * params[i]
            )
    w1, b1, w2, b2 = params
    most = np.iinfo("int16").max
    return [
        # Bits have no scale, hidden units that of `ONE`, what is put out that of ``ONE * ONE``, which `STEP` divides.
        np.clip(np.rint(w1 * ONE), -most, most),
        np.rint(b1 * ONE),
        np.clip(np.rint(w2 * ONE), -most, most),
        np.rint(b2 * ONE * ONE),
    ]
