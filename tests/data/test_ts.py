"""The text format .ts: values, classes, and every way in which a file is none."""

import numpy as np
import pytest

from symrnn.data import ts
from symrnn.errors import UserError

HEAD = "#\xb1 comment\n@problemName Toy\n@timestamps false\n@classLabel true up down\n@data\n"
CASES = "1,2.5,-3e1:4,5,6:down\n\n7,8,9:1,2,3:up\n"


def write(folder, train=HEAD + CASES, test=HEAD + CASES):
    (folder / "Toy_TRAIN.ts").write_bytes(train.encode("latin1"))
    (folder / "Toy_TEST.ts").write_bytes(test.encode("latin1"))
    return folder


def test_numbers_channels_and_classes_are_read(tmp_path):
    train, test = ts.read(write(tmp_path, test=HEAD + "0,0,1:0,1,0:up\n"))
    assert train.classes == test.classes == ("up", "down")
    assert train.xs.tolist() == [[[1, 2.5, -30], [4, 5, 6]], [[7, 8, 9], [1, 2, 3]]]
    assert train.labels.tolist() == [1, 0]
    assert test.xs.shape == (1, 2, 3)
    assert test.xs.dtype == np.float32


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            HEAD + "1,2:up\n1:down\n",
            "line 7: a series must have 1 channels of 2 samples .* has 1 of 1",
        ),
        (HEAD + "1,2:1:up\n", r"line 6: the channels must be of one length, but are \[1, 2\]"),
        (HEAD + "1,?:up\n", r"line 6: a sample must be a finite number, but is '\?'"),
        (HEAD + "1,1_2:up\n", "line 6: a sample must be a finite number, but is '1_2'"),
        (HEAD + "1,nan:up\n", "line 6: a sample must be a finite number, but is 'nan'"),
        (HEAD + "1,1e39:up\n", "line 6: a sample must be a finite number, but is '1e39'"),
        (HEAD + "1,2:left\n", "line 6: the class must be one of up, down, but is 'left'"),
        (HEAD + "up\n", "line 6: there must be numbers before the class"),
        (HEAD, "must hold series below the line @data"),
        ("1,2:up\n", "must have a line @data"),
        (
            "@timestamps true\n@classLabel true a b\n@data\n",
            "line 1: series with timestamps are not",
        ),
        ("@classLabel false\n@data\n1,2\n", "must name its classes"),
        ("@classLabel true a a\n@data\n1:a\n", "two or more that differ"),
    ],
)
def test_malformed_file_is_refused_with_its_line(content, message, tmp_path):
    with pytest.raises(UserError, match=f"Toy_TEST.ts.*{message}"):
        ts.read(write(tmp_path, test=content))


def test_pair_must_agree(tmp_path):
    with pytest.raises(
        UserError,
        match=r"up/down with 2 channels of 3 samples, but has up/down with 1 channels of 2",
    ):
        ts.read(write(tmp_path, test=HEAD + "1,2:up\n"))


def test_folder_must_hold_one_pair(tmp_path):
    with pytest.raises(UserError, match=r"NAME_TRAIN.ts and NAME_TEST.ts, but has none"):
        ts.read(tmp_path)
    write(tmp_path)
    (tmp_path / "Other_TRAIN.ts").write_text(HEAD + CASES)
    with pytest.raises(UserError, match="but has those of Other, Toy"):
        ts.read(tmp_path)


def test_pair_is_named_by_either_file_where_a_folder_holds_more(tmp_path):
    write(tmp_path)
    (tmp_path / "Other_TRAIN.ts").write_text(HEAD + CASES)
    for name in ("Toy_TRAIN.ts", "Toy_TEST.ts"):
        assert ts.is_ts(tmp_path / name)
        assert ts.pair_at(tmp_path / name) == (tmp_path / "Toy_TRAIN.ts", tmp_path / "Toy_TEST.ts")
    with pytest.raises(
        UserError, match=r"Toy.ts must be one of a pair of files, .* called otherwise"
    ):
        ts.read(tmp_path / "Toy.ts")


def test_sets_are_looked_for_where_the_environment_says_and_in_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site" / ts.PACKAGE
    for folder in (tmp_path / "mine" / "Toy", package / "datasets" / "data" / "Other"):
        folder.mkdir(parents=True)
        write(folder)
    (package / "__init__.py").write_text("raise ImportError('not to be imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("SYMRNN_TS", str(tmp_path / "mine"))
    assert ts.installed("Toy") == tmp_path / "mine" / "Toy"
    assert ts.installed("Other") == package / "datasets" / "data" / "Other"
    with pytest.raises(UserError, match=r"series Third are not installed; pip install --no-deps"):
        ts.installed("Third")
