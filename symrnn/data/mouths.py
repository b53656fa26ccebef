"""From a video to crops around the mouth: a face in each frame, its track, the mouth in its lower third.

Faces are found by OpenCV's Haar cascade for frontal faces [1]_; there is none for mouths that is worth using. Of the
faces in a frame the one is taken that moved least. A face far from where those of the other frames are is taken for a
false alarm and lost. Lost faces are bridged by a line between their neighbours; more than `LONGEST_GAP` in a row are
refused. The track is smoothed, so that a crop does not tremble where the detector does.

.. [1] Viola, Jones: Rapid object detection using a boosted cascade of simple features. CVPR 2001.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symrnn.data.video import opencv, read_video
from symrnn.errors import UserError

HEIGHT, WIDTH = 50, 100  # of a crop, as LipNet's
MIDDLE = 0.78  # of a face's height, from above: where the mouth is
PART = 0.5  # of a face's width: how wide a crop is
LONGEST_GAP = 10  # frames whose face may be lost in a row
SMOOTHED = 7  # frames: each place is the mean of so many
FARTHEST = 0.25  # of a face's size: how far a face may lie from the median, and how much its size may differ
SMALLEST_FACE = 0.25  # of a frame's height
SEARCHED = 144  # rows of the picture that faces are looked for in
CASCADE = "haarcascade_frontalface_default.xml"


class MouthCrops(NamedTuple):
    """What was cut out of a video.

    Attributes
    ----------
    frames
        ``(T, 50, 100)``, uint8.
    found
        ``(T,)``: whether a face was found in the frame, and not bridged.
    track
        ``(T, 3)``: the middle of each face, across and down, and its size, in pixels, smoothed.
    """

    frames: np.ndarray
    found: np.ndarray
    track: np.ndarray


def mouth_crops(path: str | Path) -> MouthCrops:
    """The crops of the video at `path`.

    Raises
    ------
    UserError
        When it is no video, or more than `LONGEST_GAP` faces in a row are lost: the first such frame is named.
    """
    cv2 = opencv(path)
    frames, _ = read_video(path)
    grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in frames]
    faces, found = tracked([faces_in(frame, path) for frame in grey], path)
    track = smoothed(faces, SMOOTHED)
    crops = [cut(frame, place, cv2) for frame, place in zip(grey, track, strict=True)]
    return MouthCrops(np.stack(crops), found, track)


def faces_in(frame: np.ndarray, path: str | Path) -> np.ndarray:
    """``(N, 3)``: the middle of each face in a grey frame, across and down, and its size."""
    # A quarter of the pixels takes a quarter of the time, and the track is smoothed anyway.
    scale = max(1.0, frame.shape[0] / SEARCHED)
    size = (round(frame.shape[1] / scale), round(frame.shape[0] / scale))
    small = opencv(path).resize(frame, size, interpolation=opencv(path).INTER_AREA)
    least = int(SMALLEST_FACE * size[1])
    # Windows a tenth larger each time; a face is where at least four others agree.
    boxes = cascade(str(path)).detectMultiScale(small, 1.1, 4, minSize=(least, least))
    boxes = np.array(boxes, float).reshape(-1, 4) * scale
    return np.column_stack([boxes[:, :2] + boxes[:, 2:] / 2, boxes[:, 2]])


@cache
def cascade(path: str) -> Any:
    """OpenCV's detector of frontal faces."""
    cv2 = opencv(path)
    found = cv2.CascadeClassifier(cv2.data.haarcascades + CASCADE)
    if found.empty():
        raise UserError(
            "OpenCV must come with its Haar cascades, which version 5 does not; pip install 'symrnn[video]'"
        )
    return found


def tracked(faces: Sequence[np.ndarray], path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """One face a frame, ``(T, 3)``, of the ``(N, 3)`` found in each, and whether it was found, ``(T,)``.

    Raises
    ------
    UserError
        When more than `LONGEST_GAP` in a row are lost.

    Examples
    --------
    >>> here, there = np.array([[50.0, 40.0, 30.0]]), np.array([[90.0, 80.0, 12.0]])
    >>> face, found = tracked([here, there, here + 2], "clip.mpg")
    >>> face.tolist(), found.tolist()
    ([[50.0, 40.0, 30.0], [51.0, 41.0, 31.0], [52.0, 42.0, 32.0]], [True, False, True])
    """
    chosen = np.full((len(faces), 3), np.nan)
    last = None
    for i, each in enumerate(faces):
        if len(each):
            # The largest face begins, the nearest goes on.
            apart = -each[:, 2] if last is None else np.abs(each - last).sum(axis=1)
            last = chosen[i] = each[apart.argmin()]
    found = ~np.isnan(chosen[:, 0])
    if found.any():
        middle = np.median(chosen[found], axis=0)
        # A comparison with NaN is False, as it should be.
        found = (np.abs(chosen - middle) <= FARTHEST * middle[2]).all(axis=1)
    check_gaps(found, path)
    places = np.arange(len(faces))
    bridged = [np.interp(places, places[found], column[found]) for column in chosen.T]
    return np.stack(bridged, axis=1), found


def check_gaps(found: np.ndarray, path: str | Path) -> None:
    """Refuse more than `LONGEST_GAP` lost faces in a row."""
    lost = 0
    for i, is_found in enumerate(found):
        lost = 0 if is_found else lost + 1
        # The second is for clips shorter than a gap, where there is nothing to bridge from.
        if lost > LONGEST_GAP or lost == len(found):
            raise UserError(
                f"{path}, frame {i - lost + 1}: a face must be found at least every {LONGEST_GAP} frames, but none is"
                f" from here to frame {i}; give a clip in which one face looks into the camera"
            )


def smoothed(track: np.ndarray, window: int) -> np.ndarray:
    """``(T, K)``: each row of `track` as the mean of an odd `window` of rows around it; ends are repeated.

    Examples
    --------
    >>> smoothed(np.array([[0.0], [3.0], [0.0]]), 3).ravel()
    array([1., 1., 1.])
    """
    around = np.pad(track, ((window // 2, window // 2), (0, 0)), mode="edge")
    return np.stack([around[i : i + len(track)] for i in range(window)]).mean(axis=0)


def cut(frame: np.ndarray, place: np.ndarray, cv2: Any) -> np.ndarray:
    """``(50, 100)``, uint8: the mouth of the face at `place`, a row of a track, in a grey frame."""
    across, down, size = place.tolist()
    wide = PART * size
    high = wide * HEIGHT / WIDTH
    middle = (across, down + (MIDDLE - 0.5) * size)
    patch = cv2.getRectSubPix(frame, (max(2, round(wide)), max(1, round(high))), middle)
    how = cv2.INTER_AREA if patch.shape[1] > WIDTH else cv2.INTER_LINEAR
    return cv2.resize(patch, (WIDTH, HEIGHT), interpolation=how)
