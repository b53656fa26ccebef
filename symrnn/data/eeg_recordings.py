"""EEG recorded while people watched videos that they then rated, as in DEAP [1]_.

Shapes: ``R`` recordings, ``C`` EEG channels, ``N`` samples of a recording, ``S`` segments, ``T`` samples of a segment.

.. [1] Koelstra et al.: DEAP: a database for emotion analysis using physiological signals. IEEE Trans. Affective
   Computing 3 (2012).
"""

from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError

RATE_HZ = 128
BASELINE_S = 3  # before a video
BASELINE = BASELINE_S * RATE_HZ  # samples
CHANNELS = (
    *("Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7"),
    *("PO3", "O1", "Oz", "Pz", "Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz"),
    *("C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2"),
)
EYES = ("hEOG", "vEOG")
RATINGS = ("valence", "arousal", "dominance", "liking")
LOWEST, THRESHOLD, HIGHEST = 1, 5, 9  # of a rating
CLASSES = ("HVHA", "HVLA", "LVHA", "LVLA")  # high or low valence, high or low arousal


class Recordings(NamedTuple):
    """Recordings at `RATE_HZ`, each with its baseline in front."""

    xs: np.ndarray  # (R, C, N), float32
    eyes: np.ndarray  # (R, 2, N), float32: hEOG and vEOG
    ratings: np.ndarray  # (R, 4)
    subjects: np.ndarray  # (R,), int32

    @property
    def labels(self) -> np.ndarray:
        """The class of each, ``(R,)``."""
        return emotions_of(self.ratings)


def emotions_of(ratings: np.ndarray) -> np.ndarray:
    """Places in `CLASSES` of ``ratings (R, 4)``, ``(R,)``: high is above `THRESHOLD`.

    Examples
    --------
    >>> [CLASSES[k] for k in emotions_of(np.array([[9.0, 5.1, 1, 1], [5.0, 2.0, 1, 1]]))]
    ['HVHA', 'LVLA']
    """
    is_low = ratings[:, :2] <= THRESHOLD
    # `CLASSES` counts in two bits: low valence, low arousal.
    return (is_low @ np.array([2, 1])).astype("int32")


class Segments(NamedTuple):
    """Stretches of recordings, each with what it was cut from."""

    xs: np.ndarray  # (S, T, C), float32
    labels: np.ndarray  # (S,), int32
    recordings: np.ndarray  # (S,), int32
    subjects: np.ndarray  # (S,), int32

    def take(self, chosen: np.ndarray) -> "Segments":
        """Those at the places `chosen`."""
        return Segments(*(each[chosen] for each in self))


def segments_of(xs: np.ndarray, labels: np.ndarray, subjects: np.ndarray, samples: int) -> Segments:
    """``xs (R, C, N)`` cut into stretches of `samples`; what fills none at the end is left out.

    Examples
    --------
    >>> cut = segments_of(np.zeros((2, 3, 10)), np.array([0, 3]), np.array([1, 1]), 4)
    >>> cut.xs.shape, cut.labels.tolist(), cut.recordings.tolist()
    ((4, 4, 3), [0, 0, 3, 3], [0, 0, 1, 1])
    """
    recordings, channels, length = xs.shape
    each = length // samples
    if each == 0:
        raise UserError(
            f"samples must be at most those of a recording, {length}, but is {samples};"
            f" add --set samples={length}, or give longer recordings"
        )
    cut = xs[:, :, : each * samples].reshape(recordings, channels, each, samples)
    rows = [
        np.repeat(part, each).astype("int32") for part in (labels, np.arange(recordings), subjects)
    ]
    stretches = cut.transpose(0, 2, 3, 1).reshape(-1, samples, channels)
    return Segments(np.ascontiguousarray(stretches, "float32"), *rows)
