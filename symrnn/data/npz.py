"""NumPy's npz files, read as data: plain arrays, whose headers are matched and whose bytes are counted first.

``np.load`` evaluates a header as a Python literal and makes the array that it asks for before a byte was read.
"""

import os
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from symrnn.data.pickled_arrays import PLAIN, Refused, check_elements, size_of

HEADER = re.compile(
    rb"\{\s*'descr':\s*'(?P<descr>[^'\\]{1,20})',\s*'fortran_order':\s*(?P<order>True|False),"
    rb"\s*'shape':\s*\((?P<shape>[\d,L ]{0,999})\),?\s*\}\s*"
)
DESCR = re.compile(r"([<>=|]?)(\w+)")
LENGTHS = {1: 2, 2: 4, 3: 4}  # bytes of the length of a header, by the version of the format
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MOST_EXPANDED = 100  # times its size that a file may hold, or at least
LEAST_BYTES = 64 * 2**20
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError),
    *(struct.error, LookupError, OverflowError, OSError),  # zip's tables may point anywhere
)


class Pickled(Refused):
    """An array of objects, which NumPy would unpickle."""


def arrays_in_npz(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of the npz file at `path` by name.

    Raises
    ------
    Refused
        When it is none, is damaged, or holds anything else than plain arrays; `Pickled` when it holds a pickle.
    OSError
        When it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/w.npz", w=np.arange(3))
    ...     arrays_in_npz(f"{folder}/w.npz")
    {'w': array([0, 1, 2])}
    """
    with open(path, "rb") as file:
        try:
            return arrays_in(file)
        # Itself a ValueError, which below stands for damage.
        except Refused:
            raise
        except BROKEN as error:
            raise Refused("it is no npz file, or damaged") from error
        except MemoryError as error:
            raise Refused("it holds more than there is memory") from error


def arrays_in(file: BinaryIO) -> dict[str, np.ndarray]:
    """The arrays of an open file by name."""
    # By the archive's own table, before a byte is unpacked: a bomb unpacks to a thousand times its size.
    most = max(LEAST_BYTES, MOST_EXPANDED * os.fstat(file.fileno()).st_size)
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if sum(part.file_size for part in parts) > most:
            raise Refused("it holds far more than its size")
        if any(part.compress_type not in PACKED for part in parts):
            raise Refused("it is packed in a way that NumPy does not pack")
        return {part.filename.removesuffix(".npy"): array_in(archive.read(part)) for part in parts}


def array_in(data: bytes) -> np.ndarray:
    """The array in the bytes of an npy file."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12 or data[6] not in LENGTHS:
        raise Refused("a part of it is no array")
    begin = 8 + LENGTHS[data[6]]
    end = begin + int.from_bytes(data[8:begin], "little")
    found = HEADER.fullmatch(data[begin:end])
    if not found:
        raise Refused("an array has a header that no plain one has")
    item = plain_dtype(found["descr"].decode("latin1"))
    shape = tuple(int(axis.strip(b" L")) for axis in found["shape"].split(b",") if axis.strip())
    # A copy that can be written to: an array over the file's own bytes could not be.
    raw = bytearray(memoryview(data)[end:])
    if len(raw) != size_of(shape, item):
        raise Refused(f"an array of {size_of(shape, item)} bytes has {len(raw)}")
    check_elements(raw, item)
    return np.ndarray(shape, item, raw, order="F" if found["order"] == b"True" else "C")


def plain_dtype(descr: str) -> np.dtype:
    """The dtype of a header, such as ``<f8``."""
    found = DESCR.fullmatch(descr)
    order, name = found.groups() if found else ("", "")
    if not PLAIN.fullmatch(name):
        raise Refused("an array has a dtype that is no plain one")
    if name[0] == "O":
        raise Pickled("it holds a pickle")
    # Only now, with all but plain names refused: NumPy's dtypes are a language of their own.
    return np.dtype(order + name)
