"""Npz files are read as data: a header is matched and counted before an array is made of it."""

import io
import random
import struct
import zipfile

import numpy as np
import pytest

from symrnn.data.npz import Pickled, arrays_in_npz
from symrnn.data.pickled_arrays import Refused

ARRAYS = {
    "w": np.arange(6, dtype="f4").reshape(2, 3),
    "b": np.array(2.5),
    "turned": np.arange(6).reshape(2, 3).T,
    "text": np.array("a header"),
    "none": np.zeros((0, 3), ">i2"),
    "truth": np.array([True, False]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_is_saved_is_read(tmp_path, save):
    save(tmp_path / "w.npz", **ARRAYS)
    found = arrays_in_npz(tmp_path / "w.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].flags.writeable
        np.testing.assert_array_equal(found[name], array)


def npy(header, content=b"", version=1):
    """An npy file with this header."""
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header.encode() + content


def header(descr="'<f8'", order="False", shape="(2,)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


HOSTILE = {  # an npy file: what the sentence says
    "a huge shape": (npy(header(shape="(99999999999,)"), bytes(16)), "has 16"),
    "a shape over all": (npy(header(shape=f"({2**62}, {2**62})"), bytes(16)), "larger than any"),
    "an empty one over all": (npy(header(shape=f"({2**62}, 0, {2**62})")), "larger than any"),
    "a negative shape": (npy(header(shape="(-2,)"), bytes(16)), "that no plain one has"),
    "a number as shape": (npy(header(shape="2"), bytes(16)), "that no plain one has"),
    "many axes": (npy(header(shape="(" + "1," * 40 + ")"), bytes(8)), "an array has no shape"),
    "deep shape": (npy(header(shape="(" * 9000 + ")" * 9000)), "that no plain one has"),
    "deep list": (npy("[" * 60_000), "that no plain one has"),
    "deep calls": (npy("-" * 60_000 + "1"), "that no plain one has"),
    "a program": (npy(header(descr="__import__('os')")), "that no plain one has"),
    "fields": (npy(header(descr="[('a', '<f8'), ('b', '|O')]")), "that no plain one has"),
    "a subarray": (npy(header(descr="('<f8', (2,))"), bytes(16)), "that no plain one has"),
    "no dtype": (npy(header(descr="None")), "that no plain one has"),
    "a time": (npy(header(descr="'<M8'"), bytes(16)), "no plain one"),
    "a void": (npy(header(descr="'|V8'"), bytes(16)), "no plain one"),
    "nothing wide": (npy(header(descr="'|S0'", shape=f"({2**40},)")), "no plain one"),
    "too few": (npy(header(), bytes(15)), "an array of 16 bytes has 15"),
    "too many": (npy(header(), bytes(17)), "an array of 16 bytes has 17"),
    "a longer header": (npy(header(), bytes(16))[:30], "that no plain one has"),
    "version 9": (npy(header(), bytes(16), 9), "a part of it is no array"),
    "no array": (b"text", "a part of it is no array"),
    "nothing": (b"", "a part of it is no array"),
    "no character": (npy(header("'<U1'"), b"\xff" * 8), "that is no character"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_array_is_refused(tmp_path, name):
    content, told = HOSTILE[name]
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as file:
        file.writestr("w.npy", content)
    with pytest.raises(Refused, match=told):
        arrays_in_npz(tmp_path / "w.npz")


def test_the_header_of_python_2_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as file:
        file.writestr("w.npy", npy(header(shape="(2L,)"), bytes(16)))
    assert arrays_in_npz(tmp_path / "w.npz")["w"].tolist() == [0, 0]


def test_an_array_of_objects_is_a_pickle(tmp_path):
    np.savez(tmp_path / "w.npz", w=np.array([None, print], dtype=object))
    with pytest.raises(Pickled):
        arrays_in_npz(tmp_path / "w.npz")


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_refused(tmp_path, packed):
    with zipfile.ZipFile(tmp_path / "w.npz", "w", packed) as file:
        file.writestr("w.npy", npy(header(), bytes(16)))
    with pytest.raises(Refused, match="packed in a way"):
        arrays_in_npz(tmp_path / "w.npz")


def test_a_file_that_unpacks_to_far_more_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for i in range(8):
            with file.open(f"{i}.npy", "w") as part:
                part.write(npy(header("'|u1'", shape=f"({2**24},)")))
                part.write(bytes(2**24))
    with pytest.raises(Refused, match="far more than its size"):
        arrays_in_npz(tmp_path / "w.npz")


def test_mutated_files_are_refused_or_read(tmp_path):
    """Zip's own tables are hit as well as headers; sums of check keep the contents right."""
    buffer, rng, read = io.BytesIO(), random.Random(0), 0
    np.savez(buffer, **ARRAYS)
    path = tmp_path / "w.npz"
    for _ in range(600):
        data = bytearray(buffer.getvalue())
        for _ in range(rng.choice([1, 2, 8])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            found = arrays_in_npz(path)
        except Refused as error:
            assert str(error).isprintable()  # noqa: PT017
            continue
        read += 1
        for name in set(found) & set(ARRAYS):
            np.testing.assert_array_equal(found[name], ARRAYS[name])
    assert 30 < read < 400
