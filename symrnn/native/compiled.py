"""One native program: nodes lowered for inputs of some pattern of shapes, compiled, and called."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, partial
from sys import getrefcount
from weakref import WeakValueDictionary

import numpy as np
from pytensor.graph.basic import Apply, Variable

from symrnn.native import guarded
from symrnn.native.builder import Builder, Parts
from symrnn.native.emit_llvm import llvm_text
from symrnn.native.looked_up import with_tables_multiplied
from symrnn.native.lowering import lower
from symrnn.native.module import LoadedModule
from symrnn.native.packing import with_panels
from symrnn.native.plan import ALIGNMENT, Lifetime, lifetimes, offsets
from symrnn.native.program import Routine, Statement, buffers
from symrnn.native.python_ops import Callback, PythonCall
from symrnn.native.shapes import Shape, Shapes, dtype_of
from symrnn.native.sizes import evaluated, product, with_numbers
from symrnn.native.window import Buffer, whole

MOST_MEMORIES = 16  # sets of extents whose memory a program keeps
MOST_POOLED = 4  # arrays of an output that wait to be used again


@dataclass(frozen=True)
class Lowered:
    """A program before it is machine code: all that a call needs besides.

    Attributes
    ----------
    text
        The module as LLVM text.
    inputs
        The number of arrays that a call is given.
    outputs
        The shape and the dtype of each array that a call returns.
    lives
        When each temporary buffer lives.
    constants
        Arrays that are part of the program.
    errors
        What the driver's results above zero stand for.
    extents
        The names of the extents that are parameters.
    callbacks
        Nodes for which Python is called back.
    routine
        What `text` was written from; not kept for other processes.
    """

    text: str
    inputs: int
    outputs: tuple[tuple[Shape, str], ...]
    lives: tuple[Lifetime, ...]
    constants: tuple[np.ndarray, ...]
    errors: tuple[Exception, ...]
    extents: tuple[str, ...]
    callbacks: tuple[PythonCall, ...] = ()
    routine: Routine | None = None


def lowered_program(
    nodes: Sequence[Apply],
    inputs: Sequence[Variable],
    outputs: Sequence[Variable],
    shapes: Shapes,
    extents: Sequence[str] = (),
) -> Lowered:
    """Lower nodes whose shapes are known."""
    parts = Parts()
    builder = Builder(nodes, outputs, shapes, parts)
    sources = []
    for i, var in enumerate(inputs):
        buffer = Buffer(dtype_of(var), product(shapes.of(var)), "input", i)
        builder.bind(var, whole(buffer, shapes.of(var)))
        sources.append(buffer)
    targets = []
    for i, var in enumerate(outputs):
        place = whole(Buffer(dtype_of(var), product(shapes.of(var)), "output", i), shapes.of(var))
        targets.append(place)
        # An input that is an output as well is copied there in the end.
        if var not in builder.values:
            builder.want(var, partial(lambda place: place, place))
    lower(nodes, builder)
    builder.close_all()
    for var, place in zip(outputs, targets, strict=True):
        builder.settle(var, place)
    body = with_panels(with_tables_multiplied(builder.body, parts.name))
    lives = lifetimes(body)
    arrays = [*sources, *(window.buffer for window in targets)]
    temporaries = [life.buffer for life in lives]
    constants = _constants(body, len(parts.constants))
    routine = Routine(body, temporaries, arrays, constants, tuple(extents))
    return Lowered(
        llvm_text(routine),
        len(sources),
        tuple((tuple(shapes.of(var)), dtype_of(var)) for var in outputs),
        tuple(lives),
        tuple(parts.constants),
        tuple(parts.errors),
        tuple(extents),
        tuple(parts.callbacks),
        routine,
    )


def _constants(body: list[Statement], count: int) -> list[Buffer]:
    """The buffers of a program's constants by their numbers."""
    found = {b.index: b for b in buffers(body) if b.kind == "constant"}
    # One that nothing mentions keeps its place, since the table counts them.
    return [found.get(i) or Buffer("int8", 0, "constant", i) for i in range(count)]


class NativeProgram:
    """A lowered program as machine code."""

    def __init__(self, lowered: Lowered):
        self.lowered = lowered
        self.module = LoadedModule(lowered.text)
        self.is_settled = True  # callers may keep where its code lies
        count = lowered.inputs + len(lowered.outputs)
        self.pack = struct.Struct(f"{count}P").pack_into
        # One table for all calls, so that machine code may hold its address.
        self.arrays = bytearray(8 * max(1, count))
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.arrays))
        self.memories: dict[tuple[int, ...], Memory] = {}
        self.shared = Shared()
        # A callback runs Python, and so perhaps another thread, while the program has its memory in use.
        self.lock = threading.Lock()

    def __call__(
        self, arrays: Sequence[np.ndarray], extents: tuple[int, ...] = ()
    ) -> list[np.ndarray]:
        """The outputs; `arrays` are of the shapes compiled for, aligned and in row-major order."""
        with self.lock:
            memory = self.memory(extents)
            outputs = [pool.take() for pool in memory.pools]
            # The arrays as objects: the driver reads where their elements are, at a fixed place in each.
            self.pack(self.arrays, 0, *map(id, arrays), *map(id, outputs))
            guard = memory.guard
            kept = guard.before(arrays, outputs) if guard is not None else []
            status = self.module.run(self.address, *memory.addresses)
            if guard is not None:
                guard.after(arrays, outputs, kept)
            if status < 0:
                # Before the next call, which the same callback may fail, too.
                raise memory.callbacks[-1 - status].taken_error()
        if status > 0:
            raise self._error(status - 1, extents)
        return outputs

    def _error(self, number: int, extents: tuple[int, ...]) -> Exception:
        """A new one each time: one that is raised holds the frames that it came through."""
        error = copy(self.lowered.errors[number])
        values = dict(zip(self.lowered.extents, extents, strict=True))
        error.args = with_numbers(error, values)
        return error

    @cached_property
    def kernels(self) -> int:
        """Loops over elements in the text; equal ones are one."""
        return self.lowered.text.count("define internal")

    @property
    def arena_bytes(self) -> int:
        """What temporaries take, of the largest call so far."""
        return max((memory.arena_bytes for memory in self.memories.values()), default=0)

    def memory(self, extents: tuple[int, ...]) -> Memory:
        """Memory for a call with these extents, under `lock`; that of the calls longest ago is let go."""
        if (known := self.memories.pop(extents, None)) is not None:
            self.memories[extents] = known  # the last one from now on
            return known
        if len(self.memories) >= MOST_MEMORIES:
            del self.memories[next(iter(self.memories))]
        named = dict(zip(self.lowered.extents, extents, strict=True))
        memory = self.memories[extents] = Memory(self.lowered, named, self.shared)
        return memory


class Shared:
    """What the memories of a program's extents have in common: no two calls of a program run at once."""

    def __init__(self) -> None:
        self.arena = np.empty(0, np.uint8)
        # as long as a memory has them: lengths come and go
        self.pools: WeakValueDictionary[tuple, Pool] = WeakValueDictionary()

    def room(self, size: int) -> np.ndarray:
        """At least so many bytes; fresh ones would be asked of the system page by page, for each new length."""
        # Memories that were made before keep the smaller one, and it lives as long as they do.
        if len(self.arena) < size:
            self.arena = np.empty(size, np.uint8)
        return self.arena

    def pool(self, output: int, shape: tuple[int, ...], dtype: str) -> Pool:
        """Arrays for an output of that shape."""
        pool = self.pools.get((output, shape))
        if pool is None:
            pool = self.pools[output, shape] = Pool(shape, dtype)
        return pool


class Memory:
    """Where a program's buffers lie for calls with the same extents.

    Attributes
    ----------
    addresses
        Of the table of temporaries and constants, and of the extents, as the driver is given them.
    pools
        Arrays for the outputs.
    callbacks
        Nodes for which Python is called back, as functions on the arrays that lie here.
    arena_bytes
        What all temporaries take together.
    guard
        What watches them, or None.
    """

    def __init__(self, lowered: Lowered, extents: dict[str, int], shared: Shared):
        is_guarded = guarded.is_on()
        plan = guarded.apart if is_guarded else offsets
        places, self.arena_bytes = plan(lowered.lives, extents)
        size = self.arena_bytes + ALIGNMENT
        self._arena = np.empty(size, np.uint8) if is_guarded else shared.room(size)
        # Addresses keep nothing alive: `_arena` does, and `lowered`, which the program has, keeps the constants.
        base = -(-self._arena.ctypes.data // ALIGNMENT) * ALIGNMENT
        addresses = [base + place for place in places] + [c.ctypes.data for c in lowered.constants]
        self.callbacks = [Callback(call, extents) for call in lowered.callbacks]
        addresses += [callback.address for callback in self.callbacks]
        self._table = np.array(addresses or [0], np.uint64)
        self._extents = np.array([*extents.values()] or [0], np.int64)
        self.addresses = self._table.ctypes.data, self._extents.ctypes.data
        self.pools = []
        for i, (shape, dtype) in enumerate(lowered.outputs):
            known = tuple(evaluated(n, extents) for n in shape)
            self.pools.append(
                Pool(known, dtype, guarded.padded) if is_guarded else shared.pool(i, known, dtype)
            )
        self.guard = None
        if is_guarded:
            start = base - self._arena.ctypes.data
            arena = self._arena[start : start + self.arena_bytes]
            self.guard = guarded.Guard(lowered.lives, extents, places, arena, lowered.constants)


class Pool:
    """Arrays of one shape for an output, used again once nobody else holds them."""

    def __init__(self, shape: tuple[int, ...], dtype: str, make: Callable = np.empty):
        self.shape, self.dtype, self.make = shape, dtype, make
        self.arrays: list[np.ndarray] = []

    def take(self) -> np.ndarray:
        for array in self.arrays:
            # A view of it counts too, as it holds what it is a view of.
            if getrefcount(array) == HELD_BY_POOL:
                return array
        array = self.make(self.shape, self.dtype)
        if len(self.arrays) < MOST_POOLED:
            self.arrays.append(array)
        return array


def _references_of_a_pooled_array() -> int:
    """What `getrefcount` tells inside `Pool.take` of an array that nothing but the pool holds."""
    arrays = [np.empty(0)]
    for array in arrays:
        return getrefcount(array)
    raise AssertionError


HELD_BY_POOL = _references_of_a_pooled_array()
