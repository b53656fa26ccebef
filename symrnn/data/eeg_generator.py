"""Recordings shaped as DEAP's, made up: noise, rhythms whose power depends on the class, eyes, subjects, recordings.

A channel is 1/f noise, shared and of its own; to it come three rhythms of either hemisphere, each a narrow band of
noise that is strongest somewhere on the head: theta in front, alpha behind, beta in the middle. During a video, not in
the baseline before it, valence ``v = +-1`` and arousal ``a = +-1`` act on the logarithms of their amplitudes:

* alpha: ``- effect * a``, and ``+- effect * v`` right and left
* beta: ``+ effect * a``
* theta: ``+ effect * v``

What makes it hard are subjects, who differ in amplitudes and frequencies; blinks and movements of the eyes; and two
things that only together are a leakage. A share `contrary` of the recordings shows another class than its ratings say,
so a network that knows the classes gets these wrong, and no other. And each recording has a **mark**, a tone of one
frequency whose pattern over the channels is its own: a network that has been trained on other stretches of the same
recording knows it by its mark, and so the rating too. A split at random is thus better than one by recording by up to
`contrary`, and better than chance even when the ratings are shuffled among the recordings.
"""

from dataclasses import dataclass

import numpy as np

from symrnn.data.eeg_recordings import (
    BASELINE_S,
    CHANNELS,
    CLASSES,
    HIGHEST,
    LOWEST,
    RATE_HZ,
    THRESHOLD,
    Recordings,
)
from symrnn.errors import UserError

RHYTHMS_HZ = {"theta": 6.0, "alpha": 10.0, "beta": 20.0}
WIDTH_HZ = 1.0  # of a rhythm, the deviation of a bell
FRONT = {
    "theta": 0.9,
    "alpha": -0.9,
    "beta": 0.1,
}  # where a rhythm is strongest, 1 in front and -1 behind
MARK_HZ = 38.0  # above all rhythms
BLINK_UV, LOOK_UV = 100.0, 40.0  # of the EOG
BLINK_S = 0.08

DEPTHS = {  # from the front to the back, by the letters of a channel's name
    "Fp": 1.0, "AF": 0.8, "F": 0.6, "FC": 0.3, "C": 0.0, "T": 0.0, "CP": -0.3, "P": -0.6, "PO": -0.8, "O": -1.0,
}  # fmt: skip


def places_of(names: tuple[str, ...]) -> np.ndarray:
    """Where channels are, ``(C, 2)``: front 1 to back -1, and right 1 to left -1.

    Examples
    --------
    >>> places_of(("Fp1", "Cz", "P8")).tolist()
    [[1.0, -0.25], [0.0, 0.0], [-0.6, 1.0]]
    """
    found = []
    for name in names:
        # The 10-20 system: odd numbers left, even ones right, z in the middle, larger ones farther out, up to 8.
        number = name.lstrip("ACFOPTp")
        side = 0.0 if number == "z" else (int(number) + 1) // 2 / 4 * (-1 if int(number) % 2 else 1)
        found.append([DEPTHS[name.removesuffix(number)], side])
    return np.array(found)


PLACES = places_of(CHANNELS)


@dataclass(frozen=True)
class EEGGenerator:
    """How many recordings, and how hard they are.

    Attributes
    ----------
    subjects, videos, seconds
        Subjects, videos of each, a multiple of 4 for the classes to be even, and seconds of a video.
    effect
        Of valence and of arousal on the logarithm of an amplitude.
    noise_uv
        Deviation of the 1/f noise; rhythms have 5.
    contrary
        Share of the recordings that show another class than their ratings.
    mark_uv
        Deviation of the mark of a recording.
    subject_effect
        Deviation among subjects of the logarithm of an amplitude.
    blinks
        A second.
    """

    subjects: int = 4
    videos: int = 20
    seconds: int = 12
    effect: float = 0.7
    noise_uv: float = 5.0
    contrary: float = 0.05
    mark_uv: float = 2.0
    subject_effect: float = 0.1
    blinks: float = 0.3

    def __post_init__(self) -> None:
        if self.subjects < 1 or self.videos < 1 or self.seconds < 1 or self.videos % len(CLASSES):
            raise UserError(
                f"videos must be a multiple of {len(CLASSES)}, and subjects and seconds at least 1, but are"
                f" {self.videos}, {self.subjects} and {self.seconds}"
            )
        if not 0 <= self.contrary <= 1:
            raise UserError(f"contrary must be a share from 0 to 1, but is {self.contrary}")

    @property
    def samples(self) -> int:
        """N, with the baseline."""
        return (self.seconds + BASELINE_S) * RATE_HZ

    def recordings(self, seed: int = 0) -> Recordings:
        """What the numbers and a seed make.

        Examples
        --------
        >>> made = EEGGenerator(subjects=2, videos=4, seconds=1).recordings()
        >>> made.xs.shape, made.labels.tolist(), made.subjects.tolist()
        ((8, 32, 512), [2, 0, 1, 3, 3, 2, 1, 0], [1, 1, 1, 1, 2, 2, 2, 2])
        """
        rng = np.random.default_rng(seed)
        count = self.subjects * self.videos
        labels = np.concatenate(
            [rng.permutation(np.arange(self.videos) % len(CLASSES)) for _ in range(self.subjects)]
        )
        shown = contradicted(labels, round(self.contrary * count), rng)
        made = []
        for subject in range(self.subjects):
            head = Head.drawn(self.subject_effect, rng)
            mine = slice(subject * self.videos, (subject + 1) * self.videos)
            made += [self.recording(head, label, rng) for label in shown[mine]]
        xs, eyes = (np.stack(part).astype("float32") for part in zip(*made, strict=True))
        subjects = np.repeat(np.arange(1, self.subjects + 1, dtype="int32"), self.videos)
        return Recordings(xs, eyes, ratings_of(labels, rng), subjects)

    def recording(
        self, head: "Head", label: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """``xs (C, N)`` and ``eyes (2, N)`` of a class."""
        parts, rows = [], []  # topographies, and what each lets through
        during = np.arange(self.samples) >= BASELINE_S * RATE_HZ
        # `CLASSES` counts high valence first, then high arousal.
        valence, arousal = 1 - 2 * (label // 2), 1 - 2 * (label % 2)
        for at, (name, gains) in enumerate(head.gains.items()):
            for side, gain in zip((-1, 1), gains, strict=True):
                effect = {"theta": valence, "alpha": side * valence - arousal, "beta": arousal}[
                    name
                ]
                rhythm = narrow_band(head.frequencies[at], WIDTH_HZ, self.samples, rng)
                amplitude = gain * np.exp(self.effect * effect * during)
                parts.append(topography(FRONT[name], side))
                rows.append(amplitude * rhythm)
        eyes = self.eyes(rng)
        mark = rng.normal(0, self.mark_uv, len(CHANNELS))
        mixing = np.stack([*parts, *head.eye_weights, mark], axis=1)
        sources = np.stack([*rows, *eyes, tone(self.samples, rng)])
        noise = self.noise_uv * pink(len(CHANNELS), self.samples, rng)
        return noise + mixing.astype("float32") @ sources.astype("float32"), eyes

    def eyes(self, rng: np.random.Generator) -> np.ndarray:
        """``(2, N)``: movements to the sides, and blinks."""
        times = np.arange(self.samples) / RATE_HZ
        looks = LOOK_UV * pink(1, self.samples, rng)[0]
        moments = rng.uniform(0, times[-1], rng.poisson(self.blinks * times[-1]))
        bells = np.exp(-(((times - moments[:, None]) / BLINK_S) ** 2) / 2)
        return np.stack([looks, BLINK_UV * bells.sum(axis=0)])


@dataclass(frozen=True)
class Head:
    """What is a subject's own."""

    gains: dict[str, np.ndarray]  # µV of a rhythm on the left and on the right
    frequencies: np.ndarray  # Hz of the rhythms
    eye_weights: np.ndarray  # (2, C), how much of the EOG reaches a channel

    @classmethod
    def drawn(cls, effect: float, rng: np.random.Generator) -> "Head":
        """A subject; `effect` is the deviation of logarithms of amplitudes."""
        gains = {name: 5 * np.exp(rng.normal(0, effect, 2)) for name in RHYTHMS_HZ}
        frequencies = np.array([*RHYTHMS_HZ.values()]) * np.exp(rng.normal(0, effect / 4, 3))
        front, side = PLACES.T
        reach = np.exp(2 * (front - 1)) * np.exp(rng.normal(0, effect, len(CHANNELS)))
        return cls(gains, frequencies, np.stack([0.5 * side * reach, 0.6 * reach]))


def contradicted(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """``labels (R,)``, `count` of them replaced by another class.

    Examples
    --------
    >>> labels = np.zeros(100, int)
    >>> int((contradicted(labels, 7, np.random.default_rng(0)) != labels).sum())
    7
    """
    shown = labels.copy()
    chosen = rng.permutation(len(labels))[:count]
    shown[chosen] = (shown[chosen] + rng.integers(1, len(CLASSES), count)) % len(CLASSES)
    return shown


def ratings_of(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ratings ``(R, 4)`` of which `symrnn.data.eeg_recordings.emotions_of` makes these labels."""
    ratings = rng.uniform(LOWEST, HIGHEST, (len(labels), 4))
    is_high = np.stack([labels < 2, labels % 2 == 0], axis=1)
    above = rng.uniform(THRESHOLD + 0.5, HIGHEST, is_high.shape)
    below = rng.uniform(LOWEST, THRESHOLD - 0.5, is_high.shape)
    ratings[:, :2] = np.where(is_high, above, below)
    return ratings


def topography(front: float, side: float) -> np.ndarray:
    """``(C,)``, how strong a rhythm is on each channel: 1 at its place, less with the distance."""
    away = PLACES - np.array([front, 0.5 * side])
    return np.exp(-(away**2).sum(axis=1) / (2 * 0.4**2))


def shaped(spectrum: np.ndarray, channels: int, rng: np.random.Generator) -> np.ndarray:
    """``(channels, N)``, noise of deviation 1 whose amplitudes are ``spectrum (N // 2 + 1,)``."""
    drawn = rng.standard_normal((channels, len(spectrum), 2), "float32").view("complex64")[..., 0]
    noise = np.fft.irfft(spectrum.astype("float32") * drawn, axis=1)
    noise /= noise.std(axis=1, keepdims=True)
    return noise


def pink(channels: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """``(channels, N)``, noise whose power falls as 1/f, a third of it shared by all channels."""
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    # Below half a hertz 1/f would be nearly all there is, and at 0 without a bound.
    drawn = shaped(1 / np.sqrt(np.maximum(hertz, 0.5)), channels + 1, rng)
    own, shared = drawn[1:], drawn[:1]
    own *= np.sqrt(2 / 3)
    own += np.sqrt(1 / 3) * shared
    return own


def narrow_band(
    frequency: float, width: float, samples: int, rng: np.random.Generator
) -> np.ndarray:
    """``(N,)``, noise of deviation 1 within a bell around a frequency."""
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    return shaped(np.exp(-(((hertz - frequency) / width) ** 2) / 2), 1, rng)[0]


def tone(samples: int, rng: np.random.Generator) -> np.ndarray:
    """``(N,)``, a tone of deviation 1 at `MARK_HZ` with a phase drawn."""
    phase = 2 * np.pi * (MARK_HZ * np.arange(samples) / RATE_HZ + rng.random())
    return np.sqrt(2) * np.sin(phase)
