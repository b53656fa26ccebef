"""Random generators as native code has them: the words of their state, in an array.

NumPy's default bit generator is known, PCG64. Its state is copied as bytes, in a microsecond, into generators that
nobody holds any more; where PyTensor draws from a copy, it seeds a new generator each time.
"""

from __future__ import annotations

import ctypes
from copy import deepcopy
from functools import cache
from sys import getrefcount
from typing import Any, cast

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from pytensor.graph.basic import Apply
from pytensor.tensor.random.op import RandomVariable

MOST_POOLED = 4  # generators that wait to be used again
STATE_WORDS = 6  # four of numbers, half a number that waits to be drawn, and whose seed it has
BUFFERED_AT, OWNER_AT = 4, 5
# Of NumPy's structure of a bit generator, in its order, by the names that programs call them
FUNCTIONS = tuple(f"symrnn_pcg64_{name}" for name in ("uint64", "uint32", "double", "raw"))


class OtherBitGenerator(Exception):
    """A generator draws its bits otherwise than NumPy's default one."""


def state_of(rng: Generator, owner: int = -1) -> np.ndarray:
    """The state of a generator as an array of words; `owner` says whose seed it has, by a number of the caller's.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> generator_of(state_of(rng)).normal() == rng.normal()
    True
    """
    if type(rng) is not Generator or type(rng.bit_generator) is not PCG64:
        raise OtherBitGenerator
    state = np.empty(STATE_WORDS, np.int64)
    for at, there, size in places(rng, state):
        ctypes.memmove(there, at, size)
    seed = seed_of(rng)
    is_owned = getattr(seed, "spawn_key", ()) == OWNED
    state[OWNER_AT] = cast(int, seed.entropy) - 1 if is_owned else owner
    return state


def seed_of(rng: Generator) -> SeedSequence:
    """What a generator was seeded by."""
    return cast(SeedSequence, rng.bit_generator.seed_seq)


# The seed of a generator that stands for a state on its way through Python
OWNED = (0x5EED, 0x0F, 0x0E15E)


def generator_of(state: np.ndarray, seed: SeedSequence | None = None) -> Generator:
    """A generator with that state and seed; without a seed, one that tells `state_of` whose it has."""
    if seed is None:
        seed = SeedSequence(int(state[OWNER_AT]) + 1, spawn_key=OWNED)
    rng = Generator(PCG64(seed))
    take_on(rng, state)
    return rng


def take_on(rng: Generator, state: np.ndarray) -> None:
    """Let a generator go on from a state."""
    for at, there, size in places(rng, state):
        ctypes.memmove(at, there, size)


def places(rng: Generator, state: np.ndarray) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Where a state lies in a generator, where in the array, and its bytes: the numbers, then what is buffered."""
    own, words = rng.bit_generator.ctypes.state_address, state.ctypes.data
    numbers = ctypes.c_uint64.from_address(
        own
    ).value  # to which a pointer stands before what is buffered
    return (numbers, words, 8 * BUFFERED_AT), (own + 8, words + 8 * BUFFERED_AT, 8)


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
        self.pooled: list[Generator] = []

    def copy(self, rng: Generator) -> Generator:
        """A generator that draws, and spawns, what this one would."""
        try:
            return self.at(state_of(rng), seed_of(rng))
        except OtherBitGenerator:
            return deepcopy(rng)

    def at(self, state: np.ndarray, seed: SeedSequence) -> Generator:
        """A generator with this state that spawns what `seed` would."""
        rng = self._free(children_of(seed))
        if rng is None:
            rng = generator_of(state, deepcopy(seed))
            self.pooled = [*self.pooled, rng][-MOST_POOLED:]
        else:
            take_on(rng, state)
        return rng

    def _free(self, children: tuple) -> Generator | None:
        """A generator that nobody else holds and that spawns the same children."""
        for rng in self.pooled:
            if getrefcount(rng) == HELD_BY_POOL and children_of(seed_of(rng)) == children:
                return rng
        return None


def children_of(seed: SeedSequence) -> tuple:
    """What decides the children of a seed, as values: equal for copies until one has spawned some."""
    if not isinstance(seed, SeedSequence):
        return (id(seed),)
    return repr(seed.entropy), seed.spawn_key, seed.pool_size, seed.n_children_spawned


def _references_of_a_pooled_generator() -> int:
    """What `getrefcount` tells within `Generators._free` of a generator that only its pool holds."""
    for rng in [np.random.default_rng(0)]:
        return getrefcount(rng)
    raise AssertionError


HELD_BY_POOL = _references_of_a_pooled_generator()
