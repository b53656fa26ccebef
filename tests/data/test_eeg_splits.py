"""Splits: what stays together stays on one side, every segment is held out once, and no label crosses."""

import numpy as np
import pytest

from symrnn.data.eeg_recordings import Segments
from symrnn.data.eeg_splits import shuffled_by_recording, split_places
from symrnn.errors import UserError

RECORDINGS = np.repeat(np.arange(24), 5)
CUT = Segments(
    np.zeros((120, 1, 1), "float32"), RECORDINGS % 4, RECORDINGS, RECORDINGS // 6
)  # 24 recordings of 4 subjects


def parts(split, folds, seed=0):
    return [split_places(CUT, split, folds=folds, fold=fold, seed=seed) for fold in range(folds)]


@pytest.mark.parametrize(("split", "folds"), [("segment", 5), ("recording", 5), ("subject", 4)])
def test_every_segment_is_held_out_once_and_trained_on_otherwise(split, folds):
    found = parts(split, folds)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(120))
    for train, test in found:
        assert sorted([*train, *test]) == list(range(120))


@pytest.mark.parametrize(
    ("split", "crossing"), [("segment", (True, True)), ("recording", (False, True)), ("subject", (False, False))]
)  # fmt: skip
def test_recordings_and_subjects_stand_on_one_side_where_they_shall(split, crossing):
    for train, test in parts(split, 4):
        recordings, subjects = (
            bool(set(groups[train]) & set(groups[test]))
            for groups in (CUT.recordings, CUT.subjects)
        )
        assert (recordings, subjects) == crossing


def test_every_fold_at_random_has_each_class_as_often():
    for _, test in parts("segment", 5):
        assert np.bincount(CUT.labels[test]).tolist() == [6, 6, 6, 6]


def test_another_seed_is_another_partition():
    assert parts("recording", 5)[0][1].tolist() != parts("recording", 5, seed=1)[0][1].tolist()


def test_shuffled_labels_stay_together_in_a_recording():
    dealt = shuffled_by_recording(CUT, seed=0)
    assert sorted(dealt.labels) == sorted(CUT.labels)
    by_recording = dealt.labels.reshape(24, 5)
    assert (by_recording == by_recording[:, :1]).all()
    assert 0 < (dealt.labels == CUT.labels).mean() < 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "subject", "folds": 5}, "folds must be from 2 to the number of subjects, 4, but is 5"),
        ({"split": "recording", "folds": 25}, "the number of recordings, 24, but is 25"),
        ({"split": "segment", "folds": 31}, "the number of segments of class 0, 30, but is 31"),
        ({"folds": 1}, "folds must be from 2"),
        ({"fold": 4}, "fold must be at least 0 and below folds, 4, but is 4"),
        ({"split": "video"}, "split must be one of segment, recording, subject, but is 'video'"),
    ],
)  # fmt: skip
def test_split_that_cannot_be_is_refused(options, message):
    options = {"split": "recording", "folds": 4, "fold": 0, "seed": 0} | options
    with pytest.raises(UserError, match=message):
        split_places(CUT, options.pop("split"), **options)
