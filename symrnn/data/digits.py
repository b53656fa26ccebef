"""Handwritten digits, row by row: scikit-learn's, and the idx files of MNIST.

Shapes: ``B`` images, ``T`` rows of ``D`` pixels; pixels lie in [0, 1], labels are int32.

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


class Digits(NamedTuple):
    """Images to train on, or to test on."""

    xs: np.ndarray  # (T, B, D)
    labels: np.ndarray  # (B,)


def load_digit_rows(*, dtype="float64", seed=0):
    """``(xs, labels)`` to train on, 1437 images, and ``(xs, labels)`` to test on, 360: scikit-learn's, 8 by 8 pixels.

    The split is drawn from `seed`, stratified by digit.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = digits.images / 16
    parts = train_test_split(
        images, digits.target, test_size=0.2, random_state=seed, stratify=digits.target
    )
    train, test, train_labels, test_labels = parts
    return rows(train, train_labels, dtype), rows(test, test_labels, dtype)


def load_mnist_rows(folder, *, dtype="float64"):
    """The images of MNIST's four idx files in `folder`, as they are or compressed by gzip, to train and to test on.

    Raises
    ------
    UserError
        When a file is missing or malformed, or images and labels differ in number.
    """
    return tuple(mnist_part(Path(folder), name, dtype) for name in PARTS.values())


def mnist_part(folder, name, dtype):
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
    return rows(images / 255, labels, dtype)


def rows(images, labels, dtype):
    """`Digits` of ``images (B, T, D)``."""
    xs = np.ascontiguousarray(images.transpose(1, 0, 2), dtype=dtype)
    return Digits(xs, labels.astype("int32"))


def idx_path(folder, name):
    """The file called `name` in `folder`, or its twin compressed by gzip."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise UserError(
        f"{folder} must be a folder with MNIST's idx files, but has no {name} or {name}.gz"
    )


def read_idx(path, *, axes):
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
    size = begin + int(np.prod(shape, dtype=object))
    if len(content) != size:
        raise UserError(
            f"{path} must end at byte {size}, as its header says {shape}, but ends at byte {len(content)}; "
            "download it again"
        )
    return np.frombuffer(content, "u1", offset=begin).reshape(shape)


def content_of(path):
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
