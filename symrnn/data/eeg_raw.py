"""DEAP's recordings as they left the amplifier, ``sXX.bdf`` or ``.edf``, with the ratings of its table.

A file is a subject: 512 Hz, the 32 channels of EEG, electrodes around the eyes (EXG1 and EXG2 left and right, EXG3 and
EXG4 above and below), and a status channel whose code 4 says that a video begins [1]_. ``participant_ratings.csv``
beside it says how each trial was rated. Files are read by MNE, the extra ``eeg``; the steps are those of
`symrnn.data.eeg_steps`.

.. [1] https://www.eecs.qmul.ac.uk/mmv/datasets/deap/readme.html
"""

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from symrnn.data.csv_rows import cells_of, number_in, text_of
from symrnn.data.eeg_recordings import (
    BASELINE_S,
    CHANNELS,
    HIGHEST,
    LOWEST,
    RATE_HZ,
    RATINGS,
    Recordings,
)
from symrnn.data.eeg_steps import Signal, prepared
from symrnn.errors import UserError, printable

VIDEO_BEGINS = 4
VIDEO_S = 60
EYE_PAIRS = (("EXG1", "EXG2"), ("EXG3", "EXG4"))  # hEOG and vEOG are differences
ENDINGS = (".bdf", ".edf")
NAME = r"s([0-9]{2})"  # of a file, without its ending
CODES = 0xFF  # the bits of the status channel that hold a code
TABLE = "participant_ratings.csv"
COLUMNS = ("Participant_id", "Trial", "Valence", "Arousal", "Dominance", "Liking")
# what DEAP's authors did to the files that `symrnn.data.deap` reads
BEFORE = (
    "rate",
    "band",
    "eyes",
    "average",
)
VOLT_UV = 1e6


def read(
    path: str | Path, *, steps: Iterable[str] = BEFORE, video_s: float = VIDEO_S
) -> Recordings:
    """The trials in a BDF or EDF file, or in all of a folder, prepared, each with its baseline in front.

    Parameters
    ----------
    path
        A file called ``sXX``, or a folder of such files.
    steps
        Names of `symrnn.data.eeg_steps.STEPS`, which act on a whole trial and must bring it to 128 Hz.
    video_s
        Seconds of a video.

    Raises
    ------
    UserError
        When MNE is missing, the file is none or lacks channels or codes, or the table does not fit it.
    """
    path, names = Path(path), list(steps)
    subjects = [subject_in(file, names, video_s) for file in (files_in(path) or [path])]
    return Recordings(*(np.concatenate(parts) for parts in zip(*subjects, strict=True)))


def is_raw(path: str | Path) -> bool:
    """Whether `path` is called as a BDF or EDF file, or is a folder that holds one that is called ``sXX``."""
    path = Path(path)
    return path.suffix.lower() in ENDINGS or bool(files_in(path))


def files_in(folder: Path) -> list[Path]:
    """The files ``sXX.bdf`` and ``.edf`` in a folder, by their names; none in what is no folder."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in ENDINGS and re.fullmatch(NAME, path.stem)
    )


def subject_in(path: Path, names: list[str], video_s: float) -> Recordings:
    """The prepared trials of one file."""
    ratings, subject = ratings_beside(path)
    trials = [prepared(trial, names) for trial in trials_of(path, video_s)]
    if wrong := {trial.rate_hz for trial in trials} - {RATE_HZ}:
        raise UserError(
            f"steps must bring {path} from {wrong.pop():g} to {RATE_HZ} Hz, but {'+'.join(names)} do not; add rate"
        )
    if len(trials) != len(ratings):
        raise UserError(
            f"{path} must have a video for each of the {len(ratings)} trials of subject {subject} in {TABLE},"
            f" but {len(trials)} begin (code {VIDEO_BEGINS})"
        )
    subjects = np.full(len(trials), subject, "int32")
    xs, eyes = (
        np.stack(part).astype("float32") for part in zip(*(t[:2] for t in trials), strict=True)
    )
    return Recordings(xs, eyes, ratings, subjects)


def trials_of(path: Path, video_s: float = VIDEO_S) -> list[Signal]:
    """Each video with its baseline in front, in µV, at the rate of the file."""
    raw = raw_at(path)
    rate = float(raw.info["sfreq"])
    wanted = [*CHANNELS, *(name for pair in EYE_PAIRS for name in pair)]
    if missing := [name for name in [*wanted, "Status"] if name not in raw.ch_names]:
        raise UserError(f"{path} must have the channel {missing[0]}, but has none of this name")
    samples = raw.get_data(wanted) * VOLT_UV
    begins = onsets(raw.get_data(["Status"])[0].astype(int) & CODES)
    xs = samples[: len(CHANNELS)]
    # The electrodes of a pair lie next to each other in `wanted`.
    eyes = samples[len(CHANNELS) :: 2] - samples[len(CHANNELS) + 1 :: 2]
    before, after = round(BASELINE_S * rate), round(video_s * rate)
    for number, begin in enumerate(begins, 1):
        if begin < before or begin + after > samples.shape[1]:
            raise UserError(
                f"{path}: video {number} must have {BASELINE_S} s before it and {video_s:g} s from its beginning, but"
                f" the file holds {begin / rate:.1f} s and {(samples.shape[1] - begin) / rate:.1f} s"
            )
    parts = [slice(begin - before, begin + after) for begin in begins]
    return [Signal(xs[:, part], eyes[:, part], rate) for part in parts]


def raw_at(path: Path) -> Any:
    """MNE's recording in a file."""
    try:
        import mne
    except ModuleNotFoundError as error:
        raise UserError(
            f"{path} takes MNE to read, which is not installed; pip install 'symrnn[eeg]'"
        ) from error
    readers = dict(zip(ENDINGS, (mne.io.read_raw_bdf, mne.io.read_raw_edf), strict=True))
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path} must end in .bdf or .edf, but ends in {path.suffix!r}")
    if not path.is_file():
        raise UserError(f"{path} must be a file that can be read, but there is none")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that say less than they may
        try:
            return readers[path.suffix.lower()](path, preload=True, verbose="error")
        except Exception as error:  # MNE raises whatever a damaged header leads to
            why = printable(f"{type(error).__name__}: {error}", 120)
            raise UserError(
                f"{path} must be a whole BDF or EDF file, but MNE says {why}"
            ) from error


def onsets(codes: np.ndarray) -> np.ndarray:
    """Where `VIDEO_BEGINS` begins in the ``codes (N,)`` of each sample.

    Examples
    --------
    >>> onsets(np.array([0, 4, 4, 0, 5, 4])).tolist()
    [1, 5]
    """
    is_begun = codes == VIDEO_BEGINS
    return np.flatnonzero(is_begun & ~np.r_[False, is_begun[:-1]])


def ratings_beside(path: Path) -> tuple[np.ndarray, int]:
    """The ratings ``(R, 4)`` of a file's trials in their order, from the table beside it, and its subject."""
    named = re.fullmatch(NAME, path.stem)
    if named is None:
        raise UserError(
            f"{path} must be called sXX.bdf or .edf, XX the subject's number in {TABLE}"
        )
    table, subject = path.with_name(TABLE), int(named[1])
    rows = [
        (line, cells_of(table, line, row))
        for line, row in enumerate(text_of(table).splitlines(), 1)
        if row.strip()
    ]
    line, cells_above = rows[0] if rows else (1, [])
    heading = [cell.strip() for cell in cells_above]
    if missing := [name for name in COLUMNS if name not in heading]:
        raise UserError(f"{table}, line {line}: the heading must name {missing[0]}, but does not")
    found = {}
    for line, row in rows[1:]:
        # A short row lacks its last cells: as empty ones they are refused below, by their names.
        cells = dict(zip(heading, row, strict=False))
        numbers = [number_in(table, line, name, cells.get(name, "")) for name in COLUMNS]
        if numbers[0] == subject:
            if not all(LOWEST <= rating <= HIGHEST for rating in numbers[2:]):
                raise UserError(f"{table}, line {line}: ratings must be from {LOWEST} to {HIGHEST}")
            found[numbers[1]] = numbers[2:]
    if not found:
        raise UserError(f"{table} must hold ratings of subject {subject}, but holds none")
    return np.array([found[trial] for trial in sorted(found)]).reshape(-1, len(RATINGS)), subject
