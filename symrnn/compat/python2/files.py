"""``open``, ``csv``, ``pickle``, ``json`` where text was bytes: a character a byte, in any mode of a file."""

import builtins
import contextlib
import csv
import gzip
import io
import json
import pickle

STR_METHODS = ("split", "rsplit", "strip", "lstrip", "rstrip", "startswith", "endswith", "find", "rfind", "index",
               "count", "replace", "join", "partition", "rpartition", "splitlines", "lower", "upper", "isdigit",
               "isalpha", "isspace", "title", "zfill", "format", "encode")  # fmt: skip


class Bytes(bytes):
    """What a binary file gives: bytes that are compared, cut and searched as text."""

    # Text of one byte a character has the hash of its bytes in CPython, so these find it in a dictionary.
    __hash__ = bytes.__hash__

    def __eq__(self, other):
        return str(self) == other if isinstance(other, str) else bytes.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    def __str__(self):
        return bytes.decode(self, "latin-1")

    def __contains__(self, part):
        return part in str(self) if isinstance(part, str) else bytes.__contains__(self, part)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Bytes(bytes.__getitem__(self, index))
        return chr(bytes.__getitem__(self, index))

    def __iter__(self):
        return iter(str(self))

    def __add__(self, other):
        return str(self) + other if isinstance(other, str) else Bytes(bytes.__add__(self, other))

    def __radd__(self, other):
        return Bytes(other + bytes(self)) if isinstance(other, bytes) else other + str(self)

    def __mod__(self, arguments):
        return str(self) % arguments


def _as_text(name):
    def method(self, *args):
        if any(
            type(one) is bytes for arg in args for one in (arg if type(arg) is tuple else [arg])
        ):
            return getattr(bytes, name)(self, *args)
        return getattr(str(self), name)(*args)

    method.__name__ = name
    return method


for _name in STR_METHODS:
    setattr(Bytes, _name, _as_text(_name))


def as_old(x):
    """Bytes, also those in a tuple or a list, as `Bytes`; anything else as it is."""
    if type(x) is bytes:
        return Bytes(x)
    return type(x)(map(as_old, x)) if type(x) in (tuple, list) else x


class Reader(io.BufferedReader):
    """A binary file whose bytes are `Bytes`."""

    def read(self, *size):
        return Bytes(super().read(*size))

    def readline(self, *size):
        return Bytes(super().readline(*size))

    def readlines(self, *hint):
        return [Bytes(line) for line in super().readlines(*hint)]

    def __next__(self):
        return Bytes(super().__next__())

    next = __next__


class Writer(io.BufferedWriter):
    """A binary file that takes text, too."""

    def write(self, data):
        return super().write(data.encode("latin-1") if isinstance(data, str) else data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)


class Text(io.TextIOWrapper):
    """A file of text, a character a byte, whose lines end in a newline alone."""

    def write(self, text):
        return super().write(text.decode("latin-1") if isinstance(text, bytes) else text)

    def next(self):
        return self.__next__()

    def xreadlines(self):
        return self


def old_open(name, mode="r", buffering=-1, *args, **kwargs):
    """``open`` and ``file``."""
    if args or kwargs or isinstance(name, int):  # of io.open
        return builtins.open(name, mode, buffering, *args, **kwargs)
    universal, mode = "U" in mode, mode.replace("U", "") or "r"
    plain = mode.replace("b", "").replace("t", "")
    raw = builtins.open(  # noqa: SIM115  (the caller closes it)
        name, (plain if plain[:1] in "rwax" and plain else "r" + plain) + "b", 0
    )
    if "+" in plain:
        binary = io.BufferedRandom(raw)
    else:
        binary = Reader(raw) if plain.startswith("r") else Writer(raw)
    if "b" in mode:
        return binary
    return Text(binary, encoding="latin-1", newline=None if universal else "\n")


def gzip_open(filename, mode="rb", *args):
    """``gzip.open``: what is read is `Bytes`, and text may be written."""
    wrap = Reader if "r" in mode else Writer
    return wrap(gzip.GzipFile(filename, mode.replace("b", "").replace("U", "") + "b", *args))


def binary_of(file):
    """The binary file below one of text."""
    if isinstance(file, io.TextIOBase) and hasattr(file, "buffer"):
        # What was written as text comes before what is written below it.
        file.flush() if file.writable() else None
        return file.buffer
    return file


def load(file):
    """``pickle.load``, of what Python 2 wrote too, from a file opened in any mode."""
    return pickle.load(in_bytes(file), encoding="latin1")


def loads(data):
    """``pickle.loads``."""
    return pickle.loads(
        data.encode("latin-1") if isinstance(data, str) else data, encoding="latin1"
    )


def dump(obj, file, protocol=0):
    """``pickle.dump``, to a file opened in any mode."""
    binary = binary_of(file)
    if isinstance(binary, io.StringIO):
        binary.write(dumps(obj, protocol))
    else:
        pickle.dump(obj, binary, protocol)


class Unpickler(pickle.Unpickler):
    """``pickle.Unpickler``, of a file opened in any mode, or of text in memory."""

    def __init__(self, file):
        super().__init__(in_bytes(file), encoding="latin1")


class Pickler(pickle.Pickler):
    """``pickle.Pickler``, to a file opened in any mode."""

    def __init__(self, file, protocol=0):
        super().__init__(binary_of(file), protocol)


def in_bytes(file):
    """A file of bytes with what `file` has."""
    if isinstance(file, io.StringIO):
        return io.BytesIO(file.read().encode("latin-1"))
    return binary_of(file)


def dumps(obj, protocol=0):
    """``pickle.dumps``, as text."""
    return pickle.dumps(obj, protocol).decode("latin-1")


def reader(lines, *args, **options):
    """``csv.reader``, of binary files too."""
    lines = (line.decode("latin-1") if isinstance(line, bytes) else line for line in lines)
    return csv.reader(lines, *args, **options)


def writer(file, *args, **options):
    """``csv.writer``, to binary files too."""
    return csv.writer(file, *args, **options)


class DictReader(csv.DictReader):
    """``csv.DictReader``, of binary files too."""

    def __init__(self, f, *args, **kwargs):
        super().__init__(
            (line.decode("latin-1") if isinstance(line, bytes) else line for line in f),
            *args,
            **kwargs,
        )


def json_load(file, **options):
    """``json.load``: text in a file is UTF-8."""
    binary = binary_of(file)
    return json_loads(binary.read() if binary is file else bytes(binary.read()), **options)


def json_loads(data, encoding="utf-8", **options):
    """``json.loads``: bytes that stand for characters are decoded."""
    if isinstance(data, str):
        with contextlib.suppress(UnicodeError):  # it was text already
            data = data.encode("latin-1").decode(encoding or "utf-8")
    return json.loads(data, **options)


PICKLE = {
    "load": load,
    "loads": loads,
    "dump": dump,
    "dumps": dumps,
    "Unpickler": Unpickler,
    "Pickler": Pickler,
}
CSV = {"reader": reader, "writer": writer, "DictReader": DictReader}
GZIP = {"open": gzip_open}
JSON = {"load": json_load, "loads": json_loads}
