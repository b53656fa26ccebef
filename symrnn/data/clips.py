"""`Clip`: the crops around a mouth that says a sentence, and how crops become what a network reads."""

from typing import NamedTuple

import numpy as np

FRAMES, RATE_HZ = 75, 25  # of a clip of GRID: three seconds
UNITS = 1000  # of a `.align` file, to a frame


class Word(NamedTuple):
    """A word and between which times it is said; whole numbers, `UNITS` to a frame."""

    start: int
    end: int
    text: str


class Clip(NamedTuple):
    """Frames ``(T, height, width)``, uint8, what is said in them, when where that is known, and by whom."""

    frames: np.ndarray
    sentence: str
    words: tuple[Word, ...]
    speaker: str


def standardised(frames: np.ndarray, length: int, height: int, width: int) -> np.ndarray:
    """``(length, height, width)``, float32: ``frames (T, H, W)`` as a network reads them.

    Each pixel's mean over the clip is taken off, so that what is left is what moves and not what the speaker looks
    like; the whole has deviation 1. The last frame stands for those that are missing, as the mouth rests then; T is
    at most `length`.

    Examples
    --------
    >>> seen = standardised(np.arange(32, dtype="uint8").reshape(2, 4, 4), 3, 2, 2)
    >>> seen.shape, (seen[1] == seen[2]).all(), abs(seen[:2].mean(axis=0)).max() < 1e-6
    ((3, 2, 2), np.True_, np.True_)
    """
    seen = resized(frames, height, width)
    seen = seen - seen.mean(axis=0)
    # A clip that never moves has deviation 0.
    seen /= seen.std() + np.float32(1e-3)
    return np.pad(seen, ((0, length - len(seen)), (0, 0), (0, 0)), mode="edge")


def resized(frames: np.ndarray, height: int, width: int) -> np.ndarray:
    """``(T, height, width)``, float32: means over the part of ``frames (T, H, W)`` that each pixel covers.

    Examples
    --------
    >>> resized(np.array([[[0, 3, 6]]], "uint8"), 1, 2)[0, 0]
    array([1., 5.], dtype=float32)
    """
    down, across = shares(frames.shape[1], height), shares(frames.shape[2], width)
    return down @ frames.astype("float32") @ across.T


def shares(old: int, new: int) -> np.ndarray:
    """``(new, old)``, float32: how much of each old pixel the mean of a new one takes; rows sum to 1.

    Examples
    --------
    >>> shares(4, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    edges = np.arange(new + 1) * (old / new)
    places = np.arange(old)
    begin, end = np.maximum(edges[:-1, None], places), np.minimum(edges[1:, None], places + 1)
    return (np.maximum(0, end - begin) * (new / old)).astype("float32")
