"""Products that a recurrent cell may stand on: a matrix product, or a convolution."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.ops.conv import window_columns
from symrnn.ops.windows import length, pad_spatial


@dataclass(frozen=True)
class Dense:
    """``x @ w``."""

    axes = 0
    taps = 1

    def of(self, x: TensorVariable, w: TensorVariable) -> TensorVariable:
        """``(N, F)`` from ``x (N, C)`` and ``w (C, F)``."""
        return pt.dot(x, w)


@dataclass(frozen=True)
class Convolution:
    """The windows of `x`, each times ``w``."""

    window: tuple[int, ...] = (3, 3)
    stride: int = 1

    @property
    def axes(self) -> int:
        return len(self.window)

    @property
    def taps(self) -> int:
        """K."""
        return prod(self.window)

    def padding(self) -> tuple[Sequence[int], Sequence[int]]:
        rest = [max(size - self.stride, 0) for size in self.window]
        return [(size + 1) // 2 for size in rest], [size // 2 for size in rest]

    def of(self, x: TensorVariable, w: TensorVariable) -> TensorVariable:
        """``(N, F, *S)`` from ``x (N, C, *S)`` and ``w (K*C, F)``."""
        steps = (self.stride,) * self.axes
        columns: Any = window_columns(
            pad_spatial(x, *self.padding()), self.window, steps, (1,) * self.axes
        )
        places = [length(columns, i) for i in range(1, columns.ndim)]
        flat = pt.dot(w.T, columns.reshape((length(columns, 0), -1)))
        flat = flat.reshape((length(w, 1), *places))
        return flat.dimshuffle(1, 0, *range(2, 2 + self.axes))
