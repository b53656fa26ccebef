"""One native program: nodes lowered for inputs of known shapes, compiled, and called."""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Sequence
from sys import getrefcount

import numpy as np
from pytensor.graph.basic import Apply, Variable

from symrnn.native.builder import Builder
from symrnn.native.builder import Program as Shared
from symrnn.native.emit_llvm import llvm_text
from symrnn.native.lowering import lower
from symrnn.native.module import MachineCode
from symrnn.native.plan import ALIGNMENT, Lifetime, lifetimes, offsets
from symrnn.native.program import buffers
from symrnn.native.shapes import Shapes, dtype_of
from symrnn.native.sizes import evaluated, product
from symrnn.native.window import Buffer, whole

MOST_MEMORIES = 16  # sets of extents whose memory a program keeps


class NativeProgram:
    """Nodes lowered for inputs of known shapes.

    Attributes
    ----------
    inputs, outputs
        The variables that a call is given and returns.
    extents
        The names of the extents that are parameters.
    text
        The module as LLVM text.
    """

    def __init__(self, nodes: Sequence[Apply], inputs: Sequence[Variable], outputs: Sequence[Variable], shapes: Shapes,
                 extents: Sequence[str] = ()):  # fmt: skip
        self.inputs, self.outputs = list(inputs), list(outputs)
        shared = Shared()
        builder = Builder(nodes, outputs, shapes, shared)
        sources = []
        for i, var in enumerate(self.inputs):
            buffer = Buffer(dtype_of(var), product(shapes.of(var)), "input", i)
            builder.bind(var, whole(buffer, shapes.of(var)))
            sources.append(buffer)
        targets = []
        for i, var in enumerate(self.outputs):
            buffer = Buffer(dtype_of(var), product(shapes.of(var)), "output", i)
            place = whole(buffer, shapes.of(var))
            targets.append(place)
            if var not in builder.values:
                builder.want(var, lambda place=place: place)
        lower(nodes, builder)
        builder.close_all()
        for var, place in zip(self.outputs, targets, strict=True):
            builder.settle(var, place)
        self.body, self.errors = builder.body, shared.errors
        self.lives = lifetimes(self.body)
        self.constants = shared.constants
        found = {b.index: b for b in buffers(self.body) if b.kind == "constant"}
        constants = [
            found.get(i) or Buffer("int8", 0, "constant", i) for i in range(len(self.constants))
        ]
        arrays = [*sources, *(w.buffer for w in targets)]
        self.extents = list(extents)
        self.text = llvm_text(
            self.body, [life.buffer for life in self.lives], arrays, constants, self.extents
        )
        self.code = MachineCode(self.text)
        self.shapes = [tuple(shapes.of(var)) for var in self.outputs]
        self.pack = struct.Struct(f"{len(arrays)}P").pack_into
        self.arrays = bytearray(8 * max(1, len(arrays)))
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.arrays))
        self.memories: dict[tuple[int, ...], Memory] = {}
        self.lock = threading.Lock()

    def __call__(
        self, arrays: Sequence[np.ndarray], extents: tuple[int, ...] = ()
    ) -> list[np.ndarray]:
        """The outputs; `arrays` are of the shapes compiled for, aligned and in row-major order."""
        with self.lock:
            memory = self.memories.get(extents)
            if memory is None:
                memory = self._memory(extents)
            outputs = [pool.take() for pool in memory.pools]
            self.pack(self.arrays, 0, *map(id, arrays), *map(id, outputs))
            status = self.code.run(self.address, *memory.addresses)
        if status:
            raise self.errors[status - 1]
        return outputs

    @property
    def kernels(self) -> int:
        """Loops over elements in the text; equal ones are one."""
        return self.text.count("define internal")

    @property
    def arena_bytes(self) -> int:
        """What temporaries take, of the largest call so far."""
        return max((memory.arena_bytes for memory in self.memories.values()), default=0)

    def _memory(self, extents: tuple[int, ...]) -> Memory:
        """Memory for a call with these extents; that of the calls longest ago is let go."""
        if len(self.memories) >= MOST_MEMORIES:
            del self.memories[next(iter(self.memories))]
        values = dict(zip(self.extents, extents, strict=True))
        shapes = [tuple(evaluated(n, values) for n in shape) for shape in self.shapes]
        pools = [
            Pool(shape, dtype_of(var)) for shape, var in zip(shapes, self.outputs, strict=True)
        ]
        memory = Memory(self.lives, self.constants, pools, values)
        self.memories[extents] = memory
        return memory


class Memory:
    """Where a program's buffers lie for calls with the same extents.

    Attributes
    ----------
    table
        The addresses of temporaries and constants, as the driver reads them.
    arena_bytes
        What all temporaries take together.
    """

    def __init__(
        self,
        lives: list[Lifetime],
        constants: list[np.ndarray],
        pools: list[Pool],
        values: dict[str, int],
    ):
        places, self.arena_bytes = offsets(lives, values)
        self.arena = np.empty(self.arena_bytes + ALIGNMENT, np.uint8)
        base = -(-self.arena.ctypes.data // ALIGNMENT) * ALIGNMENT
        addresses = [base + place for place in places] + [c.ctypes.data for c in constants]
        self.table = np.array(addresses or [0], np.uint64)
        self.extents = np.array([*values.values()] or [0], np.int64)
        self.addresses = self.table.ctypes.data, self.extents.ctypes.data
        self.pools = pools


class Pool:
    """Arrays of one shape for an output, used again once nobody else holds them."""

    def __init__(self, shape: tuple[int, ...], dtype: str):
        self.shape, self.dtype = shape, dtype
        self.arrays: list[np.ndarray] = []

    def take(self) -> np.ndarray:
        for array in self.arrays:
            if getrefcount(array) == 3:  # the list, the loop's variable, the argument
                return array
        array = np.empty(self.shape, self.dtype)
        if len(self.arrays) < 4:
            self.arrays.append(array)
        return array
