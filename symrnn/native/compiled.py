"""One native program: nodes lowered for inputs of some pattern of shapes, compiled, and called."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property, partial
from sys import getrefcount
from weakref import WeakValueDictionary, getweakrefcount

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
        # A table for each call: another one may come before this one runs.
        self.pack = struct.Struct(f"{count}P" if count else "8x").pack
        self.workspaces = [Workspace(lowered)]
        # Else calls run one after another whatever they share: machine code holds Python's lock.
        self.runs_python = bool(lowered.callbacks) or guarded.is_on()

    def __call__(
        self, arrays: Sequence[np.ndarray], extents: tuple[int, ...] = ()
    ) -> list[np.ndarray]:
        """The outputs; `arrays` are of the shapes compiled for, aligned and in row-major order."""
        workspace = self._free_workspace() if self.runs_python else self.workspaces[0]
        try:
            memory = workspace.memory(extents)
            outputs = [pool.take() for pool in memory.pools]
            # The arrays as objects: the driver reads where their elements are, at a fixed place in each.
            table = self.pack(*map(id, arrays), *map(id, outputs))
            guard = memory.guard
            kept = guard.before(arrays, outputs) if guard is not None else []
            status = self.module.run(table, *memory.addresses)
            if guard is not None:
                guard.after(arrays, outputs, kept)
            if status < 0:
                raise memory.callbacks[-1 - status].taken_error()
        finally:
            if self.runs_python:
                workspace.in_use.release()
        if status > 0:
            raise self._error(status - 1, extents)
        return outputs

    def _free_workspace(self) -> Workspace:
        """One that no other call uses until this one releases it.

        Other calls come while a callback runs Python: of other threads, and of this one, as a finalizer may call what
        it likes. None waits for another, so none waits forever.
        """
        for workspace in self.workspaces:
            if workspace.in_use.acquire(blocking=False):
                return workspace
        workspace = Workspace(self.lowered)
        workspace.in_use.acquire()
        self.workspaces.append(workspace)
        return workspace

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
    def memories(self) -> dict[tuple[int, ...], Memory]:
        """Memory by extents, of calls that come one after another."""
        return self.workspaces[0].memories

    @property
    def arena_bytes(self) -> int:
        """What temporaries take, of the largest call so far."""
        return max((memory.arena_bytes for memory in self.memories.values()), default=0)


class Workspace:
    """What calls of a program share that don't overlap: memory for some sets of extents, in one arena."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.in_use = threading.Lock()  # is tried, and never waited for
        self.memories: dict[tuple[int, ...], Memory] = {}
        self.arena = np.empty(0, np.uint8)
        # as long as a memory has them: lengths come and go
        self.pools: WeakValueDictionary[tuple, Pool] = WeakValueDictionary()

    def memory(self, extents: tuple[int, ...]) -> Memory:
        """Memory for a call with these extents; that of the calls longest ago is let go."""
        # Another thread may do the same meanwhile: nothing here counts on what was found a line before.
        memory = self.memories.pop(extents, None)
        if memory is None:
            if len(self.memories) >= MOST_MEMORIES:
                self.memories.pop(next(iter(list(self.memories)), ()), None)
            named = dict(zip(self.lowered.extents, extents, strict=True))
            memory = Memory(self.lowered, named, self)
        self.memories[extents] = memory  # the last one from now on
        return memory

    def room(self, size: int) -> np.ndarray:
        """At least so many bytes; fresh ones would be asked of the system page by page, for each new length."""
        # Memories that were made before keep the smaller one, and it lives as long as they do.
        arena = self.arena
        if len(arena) < size:
            arena = self.arena = np.empty(size, np.uint8)
        return arena

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

    def __init__(self, lowered: Lowered, extents: dict[str, int], workspace: Workspace):
        is_guarded = guarded.is_on()
        plan = guarded.apart if is_guarded else offsets
        places, self.arena_bytes = plan(lowered.lives, extents)
        size = self.arena_bytes + ALIGNMENT
        self._arena = np.empty(size, np.uint8) if is_guarded else workspace.room(size)
        # Addresses keep nothing alive: `_arena` does, and `lowered`, which the program has, keeps the constants.
        base = -(-self._arena.ctypes.data // ALIGNMENT) * ALIGNMENT
        addresses = [base + place for place in places] + [c.ctypes.data for c in lowered.constants]
        self.callbacks = [Callback(call, extents, self._arena) for call in lowered.callbacks]
        addresses += [callback.address for callback in self.callbacks]
        self._table = np.array(addresses or [0], np.uint64)
        # As 64 bits: a number beyond int64 is one still where it decides what a shape is.
        self._extents = np.array([n % 2**64 for n in extents.values()] or [0], np.uint64)
        self.addresses = self._table.ctypes.data, self._extents.ctypes.data
        self.pools = []
        for i, (shape, dtype) in enumerate(lowered.outputs):
            known = tuple(evaluated(n, extents) for n in shape)
            self.pools.append(
                Pool(known, dtype, guarded.padded)
                if is_guarded
                else workspace.pool(i, known, dtype)
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
            if getrefcount(array) == HELD_BY_POOL and self._is_as_made(array):
                return array
        array = self.make(self.shape, self.dtype)
        if len(self.arrays) < MOST_POOLED:
            self.arrays.append(array)
        return array

    def _is_as_made(self, array: np.ndarray) -> bool:
        """Whether whoever had the array left it as it was, and cannot come back to it by a weak reference."""
        if array.shape != self.shape or array.dtype != self.dtype or getweakrefcount(array):
            return False
        flags = array.flags
        if not flags.writeable:
            flags.writeable = True
        return bool(flags.carray)


def _references_of_a_pooled_array() -> int:
    """What `getrefcount` tells inside `Pool.take` of an array that nothing but the pool holds."""
    arrays = [np.empty(0)]
    for array in arrays:
        return getrefcount(array)
    raise AssertionError


HELD_BY_POOL = _references_of_a_pooled_array()
