"""The idx files of MNIST: images and labels in unsigned bytes.

An idx file [1]_ begins with two zero bytes, a byte for the type of its numbers (0x08: unsigned bytes) and one for the
number of its axes; the length of each axis follows in four bytes, most significant first, and then the numbers.

.. [1] LeCun, Cortes, Burges: The MNIST database of handwritten digits.
"""

import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.errors import UserError

UNSIGNED_BYTES = 0x08
PARTS = {"train": "train", "test": "t10k"}  # the beginning of MNIST's file names
CLASSES = 10


class Labelled(NamedTuple):
    """Images with what they show, unsigned bytes."""

    images: np.ndarray  # (B, rows, pixels)
    labels: np.ndarray  # (B,)


def read(folder: str | Path) -> tuple[Labelled, Labelled]:
    """The images in MNIST's four files in `folder`, as they are or compressed by gzip, to train and to test on.

    Raises
    ------
    UserError
        When a file is missing or malformed, or images and labels differ in number.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, content in SAMPLE.items():
    ...         _ = pathlib.Path(folder, name).write_bytes(content)
    ...     train, test = read(folder)
    >>> train.images.shape, test.labels.tolist()
    ((12, 3, 3), [0, 1, 2, 3])
    """
    train, test = (part_in(Path(folder), name) for name in PARTS.values())
    return train, test


def part_in(folder: Path, name: str) -> Labelled:
    """The images and labels of one part of MNIST."""
    images_path, labels_path = (
        idx_path(folder, f"{name}-{kind}-idx{axes}-ubyte")
        for kind, axes in (("images", 3), ("labels", 1))
    )
    images, labels = read_idx(images_path, axes=3), read_idx(labels_path, axes=1)
    if len(images) != len(labels):
        raise UserError(
            f"{labels_path} must hold a label for each of the {len(images)} images in {images_path.name}, but holds "
            f"{len(labels)}; take both from one download"
        )
    if labels.max() >= CLASSES:
        at = int(np.argmax(labels >= CLASSES))
        raise UserError(
            f"{labels_path} must hold labels from 0 to {CLASSES - 1}, but label {at} (at byte {8 + at}) is {labels[at]}"
        )
    return Labelled(images, labels)


def idx_path(folder: Path, name: str) -> Path:
    """The file called `name` in `folder`, or its twin compressed by gzip."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UserError(
        f"{folder} must be a folder with MNIST's idx files, but has no {name} or {name}.gz"
    )


def read_idx(path: str | Path, *, axes: int) -> np.ndarray:
    """The unsigned bytes in an idx file, an array of that many `axes`; gzip is recognised by its first two bytes.

    Raises
    ------
    UserError
        With the file, the offset, what was expected and what was found.
    """
    content = content_of(path)
    begin = 4 + 4 * axes
    if len(content) < begin:
        raise UserError(
            f"{path} must begin with a header of {begin} bytes, but ends at byte {len(content)}"
        )
    expected = bytes([0, 0, UNSIGNED_BYTES, axes])
    if content[:4] != expected:
        raise UserError(
            f"{path} must begin with the bytes {expected.hex(' ')} (unsigned bytes, axes: {axes}), but at byte 0 there "
            f"are {content[:4].hex(' ')}; give an idx file"
        )
    shape = np.frombuffer(content, ">u4", axes, offset=4).tolist()
    if 0 in shape:
        raise UserError(
            f"{path} must not be empty, but its header says {shape} at byte {4 + 4 * shape.index(0)}"
        )
    # As Python's numbers: lengths that somebody made up may overflow 64 bits and seem to fit.
    size = begin + int(np.prod(shape, dtype=object))
    if len(content) != size:
        raise UserError(
            f"{path} must end at byte {size}, as its header says {shape}, but ends at byte {len(content)}; "
            "download it again"
        )
    return np.frombuffer(content, "u1", offset=begin).reshape(shape)


def content_of(path: str | Path) -> bytes:
    """The bytes of a file, decompressed."""
    raw = Path(path).read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} must be a whole gzip file, but breaks off or is damaged within its {len(raw)} bytes ({error}); "
            "download it again"
        ) from error


def idx_bytes(array: np.ndarray) -> bytes:
    """The content of the idx file of an array of unsigned bytes.

    Examples
    --------
    >>> idx_bytes(np.array([7, 9], "u1")).hex(" ")
    '00 00 08 01 00 00 00 02 07 09'
    """
    header = bytes([0, 0, UNSIGNED_BYTES, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def sample_of(count: int) -> dict[str, bytes]:
    """The content of a pair of files by their kind, `count` images of 3 by 3 pixels."""
    pixels = np.arange(count * 9, dtype="u4") * 37 % 256
    images = pixels.astype("u1").reshape(count, 3, 3)
    labels = np.arange(count, dtype="u1") % CLASSES
    return {"images-idx3": idx_bytes(images), "labels-idx1": idx_bytes(labels)}


SAMPLE = {
    f"{PARTS[part]}-{kind}-ubyte": content
    for part, count in (("train", 12), ("test", 4))
    for kind, content in sample_of(count).items()
}
