"""DEAP's preprocessed recordings, ``data_preprocessed_python/sXX.dat``: pickles, read as data and never run.

A file is a subject: a dictionary of ``data``, videos x 40 channels x samples at 128 Hz, the first 32 channels EEG and
the next two EOG, each video with 3 s of baseline in front, and ``labels``, videos x 4 ratings from 1 to 9. Shapes and
the source stand in `symrnn.data.eeg_recordings`.
"""

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from symrnn.data.eeg_recordings import BASELINE, CHANNELS, HIGHEST, LOWEST, RATINGS, Recordings
from symrnn.data.pickles import read_pickle
from symrnn.errors import UserError

ALL_CHANNELS = 40  # of a file
EEG = len(CHANNELS)
NAME = "s[0-9][0-9].dat"


def read(path: str | Path) -> Recordings:
    """The recordings in one ``sXX.dat``, or in all of a folder, which takes 1.4 GB for DEAP's 32 subjects.

    Raises
    ------
    UserError
        When there is no such file, a file holds anything else than arrays, or they are not those of DEAP.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "s01.dat")
    ...     _ = path.write_bytes(SAMPLE["s01.dat"])
    ...     recordings = read(path)
    >>> recordings.xs.shape, recordings.labels.tolist()
    ((8, 32, 768), [0, 1, 2, 3, 0, 1, 2, 3])
    """
    path = Path(path)
    files = sorted(path.glob(NAME)) if path.is_dir() else [path]
    if not files:
        raise UserError(
            f"{path} must be a folder with DEAP's preprocessed files, s01.dat and on, but has none"
        )
    subjects = [subject_in(file, number) for number, file in enumerate(files, 1)]
    for file, subject in zip(files, subjects, strict=True):
        if subject.xs.shape[2] != (length := subjects[0].xs.shape[2]):
            raise UserError(
                f"{file} must have recordings of {length} samples, as {files[0].name}, but has"
                f" {subject.xs.shape[2]}; take all files from one download"
            )
    return Recordings(*(np.concatenate(parts) for parts in zip(*subjects, strict=True)))


def is_preprocessed(path: str | Path) -> bool:
    """Whether `path` is called as a ``.dat`` file, or is a folder that holds one that is called ``sXX.dat``."""
    path = Path(path)
    return path.suffix.lower() == ".dat" or (path.is_dir() and any(path.glob(NAME)))


def subject_in(path: Path, number: int) -> Recordings:
    """The recordings of one file; `number` stands for the subject where the file's name says none."""
    held = read_pickle(path)
    if not isinstance(held, dict):
        raise UserError(
            f"{path} must hold a dictionary of data and labels, but holds a {type(held).__name__}"
        )
    data, labels = (array_of(path, held, name) for name in ("data", "labels"))
    if (
        data.ndim != 3
        or data.shape[1] != ALL_CHANNELS
        or data.shape[2] <= BASELINE
        or not len(data)
    ):
        raise UserError(
            f"{path}: data must be videos x {ALL_CHANNELS} channels x more than {BASELINE} samples,"
            f" but are {list(data.shape)}"
        )
    if labels.shape != (len(data), len(RATINGS)):
        raise UserError(
            f"{path}: labels must be {len(RATINGS)} ratings of {len(data)} videos, but are {list(labels.shape)}"
        )
    if not ((labels >= LOWEST) & (labels <= HIGHEST)).all():
        raise UserError(
            f"{path}: labels must be ratings from {LOWEST} to {HIGHEST}, but one is not"
        )
    xs = data.astype("float32")
    if not np.isfinite(xs).all():
        raise UserError(f"{path}: data must be finite numbers, but some are not")
    named = re.match(r"s([0-9]{2})\b", path.name)
    subjects = np.full(len(xs), int(named[1]) if named else number, "int32")
    return Recordings(xs[:, :EEG], xs[:, EEG : EEG + 2], labels.astype("float64"), subjects)


def array_of(path: Path, held: dict[Any, Any], name: str) -> np.ndarray:
    """The array of numbers called `name` in what a file holds."""
    found = held.get(name, held.get(name.encode()))  # Python 2 may have written bytes
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu":
        raise UserError(f"{path} must hold an array of numbers called {name!r}, but holds none")
    return found


def sample_recordings(count: int) -> dict[str, np.ndarray]:
    """What a small file holds: a rhythm whose frequency and side tell the class."""
    drawn = np.random.default_rng(0).normal(0, 8, (count, ALL_CHANNELS, 2 * BASELINE))
    labels = np.full((count, len(RATINGS)), 5.0)
    for i in range(count):
        high = 1 - np.array([i // 2 % 2, i % 2])
        labels[i, :2] = 3 + 4 * high
        rhythm = np.sin((0.4 + 0.6 * high[1]) * np.arange(BASELINE))
        drawn[i, high[0] : EEG : 2, BASELINE:] += 30 * rhythm
    return {"data": drawn.round().clip(-120, 120).astype("int8"), "labels": labels}


SAMPLE = {"s01.dat": pickle.dumps(sample_recordings(8), protocol=3)}
