"""Copies of random generators in a microsecond: where PyTensor draws from a copy, it makes a new generator each time.

The state of NumPy's default bit generator is copied as bytes, into a generator that nobody holds any more.
"""

from __future__ import annotations

import ctypes
from copy import deepcopy
from sys import getrefcount

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from pytensor.graph.basic import Apply
from pytensor.tensor.random.op import RandomVariable

MOST_POOLED = 4  # generators that wait to be used again
NUMBERS, BUFFERED = 32, 8  # bytes: the state proper, and half a number that waits to be drawn


def drawn_in_place(node: Apply) -> Apply | None:
    """A random draw as one that takes its generator on, instead of a copy; None for other nodes."""
    op = node.op
    if not isinstance(op, RandomVariable) or op.inplace:
        return None
    in_place = type(op)(**op._props_dict() | {"inplace": True})
    return Apply(in_place, node.inputs, [out.clone() for out in node.outputs])


class GeneratorCopies:
    """Makes copies that draw, and spawn, what the original would.

    Examples
    --------
    >>> original = np.random.default_rng(5)
    >>> copy = GeneratorCopies()(original)
    >>> float(copy.normal()) == float(original.normal())
    True
    """

    def __init__(self) -> None:
        self.pooled: list[Generator] = []

    def __call__(self, rng: Generator) -> Generator:
        if type(rng) is not Generator or type(rng.bit_generator) is not PCG64:
            return deepcopy(rng)
        copy = self._free(seed_of(rng))
        if copy is None:
            copy = Generator(PCG64(deepcopy(rng.bit_generator.seed_seq)))
            self.pooled = [*self.pooled, copy][-MOST_POOLED:]
        for own, other, size in zip(places(copy), places(rng), (NUMBERS, BUFFERED), strict=True):
            ctypes.memmove(own, other, size)
        return copy

    def _free(self, seed: tuple) -> Generator | None:
        """A generator that nobody else holds and that spawns the same children."""
        for copy in self.pooled:
            if getrefcount(copy) == HELD_BY_POOL and seed_of(copy) == seed:
                return copy
        return None


def seed_of(rng: Generator) -> tuple:
    """What decides the children of a generator, as values: equal for copies until one has spawned some."""
    seed = rng.bit_generator.seed_seq
    if not isinstance(seed, SeedSequence):
        return (id(seed),)
    return repr(seed.entropy), seed.spawn_key, seed.pool_size, seed.n_children_spawned


def places(rng: Generator) -> tuple[int, int]:
    """Where the state lies: a pointer to its numbers, and behind the pointer what is buffered."""
    place = rng.bit_generator.ctypes.state_address
    return ctypes.c_uint64.from_address(place).value, place + 8


def _references_of_a_pooled_generator() -> int:
    """What `getrefcount` tells within `GeneratorCopies._free` of a generator that only its pool holds."""
    for copy in [np.random.default_rng(0)]:
        return getrefcount(copy)
    raise AssertionError


HELD_BY_POOL = _references_of_a_pooled_generator()
