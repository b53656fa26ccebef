"""What pickles of NumPy arrays name, and what it stands for here: no dtype is built from a state of the file's.

A dtype is made from its plain name alone (``f8``, ``S5``); its state may add the order of the bytes, and must agree
with the name in all else. An array is made when its bytes have been counted.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

PLAIN = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|O8?|[SU][1-9]\d{0,5}")
MOST_AXES = 32
LARGEST = 2**60  # bytes of an array, its empty axes counted as 1
LAST_CHARACTER = 0x10FFFF
DICT_ENTRY = 8  # bytes that a pair of values takes in a pickle, at least


class Refused(ValueError):
    """What a pickle holds that is no data; the message says it in words that follow "it is refused, since"."""


@dataclass(frozen=True, eq=False)
class Maker:
    """What a name stands for: a function of the machine and of the arguments."""

    make: Callable


@dataclass(eq=False)
class Kind:
    """A dtype that is being read."""

    dtype: np.dtype

    def set(self, state: Any) -> None:
        """Take the order of the bytes from a state; refuse one that says anything else than the name did."""
        # Version, order of the bytes, subdtype, names and fields (which plain dtypes have none of), size, alignment,
        # flags.
        match state:
            case (int(), order, None, None, None, int(size), int(), int()) if as_text(
                order
            ) in tuple("<>=|"):
                pass
            case _:
                raise Refused("a dtype has fields or a state that plain ones do not have")
        # NumPy writes -1 where the name says the size.
        if size not in (-1, self.dtype.itemsize):
            raise Refused(f"a dtype of {self.dtype.itemsize} bytes claims {size}")
        self.dtype = self.dtype.newbyteorder(as_text(order))  # type: ignore[arg-type]


def as_text(value: Any) -> str:
    """A text that Python 2 may have written as bytes; anything else is refused."""
    value = value.decode("latin1") if type(value) is bytes else value
    if type(value) is not str or not value:
        raise Refused("a text is missing")
    return value


def as_bytes(machine: Any, value: Any) -> bytes | bytearray:
    """A copy of bytes, that Python 2 may have written as a text, for one array alone."""
    if type(value) is str:
        value = value.encode("latin1")
    if type(value) not in (bytes, bytearray):
        raise Refused("an array has no bytes")
    machine.spend(len(value))
    return bytearray(value)


def dtype(machine: Any, args: tuple) -> Any:
    """``dtype("f8", False, True)``."""
    match args:
        case (str() | bytes() as name, *rest) if len(rest) < 3 and PLAIN.fullmatch(as_text(name)):
            return Kind(np.dtype("O" if as_text(name)[0] == "O" else as_text(name)))
    raise Refused("a dtype is no plain one, such as f8")


def size_of(shape: Any, item: np.dtype) -> int:
    """The bytes of an array; a shape that no array has is refused."""
    if type(shape) is not tuple or len(shape) > MOST_AXES:
        raise Refused("an array has no shape")
    if not all(type(axis) is int and axis >= 0 for axis in shape):
        raise Refused("an array has a shape that none can have")
    if math.prod(max(axis, 1) for axis in shape) * item.itemsize > LARGEST:
        raise Refused("an array is larger than any memory")
    return math.prod(shape) * item.itemsize


def content(machine: Any, item: np.dtype, shape: Any, raw: Any) -> Any:
    """The elements as bytes of their own, or as the list that arrays of objects have."""
    size = size_of(shape, item)
    if item.kind == "O":
        if type(raw) is not list or len(raw) * item.itemsize != size:
            raise Refused("an array of objects has another number of them than its shape says")
        return list(raw)
    raw = as_bytes(machine, raw)
    if len(raw) != size:
        raise Refused(f"an array of {size} bytes has {len(raw)}")
    check_elements(raw, item)
    return raw


def check_elements(raw: bytes | bytearray, item: np.dtype) -> None:
    """Refuse bytes that are no truth value or no character: NumPy takes them on trust."""
    if item.kind == "b" and np.frombuffer(raw, "u1").max(initial=0) > 1:
        raise Refused("an array of truth values holds another number")
    codes = (
        np.frombuffer(raw, np.dtype("u4").newbyteorder(item.byteorder))
        if item.kind == "U"
        else None
    )
    if codes is not None and codes.max(initial=0) > LAST_CHARACTER:
        raise Refused("an array of texts holds a number that is no character")


def reconstruct(machine: Any, args: tuple | None) -> Any:
    """``_reconstruct(ndarray, (0,), b"b")``: an array whose state follows."""
    match args:
        case (Maker() as subtype, (0,), _) if subtype is NDARRAY:
            array = np.zeros(0, "i1")
            # Held, so that no other object is given its id meanwhile.
            machine.unset[id(array)] = array
            return array
    raise Refused("an array is of an unknown type")


def set_array(machine: Any, array: Any, state: Any) -> None:
    """The state of an array, ``(1, shape, dtype, is_fortran, bytes)``."""
    match state:
        case (int(), shape, Kind(dtype=item), bool() | int() as is_fortran, raw):
            elements = content(machine, item, shape, raw)
            # NumPy's `__setstate__` takes bytes alone.
            elements = bytes(elements) if type(elements) is bytearray else elements
            array.__setstate__((1, shape, item, bool(is_fortran), elements))
        case _:
            raise Refused("an array has a state that none can have")


def from_buffer(machine: Any, args: tuple) -> Any:
    """``_frombuffer(bytes, dtype, shape, "C")``, of protocol 5; ``"K"`` has the order of its axes as well."""
    match args:
        case (raw, Kind(dtype=item), shape, "C" | "F" as order) if item.kind != "O":
            return filled(machine, item, shape, raw, order)
        case (raw, Kind(dtype=item), shape, "C" | "F" as order, None) if item.kind != "O":
            return filled(machine, item, shape, raw, order)
        case (raw, Kind(dtype=item), shape, "K", tuple(axes)) if item.kind != "O":
            array = filled(machine, item, shape, raw, "C")
            if not all(type(axis) is int for axis in axes) or sorted(axes) != [*range(array.ndim)]:
                raise Refused("an array has other axes than its shape")
            return array.transpose(axes)
    raise Refused("an array has arguments that none can have")


def filled(machine: Any, item: np.dtype, shape: Any, raw: Any, order: Any) -> np.ndarray:
    """An array over bytes of its own."""
    return np.ndarray(shape, item, content(machine, item, shape, raw), order=order)


def scalar(machine: Any, args: tuple) -> Any:
    """``scalar(dtype, bytes)``: one number, or text, of NumPy's."""
    match args:
        case (Kind(dtype=item), raw) if item.kind != "O":
            return filled(machine, item, (), raw, "C")[()]
    raise Refused("a number has arguments that none can have")


def encoded(machine: Any, args: tuple) -> Any:
    """``encode(text, "latin1")``: bytes, as Python 3 writes them for Python 2."""
    match args:
        case (str() as text, "latin1" | "latin-1"):
            machine.spend(len(text))
            return text.encode("latin1")
    raise Refused("bytes are written in an unknown way")


def no_bytes(machine: Any, args: tuple) -> Any:
    """``bytes()``: none, as Python 3 writes them for Python 2."""
    if args:
        raise Refused("bytes are written in an unknown way")
    return b""


def complex_number(machine: Any, args: tuple) -> Any:
    """``complex(1.0, 2.0)``."""
    match args:
        case (float() as real, float() as imaginary):
            return complex(real, imaginary)
    raise Refused("a complex number has other parts than two numbers")


def ordered(machine: Any, args: tuple) -> Any:
    """``OrderedDict()``, of Python 2 with its pairs."""
    match args:
        case ():
            return OrderedDict()
        case (list(pairs),) if all(
            type(pair) in (list, tuple) and len(pair) == 2 for pair in pairs
        ):
            machine.spend(DICT_ENTRY * len(pairs))
            return fill(OrderedDict(), [each for pair in pairs for each in pair])
    raise Refused("a dictionary is made of something else than pairs")


def fill(dictionary: dict, items: list) -> dict:
    """A dictionary with the keys and values that follow each other in `items`."""
    if len(items) % 2:
        raise Refused("a dictionary has a key without a value")
    for key, value in zip(items[::2], items[1::2]):
        parts = key if type(key) is tuple else (key,)
        if not all(isinstance(part, KEYS) or part is None for part in parts):
            raise Refused("a key of a dictionary is no text and no number")
        dictionary[key] = value
    return dictionary


KEYS = (str, bytes, int, float, complex, np.generic)
NDARRAY = Maker(lambda machine, args: reconstruct(machine, None))  # named, never called
RECONSTRUCT, SCALAR, FROM_BUFFER = Maker(reconstruct), Maker(scalar), Maker(from_buffer)
NAMES = {
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): Maker(dtype),
    **{(f"numpy.{core}.multiarray", "_reconstruct"): RECONSTRUCT for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): SCALAR for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): FROM_BUFFER for core in ("core", "_core")},
    ("collections", "OrderedDict"): Maker(ordered),
    ("_codecs", "encode"): Maker(encoded),
    **{(module, "bytes"): Maker(no_bytes) for module in ("__builtin__", "builtins")},
    **{(module, "complex"): Maker(complex_number) for module in ("__builtin__", "builtins")},
}
