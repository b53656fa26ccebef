"""DEAP's pickles: their arrays are read, whatever else a file asks for is refused by name and never run."""

import os
import pickle
import subprocess

import numpy as np
import pytest

from symrnn.data import deap
from symrnn.data.eeg_recordings import CHANNELS, CLASSES, emotions_of, segments_of
from symrnn.errors import UserError

SHAPE = (2, 40, 400)


def write(path, protocol=2, **parts):
    data = np.arange(np.prod(SHAPE), dtype="float64").reshape(SHAPE)
    held = {"data": data, "labels": np.array([[9.0, 1, 5, 5], [1, 9, 5, 5]])} | parts
    path.write_bytes(pickle.dumps(held, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_channels_ratings_and_subject_are_those_of_the_file(protocol, tmp_path):
    made = deap.read(write(tmp_path / "s07.dat", protocol))
    assert made.xs.shape == (2, 32, 400)
    assert made.xs.dtype == made.eyes.dtype == np.float32
    assert made.xs[1, 31, 0] == (40 + 31) * 400
    assert made.eyes[0, :, 0].tolist() == [32 * 400, 33 * 400]
    assert made.subjects.tolist() == [7, 7]
    assert [CLASSES[k] for k in made.labels] == ["HVLA", "LVHA"]


def test_pickle_of_python_2_is_read(tmp_path):
    """As Python 2 wrote it: texts are byte strings, also the keys, the dtype and the array's bytes."""
    data, labels = np.ones((1, 40, 390), "<f4"), np.full((1, 4), 6, "<f4")

    def array(values):
        shape = b"(" + b"".join(b"I%d\n" % n for n in values.shape) + b"t"
        raw = values.tobytes()
        return (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntU\x01btR(I1\n" + shape
            + b"cnumpy\ndtype\n(U\x02f4I0\nI1\ntR(I3\nU\x01<NNNI-1\nI-1\nI0\ntbI00\nT"
            + len(raw).to_bytes(4, "little") + raw + b"tb"
        )  # fmt: skip

    content = b"(dU\x04data" + array(data) + b"sU\x06labels" + array(labels) + b"s."
    reference = pickle.loads(content, encoding="latin1")
    path = tmp_path / "s32.dat"
    path.write_bytes(content)
    made = deap.read(path)
    np.testing.assert_array_equal(made.xs, reference["data"][:, :32])
    assert made.labels.tolist() == [0]
    assert made.subjects.tolist() == [32]


def test_folder_is_read_in_the_order_of_its_subjects(tmp_path):
    for number in (11, 2):
        write(tmp_path / f"s{number:02d}.dat")
    (tmp_path / "readme.txt").write_text("other files are passed over")
    assert deap.read(tmp_path).subjects.tolist() == [2, 2, 11, 11]


class Runs:
    """What a hostile file would do."""

    def __init__(self, function, *args):
        self.called = function, args

    def __reduce__(self):
        return self.called


HOSTILE = {  # the name that is refused
    "posix.system": Runs(os.system, "touch hacked"),
    "subprocess.Popen": Runs(subprocess.Popen, ["touch", "hacked"]),
    "builtins.eval": Runs(eval, "open('hacked', 'w')"),
    "builtins.getattr": Runs(getattr, "hacked", "upper"),
    "numpy.load": Runs(np.load, "hacked"),
}


@pytest.mark.parametrize("place", ["data", "labels", "other"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_by_name_and_not_run(name, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / "s01.dat", 3, **{place: HOSTILE[name]})
    # NumPy's functions say another module than they are asked for by
    wanted = "numpy" if name == "numpy.load" else name
    with pytest.raises(UserError, match=rf"s01.dat: the pickle asks for {wanted}"):
        deap.read(path)
    assert [file.name for file in tmp_path.iterdir()] == ["s01.dat"]


def test_hostile_object_in_an_array_of_objects_is_refused(tmp_path):
    array = np.empty(1, object)
    array[0] = HOSTILE["posix.system"]
    with pytest.raises(UserError, match=r"asks for posix.system"):
        deap.read(write(tmp_path / "s01.dat", data=array))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"data": [1, 2]}, "must hold an array of numbers called 'data', but holds none"),
        ({"labels": np.array(["a"])}, "must hold an array of numbers called 'labels'"),
        ({"data": np.array([None])}, "must hold an array of numbers called 'data'"),
        ({"data": np.ones((2, 32, 400))}, r"videos x 40 channels .* but are \[2, 32, 400\]"),
        ({"data": np.ones((2, 40, 384))}, r"more than 384 samples, but are \[2, 40, 384\]"),
        ({"data": np.ones((0, 40, 400))}, r"but are \[0, 40, 400\]"),
        ({"labels": np.ones((3, 4))}, r"4 ratings of 2 videos, but are \[3, 4\]"),
        ({"labels": np.full((2, 4), 9.5)}, "labels must be ratings from 1 to 9"),
        ({"labels": np.full((2, 4), np.nan)}, "labels must be ratings from 1 to 9"),
        ({"data": np.full(SHAPE, np.inf)}, "data must be finite numbers"),
    ],
)
def test_arrays_that_are_not_those_of_deap_are_refused(parts, message, tmp_path):
    with pytest.raises(UserError, match=message):
        deap.read(write(tmp_path / "s01.dat", **parts))


def test_what_is_no_dictionary_and_a_folder_without_files_are_refused(tmp_path):
    with pytest.raises(UserError, match="with DEAP's preprocessed files, s01"):
        deap.read(tmp_path)
    (tmp_path / "s01.dat").write_bytes(pickle.dumps([np.ones(3)]))
    with pytest.raises(UserError, match=r"a dictionary of data and labels, but holds a list"):
        deap.read(tmp_path)


def test_files_of_different_length_are_refused(tmp_path):
    write(tmp_path / "s01.dat")
    write(tmp_path / "s02.dat", data=np.ones((2, 40, 500)))
    with pytest.raises(
        UserError, match=r"s02.dat must have recordings of 400 samples, as s01.dat, but has 500"
    ):
        deap.read(tmp_path)


def test_emotion_is_high_above_the_threshold_alone():
    ratings = np.array([[9, 9], [5.01, 5], [5, 5.01], [1, 5]])
    assert emotions_of(np.pad(ratings, ((0, 0), (0, 2)))).tolist() == [0, 1, 2, 3]


def test_segments_are_stretches_of_their_recording():
    xs = np.arange(2 * 3 * 10.0).reshape(2, 3, 10)
    cut = segments_of(xs, np.array([2, 1]), np.array([5, 6]), 4)
    assert cut.xs.shape == (4, 4, 3)
    np.testing.assert_array_equal(cut.xs[3], xs[1, :, 4:8].T)
    assert [part.tolist() for part in cut[1:]] == [[2, 2, 1, 1], [0, 0, 1, 1], [5, 5, 6, 6]]
    with pytest.raises(UserError, match="samples must be at most those of a recording, 10"):
        segments_of(xs, np.array([2, 1]), np.array([5, 6]), 11)


def test_channels_are_those_of_deap():
    assert len(set(CHANNELS)) == 32
    assert (CHANNELS[0], CHANNELS[15], CHANNELS[16], CHANNELS[31]) == ("Fp1", "Pz", "Fp2", "O2")
