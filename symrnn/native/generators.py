"""Random generators as native code has them: the words of their state, in an array.

NumPy's default bit generator is known, PCG64. Its state is copied as bytes, in a microsecond, into generators that
nobody holds any more; where PyTensor draws from a copy, it seeds a new generator each time.
"""

from __future__ import annotations

import ctypes
from copy import deepcopy
from functools import cache
from sys import byteorder, getrefcount
from typing import Any, cast

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from pytensor.graph.basic import Apply
from pytensor.tensor.random.op import RandomVariable

MOST_POOLED = 4  # generators that wait to be used again
STATE_WORDS = 6  # four of numbers, half a number that waits to be drawn, and whose seed it has
BUFFERED_AT, OWNER_AT = 4, 5
NUMBERS_BYTES = 8 * BUFFERED_AT
# Of NumPy's structure of a bit generator, in its order, by the names that programs call them
FUNCTIONS = tuple(f"symrnn_pcg64_{name}" for name in ("uint64", "uint32", "double", "raw"))


class OtherBitGenerator(Exception):
    """A generator draws its bits otherwise than NumPy's default one."""


def state_of(rng: Generator, owner: int = -1, *, is_told: bool = False) -> np.ndarray:
    """The state of a generator as an array of words, which is not to be written.

    `owner` says whose seed it has, by a number of the caller's; unless `is_told`, a generator that stands for a state
    on its way through Python says so itself.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> generator_of(state_of(rng)).normal() == rng.normal()
    True
    """
    # Exactly these: what inherits from them may draw otherwise.
    if type(rng) is not Generator or type(rng.bit_generator) is not PCG64:
        raise OtherBitGenerator
    seed = seed_of(rng)
    if not is_told and getattr(seed, "spawn_key", ()) == OWNED:
        owner = cast(int, seed.entropy) - 1
    numbers, buffered = places(rng)
    words = ctypes.string_at(numbers, NUMBERS_BYTES) + ctypes.string_at(buffered, 8)
    return np.frombuffer(words + owner.to_bytes(8, byteorder, signed=True), np.int64)


def seed_of(rng: Generator) -> SeedSequence:
    """What a generator was seeded by."""
    return cast(SeedSequence, rng.bit_generator.seed_seq)


# The seed of a generator that stands for a state on its way through Python
OWNED = (0x5EED, 0x0F, 0x0E15E)


def generator_of(state: np.ndarray, seed: SeedSequence | None = None) -> Generator:
    """A generator with that state and seed; without a seed, one that tells `state_of` whose it has."""
    if seed is None:
        # One more: entropy is never negative, and -1 stands for nobody.
        seed = SeedSequence(int(state[OWNER_AT]) + 1, spawn_key=OWNED)
    rng = Generator(PCG64(seed))
    take_on(rng, state)
    return rng


def take_on(rng: Generator, state: np.ndarray) -> None:
    """Let a generator go on from a state."""
    numbers, buffered = places(rng)
    words = state.tobytes()
    ctypes.memmove(numbers, words, NUMBERS_BYTES)
    ctypes.memmove(buffered, words[NUMBERS_BYTES:], 8)


def places(rng: Generator) -> tuple[int, int]:
    """Where a generator has its numbers, and where what is buffered: addresses."""
    own = rng.bit_generator.ctypes.state_address
    return ctypes.c_uint64.from_address(own).value, own + 8  # a pointer to them stands first


@cache
def function_addresses() -> dict[str, int]:
    """Where NumPy's functions of PCG64 are."""
    structure = ctypes.cast(PCG64(0).ctypes.bit_generator, ctypes.c_void_p).value
    assert structure is not None
    words = (ctypes.c_uint64 * 5).from_address(structure)
    return dict(zip(FUNCTIONS, words[1:], strict=True))


def drawn_in_place(node: Apply) -> Apply | None:
    """A random draw as one that takes its generator on, instead of a copy; None for other nodes."""
    op = node.op
    if not isinstance(op, RandomVariable) or op.inplace:
        return None
    in_place = type(op)(**cast(Any, op)._props_dict() | {"inplace": True})
    return Apply(in_place, node.inputs, [out.clone() for out in node.outputs])


class Generators:
    """Makes generators, again and again the same few, where nobody holds them any more.

    Examples
    --------
    >>> original = np.random.default_rng(5)
    >>> copy = Generators().copy(original)
    >>> float(copy.normal()) == float(original.normal())
    True
    """

    def __init__(self) -> None:
        self.pool: list[Generator] = []

    def copy(self, rng: Generator) -> Generator:
        """A generator that draws, and spawns, what this one would."""
        try:
            return self.with_state(state_of(rng), seed_of(rng))
        except OtherBitGenerator:
            return deepcopy(rng)

    def with_state(self, state: np.ndarray, seed: SeedSequence) -> Generator:
        """A generator with this state that spawns what `seed` would."""
        rng = self._free(seed)
        if rng is None:
            # A seed counts the children that were spawned of it.
            rng = generator_of(state, deepcopy(seed))
            self.pool = [*self.pool, rng][-MOST_POOLED:]
        else:
            take_on(rng, state)
        return rng

    def _free(self, seed: SeedSequence) -> Generator | None:
        """A generator that nobody else holds and that spawns the same children."""
        for rng in self.pool:
            if getrefcount(rng) == HELD_BY_POOL and spawn_alike(seed_of(rng), seed):
                return rng
        return None


def spawn_alike(one: SeedSequence, other: SeedSequence) -> bool:
    """Whether two seeds have the same children from now on: equal for copies until one has spawned some."""
    if not (isinstance(one, SeedSequence) and isinstance(other, SeedSequence)):
        return one is other
    return (
        one.n_children_spawned == other.n_children_spawned
        and one.pool_size == other.pool_size
        and one.spawn_key == other.spawn_key
        # By its text: entropy may be numbers in a list or an array, which ``==`` compares one by one.
        and (one.entropy is other.entropy or repr(one.entropy) == repr(other.entropy))
    )


def _references_of_a_pooled_generator() -> int:
    """What `getrefcount` tells within `Generators._free` of a generator that only its pool holds."""
    for rng in [np.random.default_rng(0)]:
        return getrefcount(rng)
    raise AssertionError


HELD_BY_POOL = _references_of_a_pooled_generator()
