"""Memory that is watched, to find native code that writes where it should not, or reads what nothing was written to.

With ``SYMRNN_NATIVE_GUARD=1``, or inside `turned_on`, no two temporaries share memory and each lies between guard
bytes; outputs do too. Before a call both are filled with NaN, or with bytes that are no good number; after it, guard
bytes, inputs and constants must be what they were.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from symrnn.native.plan import ALIGNMENT, Lifetime
from symrnn.native.sizes import evaluated

BYTE = 0xCB
_is_on = os.environ.get("SYMRNN_NATIVE_GUARD", "0") == "1"


def is_on() -> bool:
    """Whether memory that is made now is watched."""
    return _is_on


@contextmanager
def turned_on() -> Iterator[None]:
    """Watch the memory of programs that are called for the first time inside."""
    global _is_on
    before, _is_on = _is_on, True
    try:
        yield
    finally:
        _is_on = before


class GuardError(AssertionError):
    """Native code wrote to memory that isn't its own: an error of the compiler."""


def apart(lives: Sequence[Lifetime], extents: dict[str, int]) -> tuple[list[int], int]:
    """As `symrnn.native.plan.offsets`, but every buffer for itself, guard bytes before and after it."""
    places, end = [], ALIGNMENT
    for life in lives:
        places.append(end)
        end += -(-_bytes(life, extents) // ALIGNMENT) * ALIGNMENT + ALIGNMENT
    return places, end


def _bytes(life: Lifetime, extents: dict[str, int]) -> int:
    return evaluated(life.buffer.size, extents) * np.dtype(life.buffer.dtype).itemsize


def padded(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array between guard bytes, which are the ends of its base."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    base = np.full(size + 2 * ALIGNMENT, BYTE, np.uint8)
    return base[ALIGNMENT : ALIGNMENT + size].view(dtype).reshape(shape)


def poison(array: np.ndarray) -> None:
    """Fill an array with what no computation should read."""
    if array.dtype.kind == "f":
        array[...] = np.nan
    else:
        array.reshape(-1).view(np.uint8)[...] = BYTE  # of rank 0, too


class Guard:
    """What is watched about a program's memory for calls with the same extents."""

    def __init__(
        self,
        lives: Sequence[Lifetime],
        extents: dict[str, int],
        places: Sequence[int],
        arena: np.ndarray,
        constants: Sequence[np.ndarray],
    ):
        self.arena, self.constants = arena, constants
        self.names, self.temporaries = [], []
        # All that is no temporary, gaps of alignment too.
        self.is_guard = np.ones(arena.size, bool)
        for life, place in zip(lives, places, strict=True):
            inside = slice(place, place + _bytes(life, extents))
            self.names.append((place, f"a temporary of type {life.buffer.dtype}"))
            self.temporaries.append(arena[inside].view(life.buffer.dtype))
            self.is_guard[inside] = False

    def before(self, arrays: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> list[bytes]:
        """Poison what the program has to write; what it must not write, to be compared."""
        self.arena[...] = BYTE
        for array in (*self.temporaries, *outputs):
            poison(array)
        return [array.tobytes() for array in (*arrays, *self.constants)]

    def after(
        self, arrays: Sequence[np.ndarray], outputs: Sequence[np.ndarray], kept: list[bytes]
    ) -> None:
        """Raise `GuardError` where something was written that should not be."""
        wrong = np.flatnonzero(self.is_guard & (self.arena != BYTE))
        if wrong.size:
            place, name = min(self.names, key=lambda pair: abs(pair[0] - wrong[0]))
            raise GuardError(
                f"native code wrote beside {name}, {wrong[0] - place} bytes from its begin"
            )
        for i, array in enumerate(outputs):
            assert array.base is not None
            ends = array.base[:ALIGNMENT], array.base[ALIGNMENT + array.nbytes :]
            if any((end != BYTE).any() for end in ends):
                raise GuardError(f"native code wrote beside output {i}, of shape {array.shape}")
        for i, (array, bytes_) in enumerate(zip((*arrays, *self.constants), kept, strict=True)):
            if array.tobytes() != bytes_:
                what = f"input {i}" if i < len(arrays) else f"constant {i - len(arrays)}"
                raise GuardError(f"native code changed {what}, of shape {array.shape}")
