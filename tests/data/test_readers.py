"""What every reader of a format must do: its own sample is read, anything else is one sentence that names the file."""

import pkgutil
from importlib import import_module

import numpy as np
import pytest
from sample import sample_in

import symrnn.data
from symrnn.data import READERS
from symrnn.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, 3000, "u1").tobytes()


def module_of(reader):
    return import_module(f"symrnn.data.{reader}")


def test_reader_is_called_as_its_file_and_every_reader_has_a_row():
    names = [module.name for module in pkgutil.iter_modules(symrnn.data.__path__)]
    with_sample = [name for name in names if hasattr(module_of(name), "SAMPLE")]
    assert with_sample == sorted(READERS) == list(READERS)
    assert all(callable(module_of(name).read) for name in READERS)


@pytest.mark.parametrize("reader", READERS)
def test_sample_is_read_and_as_text_and_path_alike(reader, tmp_path):
    path = sample_in(tmp_path, reader)
    read = module_of(reader).read
    assert len(read(path)) > 0
    np.testing.assert_equal(read(path), read(str(path)))


def replaced_by_folder(path):
    path.unlink()
    path.mkdir()


BROKEN = {  # what happens to a file
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "a folder": replaced_by_folder,
    "noise": lambda path: path.write_bytes(NOISE),
}
FILES = [(reader, name) for reader in READERS for name in module_of(reader).SAMPLE]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize(("reader", "name"), FILES)
def test_broken_file_is_one_sentence_that_names_it(reader, name, how, tmp_path):
    path = sample_in(tmp_path, reader)
    BROKEN[how](tmp_path / name)
    with pytest.raises(UserError) as caught:
        module_of(reader).read(path)
    assert str(tmp_path) in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_damaged_file_is_read_or_refused(reader, name, tmp_path):
    path = sample_in(tmp_path, reader)
    whole = (tmp_path / name).read_bytes()
    refusals = []
    for place in range(0, len(whole), len(whole) // 40 + 1):
        changed = whole[:place] + bytes([whole[place] ^ 0x9C]) + whole[place + 1 :]
        for damaged in (whole[:place], changed):
            (tmp_path / name).write_bytes(damaged)
            try:
                module_of(reader).read(path)
            except UserError as error:
                refusals.append(str(error))
    assert refusals
    assert all(str(tmp_path) in sentence for sentence in refusals)
