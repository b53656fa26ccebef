"""States that graphs hand on as a whole, as those of random streams: arrays of words that no expression looks into.

A scan keeps the last of them alone, as it does with generators.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.type import Type


class WordsType(Type):
    """Arrays of `count` words of 32 bits.

    Examples
    --------
    >>> WordsType(2).filter(np.array([1, 2], "uint32"))
    array([1, 2], dtype=uint32)
    """

    __props__ = ("count",)
    dtype, ndim = "uint32", 1

    def __init__(self, count: int) -> None:
        self.count = count
        self.shape = (count,)

    def filter(self, data: Any, strict: bool = False, allow_downcast: bool | None = None) -> Any:
        words = np.asarray(data)
        if words.dtype != self.dtype or words.shape != self.shape:
            raise TypeError(
                f"a state of {self.count} words must be an array of uint32 of shape {self.shape}, but is"
                f" {words.dtype} of shape {words.shape}; give what get_value() gave"
            )
        return words

    @classmethod
    def values_eq(cls, a: Any, b: Any) -> bool:
        return np.array_equal(a, b)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.count == self.count

    def __hash__(self) -> int:
        return hash((type(self), self.count))


def shared_words(words: np.ndarray) -> SharedVariable:
    """A shared variable with that state."""
    return SharedVariable(WordsType(len(words)), words, strict=False)
