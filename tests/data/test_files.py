"""Files that a user names: a pipe without a writer is an error at once, and a changed content is another one."""

import os
import subprocess
import sys

import pytest

from symrnn.data import files
from symrnn.data.csv_rows import rows_of
from symrnn.data.files import bytes_of, fingerprint, write_file
from symrnn.data.pickles import read_pickle
from symrnn.data.text import read as read_text
from symrnn.errors import UserError
from symrnn.lasagne.param_files import read_param_pickle

READERS = [read_text, lambda path: rows_of(path, ["a"]), read_pickle, read_param_pickle]


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_S", 0.2)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("read", READERS)
def test_a_pipe_without_a_writer_is_one_sentence(pipe, read):
    with pytest.raises(UserError, match="nothing writes to this pipe"):
        read(pipe)


WRITER = "import sys, time; file = open(sys.argv[1], 'wb'); time.sleep(1); file.write(b'a' * 99999)"


@pytest.mark.timeout(60)
def test_a_pipe_with_a_slow_writer_is_read(pipe, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_S", 30.0)  # to start a process
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(pipe)])
    assert bytes_of(pipe) == b"a" * 99999
    assert writer.wait() == 0


def test_files_are_read_and_what_is_missing_is_an_error(tmp_path):
    (tmp_path / "file").write_bytes(b"text")
    assert bytes_of(tmp_path / "file") == b"text"
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(OSError):
            bytes_of(path)


def test_a_fingerprint_is_of_the_content(tmp_path):
    one, folder = tmp_path / "one", tmp_path / "folder"
    one.write_text("a")
    folder.mkdir()
    seen = {fingerprint(tmp_path / "none"), fingerprint(one), fingerprint(folder)}
    one.write_text("b")
    (folder / "images").write_text("a")
    seen |= {fingerprint(one), fingerprint(folder)}
    (folder / "labels").write_text("a")
    seen.add(fingerprint(folder))
    (folder / "images").rename(folder / "pictures")
    seen.add(fingerprint(folder))
    assert len(seen) == 7
    (folder / ".hidden").write_text("a")
    assert fingerprint(folder) in seen
    one.write_text("a")
    (tmp_path / "copy").write_text("a")
    assert fingerprint(one) == fingerprint(tmp_path / "copy")


def test_a_file_is_written_with_its_folders(tmp_path):
    write_file(tmp_path / "new" / "a", b"x")
    assert (tmp_path / "new" / "a").read_bytes() == b"x"


@pytest.mark.parametrize("place", ["taken/a", "folder"])
def test_a_file_that_cannot_be_written_is_one_sentence(place, tmp_path):
    (tmp_path / "taken").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        UserError, match=rf"^{tmp_path}/{place} could not be written: .*; give"
    ) as caught:
        write_file(tmp_path / place, b"x")
    assert "\n" not in str(caught.value)
