"""CIFAR-10's files: binary and pickled ones hold the same images; what is malformed is refused, and never run."""

import pickle
import subprocess

import numpy as np
import pytest

from symrnn.data import cifar
from symrnn.data.changed_images import GREY, cropped, cut_out, mirrored
from symrnn.errors import UserError

COUNTS = {"data_batch_1": 3, "data_batch_2": 2, "test_batch": 2}
DRAWN = np.random.default_rng(0).integers(0, 256, (7, cifar.PIXELS)).astype("u1")
LABELS = [9, 0, 4, 1, 1, 3, 7]


def parts():
    """``(name, data, labels)`` of each file."""
    begin = 0
    for name, count in COUNTS.items():
        yield name, DRAWN[begin : begin + count], LABELS[begin : begin + count]
        begin += count


def write_binary(folder):
    for name, data, labels in parts():
        (folder / f"{name}.bin").write_bytes(np.column_stack([labels, data]).astype("u1").tobytes())
    return folder


def write_pickles(folder, protocol=2, text=str):
    for name, data, labels in parts():
        held = {text("batch_label"): text(name), text("data"): data, text("labels"): labels}
        (folder / name).write_bytes(pickle.dumps(held, protocol=protocol))
    names = {text("label_names"): [text(n) for n in cifar.NAMES]}
    (folder / "batches.meta").write_bytes(pickle.dumps(names, protocol=protocol))
    return folder


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_both_kinds_of_files_hold_the_same_images(protocol, tmp_path):
    (tmp_path / "binary").mkdir()
    binary, pickled = cifar.read(write_binary(tmp_path / "binary")), None
    (tmp_path / "pickled").mkdir()
    # Python 2 wrote its texts as bytes.
    pickled = cifar.read(
        write_pickles(tmp_path / "pickled", protocol, [str, str.encode][protocol % 2])
    )
    np.testing.assert_equal(binary, pickled)
    assert binary.train.labels.tolist() == LABELS[:5]
    # Red, green and blue of the first row's second pixel, of the fourth image.
    assert binary.train.images[3, 0, 1].tolist() == DRAWN[3, [1, 1025, 2049]].tolist()
    assert binary.test.images[1, 31, 0, 2] == DRAWN[6, 2048 + 31 * 32]


def test_names_of_the_classes_are_the_folders(tmp_path):
    folder = write_binary(tmp_path)
    assert cifar.read(folder).names == cifar.NAMES
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    assert cifar.read(folder).names == tuple("abcdefghij")
    (folder / "batches.meta.txt").write_text("a\nb\n")
    with pytest.raises(UserError, match="must name 10 classes"):
        cifar.read(folder)


@pytest.mark.parametrize(
    "names", [5, np.arange(10), np.array(list("abcdefghij")), "abcdefghij", None]
)
def test_names_that_are_no_list_are_refused(names, tmp_path):
    folder = write_pickles(tmp_path)
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": names}, protocol=2))
    with pytest.raises(UserError, match="must name 10 classes, but does not; leave it out"):
        cifar.read(folder)


class Runs:
    """What a hostile file would do."""

    def __init__(self, *args):
        self.args = args

    def __reduce__(self):
        return subprocess.run, self.args


WRONG = {  # what a pickle holds: what is said
    "it runs": (lambda folder: Runs(["touch", str(folder / "ran")]), "asks for subprocess.run"),
    "no dictionary": (lambda folder: [1, 2], "holds a list"),
    "no data": (lambda folder: {"labels": [1]}, f"data must be images x {cifar.PIXELS}"),
    "floats": (
        lambda folder: {"data": DRAWN[:1].astype("float32"), "labels": [1]},
        "data must be images",
    ),
    "a row short": (lambda folder: {"data": DRAWN[:1, :-1], "labels": [1]}, "data must be images"),
    "a label short": (lambda folder: {"data": DRAWN[:2], "labels": [1]}, "one for each of the 2"),
    "no labels": (lambda folder: {"data": DRAWN[:1], "labels": "1"}, "a list of whole numbers"),
    "no class": (lambda folder: {"data": DRAWN[:1], "labels": [10]}, "that of image 0 is 10"),
    "a huge label": (lambda folder: {"data": DRAWN[:1], "labels": [2**70]}, "that of image 0 is 1180"),
    "below": (lambda folder: {"data": DRAWN[:1], "labels": [-1]}, "that of image 0 is -1"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_pickle_of_anything_else_is_refused_and_never_run(what, tmp_path):
    hold, said = WRONG[what]
    folder = write_pickles(tmp_path)
    (folder / "data_batch_2").write_bytes(pickle.dumps(hold(tmp_path)))
    with pytest.raises(UserError, match=said) as caught:
        cifar.read(folder)
    assert "data_batch_2" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_binary_label_that_is_no_class_and_a_folder_of_both_kinds_are_refused(tmp_path):
    folder = write_binary(tmp_path)
    content = bytearray((folder / "test_batch.bin").read_bytes())
    content[cifar.RECORD] = 10
    (folder / "test_batch.bin").write_bytes(content)
    with pytest.raises(UserError, match="that of image 1 is 10"):
        cifar.read(folder)
    write_pickles(tmp_path)
    with pytest.raises(UserError, match="has both of them"):
        cifar.read(folder)


def test_changes_move_every_image_by_its_own_row():
    images = np.random.default_rng(1).integers(0, 100, (3, 5, 6, 3)).astype("u1")
    moves = np.array([[1, -2], [0, 0], [-4, 5]])
    found = cropped(images, moves)
    assert (found[0, 1:, :-2] == images[0, :-1, 2:]).all()
    assert (found[0, 0] == GREY).all()
    assert (found[0, :, -2:] == GREY).all()
    assert (found[1] == images[1]).all()
    assert (found[2, :1, 5:] == images[2, 4:, :1]).all()
    turned = mirrored(images, np.array([True, False, True]))
    assert (turned[0, :, 0] == images[0, :, 5]).all()
    assert (turned[1] == images[1]).all()
    cut = cut_out(images, np.array([[0, 0], [2, 3], [4, 5]]), 3)
    assert [int((cut[i] == GREY).all(axis=-1).sum()) for i in range(3)] == [4, 9, 4]
    assert found.dtype == turned.dtype == cut.dtype == np.uint8
