"""Videos in and out, by OpenCV: the extra ``video``."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from symrnn.errors import UserError
from symrnn.replacing import replacing

MOST_FRAMES = 3000  # two minutes: of a clip, frames are held together
CODECS = {".mpg": "PIM1", ".avi": "MJPG", ".mp4": "mp4v"}


def opencv(path: str | Path) -> Any:
    """The module ``cv2``, for the video at `path`.

    Raises
    ------
    UserError
        When it is not installed.
    """
    # Before the first import: its decoders would write what they find wrong to the terminal.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ModuleNotFoundError as error:
        raise UserError(
            f"{path} takes OpenCV, which is not installed; pip install 'symrnn[video]'"
        ) from error
    return cv2


def read_video(path: str | Path) -> tuple[np.ndarray, float]:
    """``frames (T, height, width, 3)``, uint8, blue, green, red, and frames a second.

    Raises
    ------
    UserError
        When it is no video that OpenCV reads, or has more than `MOST_FRAMES`.
    """
    path, cv2 = Path(path), opencv(path)
    if not path.is_file():
        raise UserError(f"{path} must be a video, but there is no such file")
    frames: list[np.ndarray] = []
    video = cv2.VideoCapture(str(path))
    # One more than there may be, to know that there is.
    while len(frames) <= MOST_FRAMES:
        is_read, frame = video.read()
        if not is_read:
            break
        frames.append(frame)
    rate = video.get(cv2.CAP_PROP_FPS)
    video.release()
    if not frames:
        raise UserError(f"{path} must be a video, but OpenCV finds no frame in it")
    if len(frames) > MOST_FRAMES:
        raise UserError(f"{path} must have at most {MOST_FRAMES} frames, but has more; cut it")
    return np.stack(frames), float(rate)


def write_video(path: str | Path, frames: Iterable[np.ndarray], rate: float) -> None:
    """Write ``frames (height, width, 3)``, uint8, of one size, as a video in the format that the name's ending says."""
    path = Path(path)
    cv2, frames = opencv(path), list(frames)
    if path.suffix not in CODECS:
        raise UserError(f"{path} must end in {', '.join(CODECS)}, but ends in {path.suffix!r}")
    height, width = frames[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
    with replacing(path) as beside:
        video = cv2.VideoWriter(str(beside), code, rate, (width, height))
        if not video.isOpened():
            raise UserError(
                f"{path} cannot be written as {path.suffix}; give a folder that is there"
            )
        for frame in frames:
            video.write(frame)
        video.release()


def subtitled(frames: np.ndarray, text: str, path: str | Path) -> list[np.ndarray]:
    """``frames (T, height, width, 3)`` with a line of text at the bottom of each."""
    cv2, shown = opencv(path), []
    height, width = frames.shape[1:3]
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, max(1, width // 360)
    # At scale 1 first, to learn which scale fits the width.
    (long, _), _ = cv2.getTextSize(text, font, 1.0, thickness)
    scale = min(0.9 * width / max(long, 1), height / 300)
    (long, _), _ = cv2.getTextSize(text, font, scale, thickness)
    place = ((width - long) // 2, height - height // 20)
    for frame in frames:
        frame = frame.copy()
        # White on a black edge is read on any picture.
        cv2.putText(frame, text, place, font, scale, (0, 0, 0), 3 * thickness, cv2.LINE_AA)
        cv2.putText(frame, text, place, font, scale, (255, 255, 255), thickness, cv2.LINE_AA)
        shown.append(frame)
    return shown
