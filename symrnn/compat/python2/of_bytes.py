"""Modules of the library whose functions took text, which was bytes, and gave it: digests, packing, codings, archives.

What they give is `files.Bytes`, which is compared, cut and searched as text.
"""

import base64
import binascii
import bz2
import codecs
import functools
import gzip
import hashlib
import re
import struct
import tarfile
import zipfile
import zlib

from symrnn.compat.numpy_calls import as_bytes
from symrnn.compat.python2 import files
from symrnn.compat.python2.files import Bytes, Reader, Writer, as_old


def of_bytes(function):
    """A function of bytes that takes text, too.

    Examples
    --------
    >>> of_bytes(zlib.decompress)(of_bytes(zlib.compress)("text")) == "text"
    True
    """

    @functools.wraps(function)
    def called(*args, **kwargs):
        kwargs = {name: as_bytes(value) for name, value in kwargs.items()}
        return as_old(function(*map(as_bytes, args), **kwargs))

    return called


def functions_of(module):
    """The functions of a module, each of bytes that takes text."""
    found = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return {
        name: of_bytes(value)
        for name, value in found.items()
        if callable(value) and not isinstance(value, type)
    }


class Digest:
    """What ``hashlib.md5`` and its kin make."""

    def __init__(self, made):
        self.made = made

    def update(self, data):
        self.made.update(as_bytes(data))

    def digest(self):
        return Bytes(self.made.digest())

    def copy(self):
        return Digest(self.made.copy())

    def __getattr__(self, name):
        return getattr(self.made, name)


def digest(name):
    """``hashlib.name``, of text or bytes."""
    return lambda data=b"": Digest(hashlib.new(name, as_bytes(data)))


DIGESTS = {name: digest(name) for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")}
HASHLIB = DIGESTS | {"new": lambda name, data=b"": Digest(hashlib.new(name, as_bytes(data)))}
BASE64 = functions_of(base64) | {
    "encodestring": of_bytes(base64.encodebytes),
    "decodestring": of_bytes(base64.decodebytes),
}


def gzip_file(filename=None, mode="rb", compresslevel=9, fileobj=None):
    """``gzip.GzipFile``."""
    wrap = Reader if "r" in (mode or "rb") else Writer
    return wrap(gzip.GzipFile(filename, mode, compresslevel, files.binary_of(fileobj)))


def bz2_file(filename, mode="r", *buffering):
    """``bz2.BZ2File``."""
    wrap = Reader if "r" in mode else Writer
    return wrap(bz2.BZ2File(filename, mode.replace("U", "")))


class ZipFile(zipfile.ZipFile):
    """``zipfile.ZipFile``: members are read as `Bytes`."""

    def read(self, name, pwd=None):
        return Bytes(super().read(name, as_bytes(pwd)))

    def open(self, name, mode="r", pwd=None, **options):
        found = super().open(name, mode.replace("U", ""), as_bytes(pwd), **options)
        return Reader(found) if mode.startswith("r") else found


class TarFile(tarfile.TarFile):
    """``tarfile.TarFile``: members are read as `Bytes`."""

    def extractfile(self, member):
        found = super().extractfile(member)
        return found if found is None else Reader(found)


def codecs_open(filename, mode="r", encoding=None, *args, **kwargs):
    """``codecs.open``: without an encoding, a file of bytes."""
    if encoding is None:
        return files.old_open(filename, mode)
    return codecs.open(filename, mode, encoding, *args, **kwargs)


class Pattern:
    """What ``re.compile`` makes; it searches bytes, too."""

    def __init__(self, real):
        self.real = real

    def __getattr__(self, name):
        if name == "real":
            raise AttributeError(name)
        found = getattr(self.real, name)
        return in_text(found) if callable(found) else found


def in_text(function):
    """A function of `re` that takes `Bytes` for text, and a `Pattern` for what it stands for."""

    def plain(x):
        return x.real if isinstance(x, Pattern) else str(x) if isinstance(x, Bytes) else x

    @functools.wraps(function)
    def called(*args, **kwargs):
        return function(*map(plain, args), **{name: plain(x) for name, x in kwargs.items()})

    return called


SEARCHES = ("sub", "subn", "match", "search", "findall", "finditer", "split", "escape")
RE = {name: in_text(getattr(re, name)) for name in SEARCHES}
RE["compile"] = lambda pattern, flags=0: Pattern(in_text(re.compile)(pattern, flags))

MODULES = {
    "hashlib": HASHLIB,
    "md5": {"new": DIGESTS["md5"], "md5": DIGESTS["md5"]},
    "sha": {"new": DIGESTS["sha1"], "sha": DIGESTS["sha1"]},
    "base64": BASE64,
    "binascii": functions_of(binascii),
    "struct": functions_of(struct),
    "zlib": functions_of(zlib),
    "bz2": {"BZ2File": bz2_file} | {name: of_bytes(getattr(bz2, name)) for name in ("compress", "decompress")},
    "zipfile": {"ZipFile": ZipFile},
    "tarfile": {"TarFile": TarFile, "open": TarFile.open},
    "codecs": {"open": codecs_open},
    "re": RE,
}  # fmt: skip
