"""A family of ops: what is computed of arrays of every dtype and layout.

Letters stand for the axes of its inputs; a call says how long they are. The same axis is the same letter, so layouts
can be mixed.
"""

from collections.abc import Callable
from dataclasses import dataclass

FLOATS = ("float32", "float64")
NUMBERS = ("int32", "int64", *FLOATS)
ALL = ("bool", *NUMBERS)
WIDTHS = ("bool", "int32", "float64")  # for what moves elements: one dtype of each width
# twice other extents, so that they become parameters of a program; 1; 0
CALLS = (
    {"a": 4, "b": 3, "c": 5},
    {"a": 6, "b": 3, "c": 5},
    {"a": 1, "b": 3, "c": 5},
    {"a": 0, "b": 3, "c": 5},
)
NOT_EMPTY = CALLS[:3]
EMPTY_INSIDE = {"a": 2, "b": 0, "c": 3}
SINGLE = ({"a": 3, "b": 2, "c": 4}, {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1})
NOTHING = ({"a": 2, "b": 0, "c": 3}, {"a": 0, "b": 2, "c": 1}, {"a": 1, "b": 2, "c": 0})


@dataclass(frozen=True)
class Family:
    """What is computed, of which inputs.

    Attributes
    ----------
    shapes
        Letters of each input's axes; ``index`` is a whole number, ``indices`` a vector of them, ``mask`` a vector of
        truths as long as `a`.
    crossed
        Whether every layout of the first input meets every layout of the others.
    is_as_built
        Whether PyTensor's rewriting is left out, which raises for some dtypes.
    left
        Ops that Python may run. Every other one must become native code.
    """

    build: Callable
    shapes: tuple[str, ...]
    dtypes: tuple[str, ...] = ALL
    calls: tuple = CALLS
    crossed: bool = False
    left: frozenset[str] = frozenset()
    is_as_built: bool = False
