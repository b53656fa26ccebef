"""MNIST's idx files, as they are and compressed; every way to be malformed is one error."""

import gzip

import numpy as np
import pytest

from symrnn.data.digits import load_mnist_rows
from symrnn.data.idx import idx_bytes as idx
from symrnn.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 3, 4), "u1")
LABELS = np.array([7, 0, 9, 1, 1], "u1")
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.fixture
def folder(tmp_path):
    for part, count in (("train", 5), ("t10k", 2)):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx(IMAGES[:count]))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx(LABELS[:count]))
    return tmp_path


def test_images_are_read_row_by_row(folder):
    train, test = load_mnist_rows(folder, dtype="float32")
    assert train.xs.shape == (3, 5, 4)
    assert test.xs.shape == (3, 2, 4)
    assert train.xs.dtype == "float32"
    assert train.labels.dtype == "int32"
    np.testing.assert_allclose(train.xs[2, 4], IMAGES[4, 2] / 255, rtol=1e-6)
    assert test.labels.tolist() == [7, 0]


def test_compressed_files_are_read_alike_whatever_their_name(folder):
    plain = load_mnist_rows(folder)
    for i, path in enumerate(sorted(folder.iterdir())):
        packed = gzip.compress(path.read_bytes())
        path.unlink()
        path.with_name(path.name + ".gz" * (i % 2)).write_bytes(packed)
    for before, after in zip(plain, load_mnist_rows(folder), strict=True):
        assert (before.xs == after.xs).all()
        assert (before.labels == after.labels).all()


MALFORMED = {  # what: (file, its bytes, parts of the message)
    "empty": (TRAIN_IMAGES, b"", ["must begin with a header of 16 bytes, but ends at byte 0"]),
    "short": (TRAIN_LABELS, b"\0\0\x08", ["header of 8 bytes, but ends at byte 3"]),
    "text": (TRAIN_IMAGES, b"5,0,1,2\n" * 9, ["bytes 00 00 08 03", "at byte 0 there are 35 2c 30"]),
    "labels": (TRAIN_IMAGES, idx(LABELS) + bytes(9), ["bytes 00 00 08 03", "are 00 00 08 01"]),
    "floats": (TRAIN_LABELS, b"\0\0\x0d\x01" + bytes(8), ["are 00 00 0d 01; give an idx file"]),
    "truncated": (
        TRAIN_IMAGES,
        idx(IMAGES)[:-1],
        ["end at byte 76", "[5, 3, 4], but ends at byte 75"],
    ),
    "too long": (TRAIN_LABELS, idx(LABELS) + b"\0", ["end at byte 13", "ends at byte 14"]),
    "no images": (TRAIN_IMAGES, idx(IMAGES[:0]), ["must not be empty", "[0, 3, 4] at byte 4"]),
    "huge": (
        TRAIN_IMAGES,
        b"\0\0\x08\x03" + b"\xff" * 12,
        ["end at byte 79228162458924105385300197391"],
    ),
    "other count": (TRAIN_LABELS, idx(LABELS[:4]), ["each of the 5 images", "but holds 4"]),
    "no digit": (TRAIN_LABELS, idx(LABELS + 1), ["from 0 to 9, but label 2 (at byte 10) is 10"]),
    "half gzip": (TRAIN_IMAGES, gzip.compress(idx(IMAGES))[:-9], ["must be a whole gzip file"]),
    "no gzip": (TRAIN_LABELS, b"\x1f\x8bnothing", ["must be a whole gzip file", "9 bytes"]),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_file_is_one_error_that_names_it(what, folder):
    name, content, parts = MALFORMED[what]
    (folder / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_mnist_rows(folder)
    message = str(caught.value)
    assert message.startswith(str(folder / name))
    assert all(part in message for part in parts), message


def test_missing_file_is_named_with_its_folder(folder):
    (folder / TRAIN_LABELS).unlink()
    with pytest.raises(UserError, match=f"{folder} must be a folder .* no {TRAIN_LABELS} or"):
        load_mnist_rows(folder)
