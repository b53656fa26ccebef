"""Rendered mouths in whole faces, and files of them in GRID's format: videos of 360 x 288 with ``.align`` beside them.

A face is a drawing, still but for its mouth, and plain; what matters is that the detector of `symrnn.data.mouths` takes
it for one, so that rendered clips go the way of real ones, from a video on.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from symrnn.data.clips import RATE_HZ, Clip, resized
from symrnn.data.files import write_file
from symrnn.data.grid import ALIGN, align_text
from symrnn.data.grid_grammar import name_of
from symrnn.data.mouths import HEIGHT, MIDDLE, PART, WIDTH
from symrnn.data.talking_mouths import TalkingMouths
from symrnn.data.video import write_video
from symrnn.errors import UserError

ROWS, COLUMNS = 288, 360  # of GRID's videos
FACE = 150  # pixels that stand for 1 in what is drawn
FOUND = 1.13  # times `FACE` that the detector says a face's size is
PIECES = (  # in their order: shape, middle right and down, half width, half height, times the skin; 1 is `FACE`
    ("ellipse", 0.0, -0.12, 0.52, 0.62, 0.25),  # hair
    ("box", 0.0, 0.6, 0.20, 0.3, 0.8),  # neck
    ("ellipse", 0.0, 0.0, 0.44, 0.60, 1.0),
    *(("ellipse", s * 0.19, -0.21, 0.11, 0.025, 0.35) for s in (-1, 1)),  # brows
    *(("ellipse", s * 0.19, -0.12, 0.12, 0.070, 0.72) for s in (-1, 1)),
    *(("ellipse", s * 0.19, -0.12, 0.075, 0.03, 1.1) for s in (-1, 1)),  # eyes
    *(("ellipse", s * 0.19, -0.12, 0.03, 0.03, 0.12) for s in (-1, 1)),
    ("box", 0.0, -0.01, 0.05, 0.14, 1.1),  # nose
    *(("ellipse", s * 0.05, 0.14, 0.03, 0.015, 0.4) for s in (-1, 1)),
)
BACKGROUND = 60.0


def face_around(frames: np.ndarray) -> np.ndarray:
    """``(T, 288, 360, 3)``, uint8: a face whose mouth is ``frames (T, height, width)``.

    Examples
    --------
    >>> face_around(np.full((2, 24, 48), 150, "uint8")).shape
    (2, 288, 360, 3)
    """
    # A crop is skin along its upper and lower edges.
    skin = float(np.median(frames[:, [0, -1]]))
    still = np.full((ROWS, COLUMNS), BACKGROUND, "float32")
    down, right = ((np.arange(n) - n / 2) / FACE for n in (ROWS, COLUMNS))
    for shape, x, y, half_width, half_height, brightness in PIECES:
        across, along = (right - x) / half_width, (down[:, None] - y) / half_height
        if shape == "box":
            outside = np.maximum(np.abs(across), np.abs(along)) - 1
        else:
            outside = np.hypot(across, along) - 1
        # Soft over three pixels or so, as an edge in a video is.
        part = (0.5 - outside * min(half_width, half_height) * FACE / 3).clip(0, 1)
        still += (skin * brightness - still) * part
    size = FACE * FOUND
    wide, high = round(PART * size), round(PART * size * HEIGHT / WIDTH)
    left, top = (COLUMNS - wide) // 2, round(ROWS / 2 + (MIDDLE - 0.5) * size - high / 2)
    # The crop fades into the face at its edges, so that the detector sees no box there.
    ramps = [np.minimum(np.arange(n) + 1, n - np.arange(n)) / (0.15 * n) for n in (high, wide)]
    part = np.minimum(ramps[0][:, None], ramps[1]).clip(0, 1)
    whole = np.repeat(still[None], len(frames), axis=0)
    mouth = whole[:, top : top + high, left : left + wide]
    mouth += (resized(frames, high, wide) - mouth) * part
    return np.repeat(whole.clip(0, 255).astype("uint8")[..., None], 3, axis=3)


def write_clip(folder: str | Path, clip: Clip) -> Path:
    """Write a clip as ``NAME.mpg`` with ``NAME.align`` to a folder that is there, and return the video's path.

    Raises
    ------
    UserError
        When OpenCV is missing, the sentence is not GRID's, or the video cannot be written.
    """
    name = name_of(clip.sentence)
    if name is None:
        raise UserError(f"a clip must say a sentence of GRID's grammar, but says {clip.sentence!r}")
    path = Path(folder) / f"{name}.mpg"
    write_video(path, face_around(clip.frames), RATE_HZ)
    words = align_text(clip.words, len(clip.frames)) + "\n"
    write_file(path.with_suffix(ALIGN), words.encode())
    return path


def write_clips(
    folder: str | Path, mouths: TalkingMouths, *, speakers: Iterable[int], each: int
) -> list[Path]:
    """Write `each` clips of every one of the `speakers`, to a folder each, as GRID's are; the paths of the videos."""
    written = []
    for speaker in speakers:
        place = Path(folder) / f"s{speaker}"
        place.mkdir(parents=True, exist_ok=True)
        written += [write_clip(place, mouths.clip(i, speaker=speaker)) for i in range(each)]
    return written
