"""CIFAR-10's images, as its binary files hold them and as its pickles for Python do.

Either is a folder [1]_. Binary: ``data_batch_1.bin`` and on, and ``test_batch.bin``, 3073 bytes an image: its class,
from 0 to 9, then 1024 bytes of red, of green and of blue, row by row; ``batches.meta.txt``, where it is there, names
the classes, a line each. For Python: pickles of the same names without ``.bin``, read as data and never run, each a
dictionary with ``data``, images x 3072 unsigned bytes in the same order, and ``labels``; ``batches.meta`` with
``label_names``.

.. [1] Krizhevsky: Learning multiple layers of features from tiny images (2009).
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from symrnn.data.files import bytes_of
from symrnn.data.pickles import read_pickle
from symrnn.errors import UserError, printable

SIDE, CHANNELS = 32, 3
PIXELS = CHANNELS * SIDE * SIDE
RECORD = 1 + PIXELS  # bytes of an image in a binary file
NAMES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
TRAIN = re.compile(r"data_batch_\d+(\.bin)?")
META = {".bin": "batches.meta.txt", "": "batches.meta"}
LONGEST = 1 << 16  # bytes of a list of names


class Images(NamedTuple):
    """Images with what they show."""

    images: np.ndarray  # (B, Y, X, C), unsigned bytes
    labels: np.ndarray  # (B,), unsigned bytes


class Cifar(NamedTuple):
    """Images to train and to test on, and the names of the classes."""

    train: Images
    test: Images
    names: tuple[str, ...]


def read(folder: str | Path) -> Cifar:
    """The images in a folder with CIFAR-10's files, of either kind; any number of ``data_batch`` files will do.

    Raises
    ------
    UserError
        When files are missing or malformed, a label is no class, or a pickle holds anything else than data.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = pathlib.Path(folder, name).write_bytes(content)
    ...     train, test, names = read(folder)
    >>> train.images.shape, test.labels.tolist(), names[3]
    ((12, 32, 32, 3), [0, 1, 2, 3], 'cat')
    """
    folder = Path(folder)
    found = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    batches = [name for name in found if TRAIN.fullmatch(name)]
    kinds = {Path(name).suffix for name in batches}
    if len(kinds) != 1:
        held = "both of them" if kinds else "none"
        raise UserError(
            f"{folder} must be a folder with CIFAR-10's data_batch_1.bin or data_batch_1, and on, but has {held};"
            " give the folder that the archive unpacks to"
        )
    [suffix] = kinds
    read_batch = binary_batch if suffix else pickled_batch
    parts = [read_batch(folder / name) for name in batches]
    train = Images(*(np.concatenate(each) for each in zip(*parts, strict=True)))
    return Cifar(train, read_batch(folder / f"test_batch{suffix}"), names_in(folder, suffix))


def content_of(path: Path) -> bytes:
    """The bytes of a file, or one sentence why not."""
    try:
        return bytes_of(path)
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read, but: {error.strerror}") from error


def binary_batch(path: Path) -> Images:
    """The images of one binary file."""
    content = content_of(path)
    count, rest = divmod(len(content), RECORD)
    if rest or not count:
        raise UserError(
            f"{path} must hold {RECORD} bytes an image, but ends at byte {len(content)},"
            f" {rest} after the {count} images before; download it again"
        )
    records = np.frombuffer(content, "u1").reshape(count, RECORD)
    return Images(images_of(records[:, 1:]), checked_labels(path, records[:, 0]))


def pickled_batch(path: Path) -> Images:
    """The images of one file for Python."""
    held = read_pickle(path)
    data, labels = entry(path, held, "data"), entry(path, held, "labels")
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.ndim != 2
        or data.shape[1] != PIXELS
        or not len(data)
    ):
        raise UserError(f"{path}: data must be images x {PIXELS} unsigned bytes, but are none")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise UserError(f"{path}: labels must be a list of whole numbers, but are none")
    if len(labels) != len(data):
        raise UserError(
            f"{path}: labels must be one for each of the {len(data)} images, but are {len(labels)}"
        )
    # As Python's numbers: one that fits no array is refused in a sentence, too.
    return Images(images_of(data), checked_labels(path, np.array(labels, dtype=object)))


def entry(path: Path, held: Any, name: str) -> Any:
    """What a dictionary holds under a name, which Python 2 wrote as bytes."""
    if not isinstance(held, dict):
        raise UserError(
            f"{path} must hold a dictionary with {name}, but holds a {type(held).__name__}"
        )
    return held.get(name, held.get(name.encode()))


def images_of(data: np.ndarray) -> np.ndarray:
    """Channels last."""
    planes = data.reshape(-1, CHANNELS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


def checked_labels(path: Path, labels: np.ndarray) -> np.ndarray:
    """The labels as bytes, each of a class."""
    wrong = (labels < 0) | (labels >= len(NAMES))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise UserError(
            f"{path}: labels must be from 0 to {len(NAMES) - 1}, but that of image {at} is {printable(labels[at])}"
        )
    return labels.astype("u1")


def names_in(folder: Path, suffix: str) -> tuple[str, ...]:
    """The classes as the folder names them, or as CIFAR-10 does."""
    path = folder / META[suffix]
    if not path.exists():
        return NAMES
    if suffix:
        names = content_of(path)[:LONGEST].decode("ascii", "replace").split()
    else:
        held = entry(path, read_pickle(path), "label_names")
        listed = held if isinstance(held, list | tuple) else ()
        names = [n.decode("latin1") if type(n) is bytes else n for n in listed]
    if len(names) != len(NAMES) or not all(type(n) is str and n.isprintable() for n in names):
        raise UserError(f"{path} must name {len(NAMES)} classes, but does not; leave it out")
    return tuple(names)


def sample_of(count: int) -> bytes:
    """A binary file of so many images, the classes in turn, each of one shade and a little noise."""
    noise = np.random.default_rng(count).integers(0, 32, (count, PIXELS))
    labels = np.arange(count) % len(NAMES)
    shades = 20 * labels[:, None] + noise
    return np.column_stack([labels, shades]).astype("u1").tobytes()


SAMPLE = {
    "data_batch_1.bin": sample_of(12),
    "test_batch.bin": sample_of(4),
}
