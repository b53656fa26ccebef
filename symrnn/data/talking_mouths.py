"""A renderer of talking mouths: speakers who differ, light, a camera that shakes, and GRID's sentences.

A clip is a crop around a mouth, grey, 25 frames a second: the lips of `symrnn.data.visemes` drawn as two contours with
teeth and tongue between them. Which sentence a clip has, who says it and all that is random in it follow from its
number, so that a set of clips is a range of numbers and takes no memory.

>>> mouths = TalkingMouths(height=16, width=32)
>>> clip = mouths.clip(3, speaker=5)
>>> clip.frames.shape, clip.frames.dtype, len(clip.words)
((75, 16, 32), dtype('uint8'), 6)
"""

from dataclasses import dataclass, fields

import numpy as np

from symrnn.data.clips import FRAMES, Clip
from symrnn.data.grid_grammar import drawn_sentence
from symrnn.data.visemes import movement

UNCERTAIN = {  # of a speaker: the least and the most
    "half_width": (0.44, 0.58),  # of the lips at rest; half a crop's width is 1
    "upper": (0.070, 0.120),  # thickness of the lips
    "lower": (0.090, 0.150),
    "bow": (0.0, 0.35),  # how deep the upper lip's middle is
    "opening": (0.20, 0.30),  # half the height of an open mouth
    "pursing": (0.28, 0.42),  # how much narrower a pursed mouth is
    "spreading": (0.08, 0.16),
    "slant": (-0.03, 0.03),
    "skin": (0.45, 0.85),  # how bright
    "lips": (0.50, 0.80),  # of the skin's brightness
    "teeth": (0.95, 1.15),
    "beard": (0.0, 0.25),
    "rate": (0.88, 1.15),
    "tau": (0.7, 1.1),
}


@dataclass(frozen=True)
class Speaker:
    """What one speaker's mouth looks like; ranges as in `UNCERTAIN`."""

    half_width: float
    upper: float
    lower: float
    bow: float
    opening: float
    pursing: float
    spreading: float
    slant: float
    skin: float
    lips: float
    teeth: float
    beard: float
    rate: float
    tau: float

    @classmethod
    def numbered(cls, number: int) -> "Speaker":
        """The same one for the same number.

        Examples
        --------
        >>> Speaker.numbered(1) == Speaker.numbered(1) != Speaker.numbered(2)
        True
        """
        rng = np.random.default_rng([number, 1])
        return cls(**{field.name: rng.uniform(*UNCERTAIN[field.name]) for field in fields(cls)})


@dataclass(frozen=True)
class TalkingMouths:
    """Clips by their numbers.

    Attributes
    ----------
    height, width
        Of a crop, in pixels.
    jitter
        Deviation of what is left of the head's movement in a crop, in hundredths of its width; turns and changes of
        size grow with it.
    noise
        Deviation of the camera's noise, of 255.
    dropped
        The share of the frames that are lost, each shown as the one before it.
    distinct
        How much phonemes of one viseme differ, as for `symrnn.data.visemes.movement`.
    seed
        Of everything but the speakers.
    """

    height: int = 24
    width: int = 48
    jitter: float = 1.0
    noise: float = 4.0
    dropped: float = 0.0
    distinct: float = 1.0
    seed: int = 0

    def clip(self, number: int, *, speaker: int) -> Clip:
        """The clip number `number` of a speaker."""
        rng = np.random.default_rng([self.seed, speaker, number])
        mouth = Speaker.numbered(speaker)
        sentence = drawn_sentence(rng)
        said = movement(
            sentence,
            rng,
            rate=mouth.rate * rng.uniform(0.94, 1.06),
            tau=mouth.tau,
            distinct=self.distinct,
        )
        frames = self.lit(drawn(mouth, said.shapes, *self.seen(rng)), rng)
        return Clip(self.with_losses(frames, rng), sentence, said.words, f"speaker{speaker}")

    def seen(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel lies beside the mouth, ``x`` and ``y (T, height, width)``; half a crop's width is 1."""
        shake = self.jitter * moves(rng, 4)  # sideways, up, turn, size
        x = (np.arange(self.width, dtype="float32") + 0.5) * (2 / self.width) - 1
        y = ((np.arange(self.height, dtype="float32") + 0.5) * 2 - self.height) / self.width
        right, down, turn, size = (part[:, None, None] for part in shake.T * 0.02)
        x, y = x - right, y[:, None] - down
        scale = 1 + size
        return (x + turn * y) * scale, (y - turn * x) * scale

    def lit(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Brightness ``(T, height, width)`` under a light from one side that flickers, as a camera takes it: uint8."""
        across, along = rng.normal(0, 0.12, 2)
        slope = np.linspace(-1, 1, self.width, dtype="float32") * np.float32(across)
        fall = np.linspace(-1, 1, self.height, dtype="float32") * np.float32(along)
        flicker = 1 + 0.02 * moves(rng, 1)[:, :, None]
        frames = frames * ((1 + slope + fall[:, None]) * np.float32(rng.uniform(0.75, 1.15)))
        frames = 255 * frames * flicker
        frames += self.noise * rng.standard_normal(frames.shape, dtype="float32")
        return frames.clip(0, 255).astype("uint8")

    def with_losses(self, frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The frames, those that are lost as the last one that is not."""
        # Drawn whatever the share is, so that clips of other shares have the same losses and more.
        lost = rng.random(len(frames)) < self.dropped
        lost[0] = False
        shown = np.maximum.accumulate(np.where(lost, 0, np.arange(len(frames))))
        return frames[shown]


def moves(rng: np.random.Generator, count: int, frames: int = FRAMES) -> np.ndarray:
    """``(T, count)``, float32: what trembles from frame to frame about what drifts, deviation 1 each."""
    trembling = rng.standard_normal((frames, count), dtype="float32")
    knots = rng.standard_normal((frames // 15 + 2, count))
    # Just before the last knot, so that each place has one behind it.
    at = np.linspace(0, len(knots) - 1.001, frames)
    low = at.astype(int)
    part = (at - low)[:, None]
    return (trembling * 0.5 + knots[low] * (1 - part) + knots[low + 1] * part).astype("float32")


def drawn(mouth: Speaker, shapes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Brightness ``(T, height, width)``, float32, 1 for white.

    Parameters
    ----------
    mouth
        Whose it is.
    shapes
        ``(T, 7)``, as `symrnn.data.visemes.movement` gives them.
    x, y
        ``(T, height, width)``: where each pixel lies, from the middle of the mouth, right and down.
    """
    apart, wide, purse, teeth, tongue, tuck, press = shapes.T[:, :, None, None]
    pixel = np.float32(abs(x[0, 0, 1] - x[0, 0, 0]))
    half = mouth.half_width * (1 + mouth.spreading * wide - mouth.pursing * purse)
    aside = (x / half) ** 2
    arch = np.sqrt(np.maximum(0, 1 - aside))
    inner = np.sqrt(np.maximum(0, 1 - 1.3 * aside))
    y = y - mouth.slant * x
    gap = mouth.opening * apart
    thin = 1 - 0.35 * press + 0.3 * purse
    bow = 1 - mouth.bow * np.maximum(0, 1 - 12 * aside)
    roof, floor = -0.8 * gap * inner, 1.1 * gap * inner
    top = roof - mouth.upper * thin * bow * arch
    bottom = floor + mouth.lower * thin * (1 - 0.55 * tuck) * arch

    def within(above, below):
        """How much of each pixel lies between two heights: edges are soft."""
        return (np.minimum(y - above, below - y) / pixel + np.float32(0.5)).clip(0, 1)

    bearded = mouth.beard * (5 * np.abs(y) - 1).clip(0, 1)
    # The shadow under the lower lip moves with the jaw.
    shadow = np.maximum(0, 1 - ((y - bottom - 0.08) / 0.06) ** 2) * arch
    frame = mouth.skin * (1 - bearded) * (1 - 0.2 * shadow)
    lips = mouth.skin * mouth.lips * (1 + 0.2 * (y > roof) * arch)
    frame += (lips - frame) * within(top, bottom) * (arch > 0)
    cavity = within(roof, floor) * (gap > 0.1 * pixel) * (inner > 0)
    frame += (0.1 - frame) * cavity
    shown = within(roof, roof + 0.02 + 0.1 * teeth) * np.minimum(1, 2 * teeth)
    frame += (0.8 * mouth.teeth - frame) * np.minimum(cavity, shown)
    licked = within(floor - 1.3 * gap * tongue, floor) * (arch > 0.5)
    frame += (0.45 - frame) * np.minimum(cavity, licked) * np.minimum(1, 1.5 * tongue)
    # Where the lips meet there is a dark line, the finer the harder they are pressed.
    seam = np.maximum(0, 1 - np.abs(y) / 0.04) * arch * (1 - 0.5 * press)
    return frame * (1 - 0.5 * seam * (1 - cavity))
