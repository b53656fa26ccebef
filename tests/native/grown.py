"""What grows in a random graph: variables whose shape is known.

A *grown* variable knows its shape in this call, and how many bits its numbers take at most as exact binary fractions;
None where they are rounded. What jumps (a comparison, a rounding, the place of a maximum) reads exact numbers only, so
that two ways to compute the same graph differ by rounding errors and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

FLOATS = ("float32", "float64")
WHOLE = ("bool", "int8", "int64")
EXTENTS = (0, 1, 1, 2, 3, 5)
MOST_BITS = {"float32": 20, "float64": 45}


class Skip(Exception):
    """Nothing grown so far serves."""


@dataclass
class Grown:
    """A variable, its shape, and the bits that its numbers take at most."""

    var: Variable
    shape: tuple[int, ...]
    bits: int | None

    @property
    def dtype(self) -> str:
        return self.var.type.dtype

    @property
    def is_float(self) -> bool:
        return self.dtype in FLOATS

    @property
    def is_exact(self) -> bool:
        return not self.is_float or (self.bits is not None and self.bits <= MOST_BITS[self.dtype])


@dataclass
class Graph:
    """What has grown so far; `choose` draws a number below its argument.

    Attributes
    ----------
    has_idle_scan
        Whether a Scan of no steps grew, whose gradient PyTensor's Scan can't compute: a trace of no steps has no
        extents there.
    """

    choose: Callable[[int], int]
    grown: list[Grown] = field(default_factory=list)
    inputs: list[Variable] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    has_idle_scan: bool = False

    def one(self, options):
        options = list(options)
        if not options:
            raise Skip
        return options[self.choose(len(options))]

    def some(self, test: Callable[[Grown], bool] = lambda g: True) -> Grown:
        return self.one(g for g in reversed(self.grown) if test(g))

    def array(self, dtype: str, shape) -> np.ndarray:
        """Numbers of five bits."""
        numbers = np.array(
            [self.choose(32) - 16 for _ in range(int(np.prod(shape)))], "int64"
        ).reshape(shape)
        if dtype == "bool":
            return np.asarray(numbers > 0)
        return np.asarray(numbers / 4 if dtype in FLOATS else numbers, dtype)

    def add(self, var: Variable, shape, bits: int | None) -> Grown:
        new = Grown(var, tuple(int(n) for n in shape), bits)
        self.grown.append(new)
        return new

    def add_input(self, as_shared: bool = False) -> None:
        shape = tuple(self.one(EXTENTS) for _ in range(self.choose(4)))
        value = self.array(self.one((*FLOATS, *FLOATS, *WHOLE)), shape)
        static = [n if n == 1 or self.choose(3) == 0 else None for n in shape]
        if as_shared:
            var = pytensor.shared(value, shape=tuple(static)) if shape else pytensor.shared(value)
        else:
            var = pt.tensor(dtype=value.dtype, shape=tuple(static))
            self.inputs.append(var)
            self.values.append(value)
        self.add(var, shape, 5)


def broadcastable(a: Grown, b: Grown) -> bool:
    """Whether the shapes go together without an axis being repeated that isn't known to be 1."""
    if len(a.shape) < len(b.shape):
        a, b = b, a
    offset = len(a.shape) - len(b.shape)
    for axis, n in enumerate(b.shape):
        m = a.shape[axis + offset]
        is_repeated = (n == 1 and b.var.type.broadcastable[axis]) or (
            m == 1 and a.var.type.broadcastable[axis + offset]
        )
        if n != m and not is_repeated:
            return False
    return True
