"""Pickles are read as data: what a file of arrays holds comes back, and nothing else is made of any file."""

import builtins
import codecs
import collections
import operator
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mutated_pickles import VALUES, used

from symrnn.data.pickles import data_in_pickle
from symrnn.errors import UserError

MUTATED = Path(__file__).with_name("mutated_pickles.py")
KNOWN = {"ndarray", "dtype", "_reconstruct", "scalar", "_frombuffer", "OrderedDict", "encode"}
KNOWN |= {"bytes", "complex"}


def read(data):
    return data_in_pickle(data, "values.pkl")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_is_pickled_comes_back(value, protocol):
    data = pickle.dumps(value, protocol)
    assert used(read(data)) == used(pickle.loads(data))  # NumPy turns bytes to the machine's order


PYTHON_2 = (  # pickle.dumps({"w": numpy.array([1.0, -2.5])}, 0), of Python 2.7 and NumPy 1.16
    b"(dp0\nS'w'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\nS'b'\np5\ntp6\nRp7\n"
    b"(I1\n(I2\ntp8\ncnumpy\ndtype\np9\n(S'f8'\np10\nI0\nI1\ntp11\nRp12\n(I3\nS'<'\np13\nNNNI-1\nI-1\nI0\ntp14\nb"
    b"I00\nS'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?\\x00\\x00\\x00\\x00\\x00\\x00\\x04\\xc0'\np15\ntp16\nbs."
)


def test_pickles_of_python_2_are_read():
    np.testing.assert_array_equal(read(PYTHON_2)["w"], [1.0, -2.5])


def test_arrays_have_bytes_of_their_own():
    kind = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8I00\nI01\ntR"
    shared = b"C\x08" + bytes(8) + b"q\x00"
    array = b"cnumpy.core.numeric\n_frombuffer\n(%s" + kind + b"K\x01\x85X\x01\x00\x00\x00CtR"
    first, second = read(
        b"\x80\x04("
        + array % shared
        + array % b"h\x00"
        + b"\x8c"
        + bytes([99])
        + b" " * 99
        + b"0t."
    )
    first[0] = 1
    assert second[0] == 0


def array_pickle(shape=(2,), state=(3, "<", None, None, None, -1, -1, 0), raw=bytes(16), name="f8"):
    """The pickle of an array whose parts are as given, true or not."""

    def plain(value):
        return pickle.dumps(value, 2)[2:-1]

    bare = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + plain((0,)) + b"U\x01btR"
    kind = b"cnumpy\ndtype\n" + plain((name, False, True)) + b"R" + plain(state) + b"b"
    content = b"B" + struct.pack("<I", len(raw)) + raw
    return b"\x80\x04" + bare + b"(K\x01" + plain(shape) + kind + b"\x89" + content + b"tb."


def test_the_pickle_of_an_array_is_one():
    np.testing.assert_array_equal(read(array_pickle()), [0, 0])


FIELDS = (3, "|", None, ("f0",), {"f0": ("O", 2**40)}, 8, 1, 63)
SUBARRAY = (3, "|", ("f8", (2**40,)), None, None, -1, -1, 0)
HOSTILE = {  # what the file does: (its bytes, what the sentence says)
    "fields far outside": (array_pickle(state=FIELDS, name="V8"), "a dtype is no plain one"),
    "fields of a plain dtype": (array_pickle(state=FIELDS), "a dtype has fields or a state"),
    "a subarray": (array_pickle(state=SUBARRAY), "a dtype has fields or a state"),
    "another size": (array_pickle(state=(3, "<", *[None] * 3, 10**9, 1, 0)), "claims 1000000000"),
    "a long state": (array_pickle(state=(4, "<", *[None] * 3, -1, -1, 0, 1)), "or a state"),
    "an unknown order": (array_pickle(state=(3, "<>", *[None] * 3, -1, -1, 0)), "or a state"),
    "a huge text": (array_pickle(name="U9999999"), "a dtype is no plain one"),
    "an empty text": (array_pickle(name="S0", shape=(2**50,), raw=b""), "a dtype is no plain one"),
    "a time": (array_pickle(name="M8[s]"), "a dtype is no plain one"),
    "objects as bytes": (array_pickle(name="O8"), "another number of them than its shape"),
    "a huge shape": (array_pickle(shape=(2**40,)), r"an array of 8796093022208 bytes has 16"),
    "a shape over all": (array_pickle(shape=(2**62, 2**62)), "larger than any memory"),
    "an empty one over all": (array_pickle(shape=(2**62, 0, 2**62), raw=b""), "larger than any"),
    "a negative shape": (array_pickle(shape=(-2,)), "a shape that none can have"),
    "negative twice": (array_pickle(shape=(-1, -2)), "a shape that none can have"),
    "a shape of numbers": (array_pickle(shape=(2.0,)), "a shape that none can have"),
    "too many axes": (array_pickle(shape=(1,) * 40), "an array has no shape"),
    "too few bytes": (array_pickle(raw=bytes(15)), "an array of 16 bytes has 15"),
    "too many bytes": (array_pickle(raw=bytes(17)), "an array of 16 bytes has 17"),
    "truth of 2": (array_pickle(name="b1", raw=b"\x02\x00"), "holds another number"),
    "no character": (array_pickle(name="U1", raw=b"\xff" * 8), "a number that is no character"),
    "a list in itself": (b"]q\x00h\x00a.", "lie within each other"),
    "a dictionary in itself": (b"}q\x00K\x01h\x00s.", "lie within each other"),
    "a deep list": (b"]" * 9999 + b"a" * 9998 + b".", "lie within each other"),
    "a deep key": (b"})" + b"\x85" * 10**6 + b"Ns.", "a key of a dictionary"),
    "a list as a key": (b"}]Ns.", "a key of a dictionary is no text"),
    "a far memo": (b"Nr\xff\xff\xff\xff0j\xfe\xff\xff\xff.", "something that it does not have"),
    "a long text to come": (b"\x8d" + b"\xff" * 7 + b"\x7f.", "it breaks off"),
    "a negative count": (b"T\xff\xff\xff\xff.", "it breaks off"),
    "a persistent id": (b"Pmodule.name\n.", "objects outside itself"),
    "an object": (b"(ios\nsystem\n.", "asks for os.system"),
    "a new object": (b"cnumpy\nndarray\n)\x81.", "instruction b'\\\\x81'"),
    "an extension": (b"\x82\x01.", "instruction b'\\\\x82'"),
    "a called array": (array_pickle()[:-1] + b"(tR.", "calls something that is no name"),
    "a called class": (b"cnumpy\nndarray\n(K\x01K\x01tR.", "an array is of an unknown type"),
    "a state for a list": (b"]}b.", "sets the state of something that is no array"),
    "a second state": (array_pickle()[:-1] + b"Nb.", "sets the state of something"),
    "a dtype alone": (b"cnumpy\ndtype\n(U\x02f8tR.", "holds a type, and no array"),
    "a name alone": (b"cnumpy\nndarray\n.", "holds a type, and no array"),
    "a newer protocol": (b"\x80\x06N.", "it is of protocol 6"),
    "a name that steers": (b"c\x1b[2J\n\xe2\x80\xae\n.", r"asks for \\x1b\[2J\."),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_one_sentence(what):
    data, sentence = HOSTILE[what]
    with pytest.raises(UserError, match=sentence) as caught:
        read(data)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("maker", ["an array", "bytes", "a dictionary"])
def test_a_file_makes_no_more_than_it_holds(maker):
    """One long text, of which many arrays, bytes, or dictionaries are made in a few bytes each."""
    text = b"X" + struct.pack("<I", 10**5) + b"a" * 10**5 + b"q\x00"
    kind = b"cnumpy\ndtype\n(U\x02u1tRq\x01"
    once = {
        "an array": b"cnumpy.core.multiarray\nscalar\n(h\x01h\x00tR",
        "bytes": b"c_codecs\nencode\n(h\x00X\x06\x00\x00\x00latin1tR",
        "a dictionary": b"ccollections\nOrderedDict\n(h\x02tR",
    }[maker]
    if maker == "an array":
        kind = b"cnumpy\ndtype\n(U\x07S100000tRq\x01"
    pairs = b"(" + b"K\x01K\x02\x86" * 30_000 + b"lq\x02"
    with pytest.raises(UserError, match="more bytes than the file"):
        read(b"(" + text + kind + pairs + once * 500 + b"t.")


def names_of(module):
    """``(module, name)`` of everything in a module, under the names it had in Python 2 too."""
    spelled = {"builtins": ["builtins", "__builtin__"]}.get(module.__name__, [module.__name__])
    return [(each, name) for each in spelled for name in dir(module)]


MODULES = [builtins, operator, os, subprocess, collections, codecs, pickle, struct, np, np.char]
MODULES += [np._core.multiarray, np._core.numeric, np.lib.format, sys]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_no_name_but_those_of_arrays_is_known(module):
    """Also not ``getattr``, which reaches everything from anything."""
    assert len(names_of(module)) > 5
    for spelled, name in [*names_of(module), (module.__name__, "getattr")]:
        if name in KNOWN:
            continue
        for asked in (
            f"c{spelled}\n{name}\n.".encode(),
            b"\x80\x04" + pickle.dumps(spelled, 4)[11:-1] + pickle.dumps(name, 4)[11:-1] + b"\x93.",
        ):
            with pytest.raises(UserError, match="the pickle asks for "):
                read(asked)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_files_are_refused_or_read_right(count):
    """In a child, because the worst that a file can do is to end the process that uses what was read."""
    command = [sys.executable, str(MUTATED), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    refused, read, checked = map(int, done.stdout.split())
    assert refused + read == count
    assert read > count / 100
    assert checked > read / 2
