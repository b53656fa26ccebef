"""Tracks of faces, bridged, smoothed or refused; videos in and out where OpenCV is installed."""

import numpy as np
import pytest

from symrnn.data.mouths import LONGEST_GAP, MouthCrops, mouth_crops, smoothed, tracked
from symrnn.data.video import MOST_FRAMES, opencv, read_video, subtitled, write_video
from symrnn.errors import UserError

FACE = np.array([[100.0, 80.0, 60.0]])
NONE = np.zeros((0, 3))


def test_face_that_moved_least_is_taken():
    other = np.array([[200.0, 90.0, 55.0]])
    faces = [FACE, np.concatenate([other, FACE + 1]), np.concatenate([FACE + 2, other])]
    track, found = tracked(faces, "clip.mpg")
    assert track.tolist() == [[100, 80, 60], [101, 81, 61], [102, 82, 62]]
    assert found.all()


def test_lost_faces_are_bridged_by_a_line_and_at_the_ends_by_the_nearest():
    faces = [NONE, FACE, NONE, NONE, NONE, FACE + 4, NONE]
    track, found = tracked(faces, "clip.mpg")
    assert track[:, 0].tolist() == [100, 100, 101, 102, 103, 104, 104]
    assert found.tolist() == [False, True, False, False, False, True, False]


def test_false_alarm_is_bridged_too():
    track, found = tracked([FACE, FACE, FACE + [[0, 60, -40]], FACE], "clip.mpg")
    assert track[:, 1].tolist() == [80, 80, 80, 80]
    assert found.tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("faces", "first", "last"),
    [
        ([FACE] * 3 + [NONE] * (LONGEST_GAP + 1) + [FACE], 3, 3 + LONGEST_GAP),
        ([NONE] * 4, 0, 3),
        ([NONE] * (LONGEST_GAP + 1), 0, LONGEST_GAP),
    ],
)
def test_faces_lost_for_long_are_refused_with_the_frame(faces, first, last):
    with pytest.raises(
        UserError, match=f"clip.mpg, frame {first}: a face must .* from here to frame {last};"
    ):
        tracked(faces, "clip.mpg")


def test_smoothing_keeps_a_steady_face_and_halves_a_tremble():
    steady = np.repeat(FACE, 20, axis=0)
    np.testing.assert_allclose(smoothed(steady, 7), steady)
    trembling = steady + np.where(np.arange(20) % 2, 3, -3)[:, None]
    assert np.abs(smoothed(trembling, 7) - steady)[3:-3].max() < 0.5


def test_without_opencv_one_sentence_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(UserError, match=r"clip.mpg takes OpenCV, .* pip install 'symrnn\[video\]'"):
        opencv("clip.mpg")


@pytest.fixture
def cv2():
    return pytest.importorskip("cv2")


def picture(count=12):
    """Frames with a bright square that moves."""
    frames = np.full((count, 64, 96, 3), 60, "uint8")
    for i, frame in enumerate(frames):
        frame[20:40, 5 * i : 5 * i + 20] = 200
    return frames


@pytest.mark.parametrize("ending", [".mpg", ".avi", ".mp4"])
def test_video_is_read_as_it_was_written(ending, cv2, tmp_path):
    write_video(tmp_path / f"clip{ending}", picture(), 25)
    frames, rate = read_video(tmp_path / f"clip{ending}")
    assert frames.shape == picture().shape
    assert rate == 25
    assert np.abs(frames.astype(int) - picture()).mean() < 6


def test_subtitles_stand_at_the_bottom(cv2):
    frames = picture()
    shown = np.stack(subtitled(frames, "set white with p two soon", "clip.mpg"))
    rows = np.flatnonzero((shown != frames).any(axis=(0, 2, 3)))
    assert rows.min() > 50


@pytest.mark.parametrize("content", [b"", b"no video", bytes(range(256)) * 40, None])
def test_broken_video_is_one_sentence(content, cv2, tmp_path):
    path = tmp_path / "clip.mpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"clip.mpg must be a video, but") as caught:
        mouth_crops(path)
    assert "\n" not in str(caught.value)


def test_video_without_a_face_is_refused_with_its_first_frame(cv2, tmp_path):
    write_video(tmp_path / "clip.mpg", picture(), 25)
    with pytest.raises(UserError, match=r"clip.mpg, frame 0: a face must be found"):
        mouth_crops(tmp_path / "clip.mpg")


def test_video_is_not_written_where_it_cannot_be(cv2, tmp_path):
    with pytest.raises(UserError, match=r"must end in .mpg, .avi, .mp4, but ends in '.txt'"):
        write_video(tmp_path / "clip.txt", picture(1), 25)
    with pytest.raises(UserError, match=r"cannot be written as .avi"):
        write_video(tmp_path / "nowhere" / "clip.avi", picture(1), 25)


def test_limits_are_those_that_are_said():
    assert MOST_FRAMES == 3000
    assert MouthCrops._fields == ("frames", "found", "track")
