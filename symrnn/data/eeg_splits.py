"""What to train and what to test on: segments at random, whole recordings, or whole subjects.

Segments of one recording are alike beyond their class: the electrodes, the minute, the person. Where they stand on both
sides of the split, a network is rewarded for knowing the recording again, and says nothing of the next one.
"""

import numpy as np

from symrnn.data.eeg_recordings import Segments
from symrnn.errors import UserError, check_choice

SPLITS = {  # name: what stays whole
    "segment": "segments",
    "recording": "recordings",
    "subject": "subjects",
}


def split_places(
    segments: Segments, split: str, *, folds: int, fold: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The places of the segments to train on and to test on, in the fold number `fold` of `folds`.

    Parameters
    ----------
    split
        ``"segment"``: drawn at random, each class as often in every fold; ``"recording"``, ``"subject"``: those of one
        recording, or subject, stand on one side.
    seed
        Of the draw: every fold of one seed is a part of one partition.

    Raises
    ------
    UserError
        When there are fewer recordings, subjects or segments than folds.

    Examples
    --------
    >>> cut = Segments(np.zeros((6, 1, 1)), np.zeros(6), np.repeat([0, 1, 2], 2), np.ones(6))
    >>> train, test = split_places(cut, "recording", folds=3, fold=0, seed=0)
    >>> len(train), len(set(cut.recordings[test]))
    (4, 1)
    """
    from sklearn.model_selection import GroupKFold, StratifiedKFold

    check_choice("split", split, SPLITS)
    groups = {
        "segment": np.arange(len(segments.labels)),
        "recording": segments.recordings,
        "subject": segments.subjects,
    }[split]
    check_folds(len(np.unique(groups)), SPLITS[split], folds, fold)
    if split == "segment":
        # scikit-learn only warns of a class that some folds have none of.
        labels, counts = np.unique(segments.labels, return_counts=True)
        check_folds(int(counts.min()), f"segments of class {labels[counts.argmin()]}", folds, fold)
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed).split(
            groups, segments.labels
        )
    else:
        parts = GroupKFold(folds, shuffle=True, random_state=seed).split(groups, groups=groups)
    return list(parts)[fold]


def check_folds(count: int, what: str, folds: int, fold: int) -> None:
    """Refuse more folds than there is to divide, and a fold that there is not."""
    if not 2 <= folds <= count:
        raise UserError(
            f"folds must be from 2 to the number of {what}, {count}, but is {folds}; add --set folds=2, take another"
            " split, or give more data"
        )
    if not 0 <= fold < folds:
        raise UserError(f"fold must be at least 0 and below folds, {folds}, but is {fold}")


def shuffled_by_recording(segments: Segments, seed: int) -> Segments:
    """The labels dealt out anew among the recordings, those of a recording together: what is left to learn is leakage.

    Examples
    --------
    >>> cut = Segments(np.zeros((4, 1, 1)), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.ones(4))
    >>> sorted(shuffled_by_recording(cut, 0).labels.tolist())
    [0, 0, 1, 1]
    """
    recordings, first = np.unique(segments.recordings, return_index=True)
    dealt = np.random.default_rng(seed).permutation(segments.labels[first])
    return segments._replace(labels=dealt[np.searchsorted(recordings, segments.recordings)])
