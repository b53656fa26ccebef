"""Rendered clips as files of GRID: a face that is found, the words with their times, the mouth that was drawn."""

import numpy as np
import pytest

from symrnn.data import grid
from symrnn.data.clips import Clip, resized
from symrnn.data.rendered_faces import face_around, write_clip, write_clips
from symrnn.data.talking_mouths import TalkingMouths
from symrnn.errors import UserError

MOUTHS = TalkingMouths(height=50, width=100, noise=0.0)


def test_only_the_mouth_moves():
    frames = MOUTHS.clip(0, speaker=1).frames[10:20]
    face = face_around(frames).astype(int)
    moved = (np.abs(np.diff(face[..., 0], axis=0)) > 1).any(axis=0)
    rows, columns = np.nonzero(moved)
    assert 150 < rows.min() < rows.max() < 215
    assert 130 < columns.min() < columns.max() < 230


def test_sentence_that_is_not_grids_has_no_name(tmp_path):
    with pytest.raises(UserError, match="must say a sentence of GRID's grammar, but says 'hello'"):
        write_clip(tmp_path, Clip(np.zeros((3, 5, 10), "uint8"), "hello", (), "s1"))


def test_written_clips_are_read_as_grid_is(tmp_path):
    pytest.importorskip("cv2")
    from symrnn.data.mouths import mouth_crops

    [path] = write_clips(tmp_path, MOUTHS, speakers=[7], each=1)
    drawn = MOUTHS.clip(0, speaker=7)
    assert path.parent.name == "s7"
    sentence, words = grid.sentence_of(path)
    assert (sentence, words) == (drawn.sentence, drawn.words)
    crops = mouth_crops(path)
    assert crops.frames.shape == drawn.frames.shape
    assert crops.found.mean() > 0.95
    small = [resized(frames, 12, 24).reshape(75, -1) for frames in (crops.frames, drawn.frames)]
    centred = [each - each.mean(axis=0) for each in small]  # what moves
    alike = (centred[0] * centred[1]).sum() / np.sqrt(np.prod([(c**2).sum() for c in centred]))
    assert alike > 0.8
