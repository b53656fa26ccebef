"""Patches of photographs, turned and mirrored, and how much an error counts at each of their pixels."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data.photographs import PACKAGED, Photograph, packaged, read
from symrnn.errors import UserError, check_choice

REDUCED = (1.0, 0.75, 0.5)  # packaged photographs are few: each is taken at these sizes
GREY = 0.25  # how often a grey one is drawn, against one in colour
AROUND = 7  # pixels of the window that says how rough a place is
STILL = 0.03  # of the range: the roughness below which nothing counts more


class Photographs(NamedTuple):
    """To train on, and to test on."""

    train: Sequence[np.ndarray]  # (height, width, 3) uint8 each
    test: Sequence[Photograph]


def photographs(path: Path | None = None, *, held_out: str = "coffee") -> Photographs:
    """Those at `path`, which are trained and tested on alike, or the packaged ones but for `held_out`.

    Examples
    --------
    >>> len(photographs().train), [photo.name for photo in photographs().test]
    (33, ['coffee'])
    """
    if path is not None:
        found = read(path)
        return Photographs([photo.pixels for photo in found], found)
    check_choice("held_out", held_out, PACKAGED)
    train = packaged([name for name in PACKAGED if name != held_out])
    return Photographs(
        [reduced(photo.pixels, part) for photo in train for part in REDUCED], packaged([held_out])
    )


def reduced(pixels: np.ndarray, part: float) -> np.ndarray:
    """A photograph with `part` of its pixels along each side."""
    from PIL import Image

    if part == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = round(width * part), round(height * part)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def patches(
    photos: Sequence[np.ndarray], count: int, side: int, rng: np.random.Generator
) -> np.ndarray:
    """``(count, 3, side, side)`` uint8, from anywhere in the photographs, turned and mirrored by chance.

    Raises
    ------
    UserError
        When every photograph is smaller.

    Examples
    --------
    >>> photo = np.zeros((9, 12, 3), "uint8")
    >>> patches([photo], 5, 8, np.random.default_rng(0)).shape
    (5, 3, 8, 8)
    """
    # By the root of where a patch may lie: a large one has more to show, but not as much more as it is larger.
    rooms = np.array(
        [max(0, h - side + 1) * max(0, w - side + 1) for h, w, _ in map(np.shape, photos)]
    )
    # One pixel of 49 tells grey from colour.
    greys = np.array([bool((p[::7, ::7, :1] == p[::7, ::7]).all()) for p in photos])
    odds = np.sqrt(rooms) * np.where(greys, GREY, 1.0)
    if not odds.sum():
        raise UserError(
            f"a photograph must have at least {side} x {side} pixels, but all are smaller; give a larger one,"
            " or a smaller patch"
        )
    found = []
    for which in rng.choice(len(photos), count, p=odds / odds.sum()):
        photo = photos[which]
        row, column = (int(rng.integers(n - side + 1)) for n in photo.shape[:2])
        turned = np.rot90(photo[row : row + side, column : column + side], rng.integers(4))
        found.append(turned[:, :: rng.choice([-1, 1])].transpose(2, 0, 1))
    return np.stack(found)


def local_weights(xs: np.ndarray, scales: int) -> list[np.ndarray]:
    """``(B, C, side / 2**s, side / 2**s)`` of each scale: how much an error counts, of ``xs (B, C, side, side)``.

    ``0.1 / sqrt(variance around + 0.03**2)`` for values of a range of 1: an error that is hidden in what is rough
    counts less, as it does for the structural similarity. A scale is the means of 2 by 2 of the one before.

    Examples
    --------
    >>> [w.shape for w in local_weights(np.zeros((1, 3, 8, 8)), 2)]
    [(1, 3, 8, 8), (1, 3, 4, 4)]
    """
    from scipy.ndimage import uniform_filter

    found: list[np.ndarray] = []
    for scale in range(scales):
        if scale:
            batch, channels, height, width = xs.shape
            blocks = xs.reshape(batch, channels, height // 2, 2, width // 2, 2)
            xs = blocks.mean((3, 5), dtype=xs.dtype)
        window = (1, 1, AROUND, AROUND)
        mean = uniform_filter(xs, window, mode="reflect")
        # Rounding takes the difference below 0 where a place is smooth.
        variance = np.maximum(uniform_filter(xs * xs, window, mode="reflect") - mean * mean, 0)
        found.append((0.1 / np.sqrt(variance + STILL**2)).astype(xs.dtype))
    return found
