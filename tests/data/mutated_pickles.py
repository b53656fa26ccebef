"""A program: mutates pickles of arrays, reads them, uses what was read. Its death by a signal is what a test looks for.

``python mutated_pickles.py COUNT [SEED]`` prints how many files were refused, read and checked against Python's own
unpickler, which is run in one more process each, since it may not survive the file.
"""

import os
import pickle
import random
import sys
import tempfile
import warnings
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np

from symrnn.data.pickles import read_pickle
from symrnn.errors import UserError

RNG = np.random.default_rng(0)
VALUES = [
    {"param values": [RNG.normal(size=(3, 4)), RNG.normal(size=5).astype("f4"), np.float32(0.1)]},
    OrderedDict(labels=np.arange(4), text=np.array(["a", "béta"]), mask=np.array([True, False])),
    [b"bytes", "text", 1, -(2**70), 0.5, 1j, None, True, (np.ones((2, 3)).T, np.zeros((0, 2)))],
    {b"data": np.arange(12, dtype="u1").reshape(3, 4), b"names": [b"one.png", b"two.png"]},
    [np.arange(3, dtype=">i4"), np.array([np.ones(2), None, "x"], dtype=object), np.array([b"ab"])],
]
PICKLES = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(6)]
ALLOWED = {"numpy", "numpy._core.multiarray", "numpy._core.numeric", "numpy.core.multiarray"}
ALLOWED |= {"numpy.core.numeric", "collections", "_codecs", "__builtin__", "builtins"}
NAMES = {
    "ndarray",
    "dtype",
    "_reconstruct",
    "scalar",
    "_frombuffer",
    "OrderedDict",
    "encode",
    "bytes",
    "complex",
}
SPLICED = [  # what hostile files are made of: far offsets, huge counts, marks, builds, names
    *(bytes([each]) * count for each in (0x00, 0x7F, 0x80, 0xFF) for count in (1, 4)),
    *(b"b", b"R", b"(", b"t", b"0", b"2", b"]", b"}", b"u", b"e", b"\x94", b"h\x05", b"r\xff\xff\xff\xff"),
    *(b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"cbuiltins\neval\n", b"X\xff\xff\xff\x7f", b"O8", b"V8", b"M8[s]"),
    *(b"|", b">", b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", b"J\xff\xff\xff\x80", b"Bn\x00\x00\x00"),
]  # fmt: skip


def mutated(data, rng):
    """`data` with one to four changes: bytes flipped, cut, doubled, moved, spliced in."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        i, j = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
        j = min(j, i + 40)
        match rng.randrange(6):
            case 0 | 1:
                data[i : i + 1] = bytes([rng.randrange(256)])
            case 2:
                del data[i:j]
            case 3:
                data[i:i] = data[i:j]
            case 4:
                data[i:i] = rng.choice(SPLICED)
            case 5:
                piece = rng.choice(PICKLES)
                k = rng.randrange(len(piece))
                data[i:j] = piece[k : k + j - i]
    return bytes(data)


def used(value):
    """Everything in `value` as plain data, each array read in several ways."""
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return value.shape, [used(each) for each in value.ravel().tolist()]
        np.sort(value, axis=None), repr(value), value.T.tobytes(), pickle.dumps(value)
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, dict):
        return [(used(key), used(each)) for key, each in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [used(each) for each in value]
    if isinstance(value, np.generic):
        return value.dtype.str, value.tobytes()
    return type(value).__name__, repr(value)


class Unpickler(pickle.Unpickler):
    """Python's own, with the same names."""

    def find_class(self, module, name):
        if module not in ALLOWED or name not in NAMES:
            raise pickle.UnpicklingError(name)
        return super().find_class(module, name)


def own_result(path):
    """What Python's own unpickler makes of the file, used; None where it fails or dies."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # how it fails is not ours
        try:
            with open(path, "rb") as file, os.fdopen(writing, "wb") as out:
                pickle.dump(used(Unpickler(file, encoding="latin1").load()), out)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        data = answer.read()
    os.waitpid(child, 0)
    try:
        return pickle.loads(data)
    except (EOFError, pickle.UnpicklingError):
        return None


def main(count, seed=0):
    """Mutate, read and use `count` files."""
    warnings.simplefilter("ignore")
    rng, told = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "values.pkl")
        for number in range(count):
            path.write_bytes(data := mutated(rng.choice(PICKLES), rng))
            try:
                ours = used(read_pickle(path))
            except UserError as error:
                told["refused" if str(error).isprintable() else "unprintable"] += 1
                continue
            told["read"] += 1
            theirs = own_result(path)
            told["checked"] += theirs is not None
            if theirs is not None and ours != theirs:
                sys.exit(f"file {number}: {data!r}\nours   {ours!r}\ntheirs {theirs!r}")
    print(told["refused"], told["read"], told["checked"])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
