"""Shapes and whole numbers of a graph, found from the shapes of its inputs before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.scalar.basic import ScalarType
from pytensor.tensor.random.type import RandomGeneratorType
from pytensor.tensor.type import TensorType

from symrnn.native.generators import STATE_WORDS
from symrnn.native.sizes import Int, Size
from symrnn.words import WordsType

Shape = tuple[Int, ...]
SMALL = 32  # vectors of whole numbers that are longer are data, not shapes


class NeedsValue(Exception):
    """A shape depends on the value of `variable`, which is not known before it is computed."""

    def __init__(self, variable: Variable):
        super().__init__(variable)
        self.variable = variable


class Shapes:
    """What is known of a graph's variables.

    Attributes
    ----------
    shape
        The shape of each variable.
    numbers
        The value of whole-number scalars (an int or a `Size`) and of short vectors of them (a tuple).
    inner
        What is known of the graph that a node holds: by the node, or by it and which of its graphs it is.
    called
        Nodes for which Python is called back, with the reason.
    """

    def __init__(self, shape: dict[Variable, Shape] | None = None, numbers: dict | None = None):
        self.shape: dict[Variable, Shape] = dict(shape or {})
        self.numbers: dict[Variable, Int | tuple[Int, ...]] = dict(numbers or {})
        self.inner: dict[object, Any] = {}
        self.called: dict[Apply, Exception] = {}

    def of(self, variable: Variable) -> Shape:
        """Its shape."""
        if variable not in self.shape and isinstance(variable, Constant):
            known = (STATE_WORDS,) if is_generator(variable) else np.shape(variable.data)
            self.shape[variable] = known
        return self.shape[variable]

    def number(self, variable: Variable) -> Int:
        """The value of a whole-number scalar, or `NeedsValue`."""
        value = self.number_or_none(variable)
        if value is None:
            raise NeedsValue(variable)
        return value

    def vector(self, variable: Variable) -> tuple[Int, ...]:
        """The value of a vector of whole numbers, or `NeedsValue`."""
        value = self.number_or_none(variable)
        if value is None:
            raise NeedsValue(variable)
        return value if isinstance(value, tuple) else (value,)

    def number_or_none(self, variable: Variable) -> Any:
        """The value of a whole-number scalar or vector, None where it isn't known."""
        if variable not in self.numbers and isinstance(variable, Constant):
            self.note(variable, variable.data)
        return self.numbers.get(variable)

    def note(self, variable: Variable, value: object) -> None:
        """Remember the value of a variable where it is a whole number, or a short vector of them."""
        array = np.asarray(value)
        if array.dtype.kind not in "iub" or array.ndim > 1 or array.size > SMALL:
            return
        self.numbers[variable] = tuple(int(n) for n in array) if array.ndim else int(array)


def is_array(variable: Variable) -> bool:
    """Whether a variable holds numbers that native code can read: a generator holds the words of its state."""
    if is_generator(variable):
        return True
    # sparse ones are subclasses
    known = type(variable.type) in (TensorType, ScalarType, WordsType)
    return known and dtype_of(variable) in DTYPES


def is_generator(variable: Variable) -> bool:
    """Whether a variable is a generator of random numbers."""
    return type(variable.type) is RandomGeneratorType


DTYPES = ("bool", *(f"{s}int{n}" for s in ("", "u") for n in (8, 16, 32, 64)), "float32", "float64")


def dtype_of(variable: Variable) -> str:
    """NumPy's name of the dtype."""
    return "int64" if is_generator(variable) else str(variable.type.dtype)


def static_shape(variable: Variable) -> tuple[int | None, ...]:
    """What its type tells of its shape."""
    return (STATE_WORDS,) if is_generator(variable) else getattr(variable.type, "shape", ())


def broadcast_shape(shapes: Sequence[Shape]) -> Shape:
    """The shape of element-wise algebra on arrays of these shapes.

    Raises
    ------
    ValueError
        When two extents differ and neither is 1, as NumPy words it.
    """
    rank = max(map(len, shapes))
    result: list[Int] = []
    for axis in range(rank):
        extents = [
            shape[axis - rank + len(shape)] for shape in shapes if axis - rank + len(shape) >= 0
        ]
        extent: Int = 1
        for n in extents:
            if n is extent or (isinstance(n, int) and n == 1):
                continue
            if isinstance(extent, int) and extent == 1:
                extent = n
            elif n != extent:
                if n == 1:
                    continue
                if extent != 1:
                    raise ValueError(
                        f"operands could not be broadcast together with shapes {shapes}"
                    )
                extent = n
            elif isinstance(extent, Size):
                extent = n  # equal in this call: the number, where one is a number
        result.append(extent)
    return tuple(result)
