"""What a recurrent cell multiplies by: a matrix, or the filters of a convolution.

A product is linear in what it is given and in its weights, and three functions say all that a walk and its gradient
take of it: its value, its transpose, which takes a gradient back, and the gradient of its weights. Weights are a matrix
in each case, ``(K*C, F)`` from C channels seen through a window of K entries, so initialisers and the joining of
weights side by side are the same for all. Channels are the axis behind the batch: ``x (N, C)`` or ``(N, C, *S)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.ops.conv import window_columns
from symrnn.ops.windows import length, pad_spatial


@dataclass(frozen=True)
class Dense:
    """``x @ w``, of ``x (N, C)``.

    Examples
    --------
    >>> Dense().of(pt.as_tensor([[2.0]]), pt.as_tensor([[3.0]])).eval()
    array([[6.]])
    """

    axes = 0  # spatial ones
    taps = 1  # K
    keeps_size = True

    def sizes(self, places: Sequence[Any]) -> list[Any]:
        """The spatial sizes of the product, of those that it is given: none."""
        return []

    def of(self, x: TensorVariable, w: TensorVariable) -> TensorVariable:
        """``(N, F)``."""
        return pt.dot(x, w)

    def turned(self, w: TensorVariable) -> TensorVariable:
        """The weights of the transposed product."""
        return w.T

    def back(self, dy: TensorVariable, turned: TensorVariable) -> TensorVariable:
        """The gradient of x, from that of the product and the `turned` weights."""
        return pt.dot(dy, turned)

    def pulled(self, dy: TensorVariable, w: TensorVariable, x: TensorVariable) -> TensorVariable:
        """The gradient of x, whose sizes are those of `x`."""
        return pt.dot(dy, w.T)

    def weights(self, x: TensorVariable, dy: TensorVariable) -> TensorVariable:
        """The gradient of the weights."""
        return pt.dot(x.T, dy)

    def bias(self, b: TensorVariable) -> TensorVariable:
        """A bias ``(F,)`` as it is added to a product."""
        return b


@dataclass(frozen=True)
class Convolution:
    """Cross-correlation of ``x (N, C, *S)`` with F filters, zeros around: ``(N, F, *S')``, ``S' = S // stride``.

    The rows of ``w (K*C, F)`` are in the order of `symrnn.ops.conv.window_columns`: the last axis of the window
    slowest, channels fastest.

    Attributes
    ----------
    window
        Entries along each spatial axis.
    stride
        The same along all.
    edges
        Zeros before and after each axis, where not as many as ``S' = S // stride`` takes.

    Examples
    --------
    >>> import numpy as np
    >>> x, w = np.arange(1.0, 4.0).reshape(1, 1, 3), np.array([[100.0], [10.0], [1.0]])
    >>> Convolution((3,)).of(pt.as_tensor(x), pt.as_tensor(w)).eval().ravel()
    array([ 12., 123., 230.])
    """

    window: tuple[int, ...] = (3, 3)
    stride: int = 1
    edges: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        numbers = (*self.window, self.stride)
        if not self.window or not all(type(n) is int and n >= 1 for n in numbers):
            raise UserError(
                "window and stride of a Convolution must be whole numbers of at least 1,"
                f" but are {self.window} and {self.stride}"
            )

    @property
    def axes(self) -> int:
        """Spatial ones."""
        return len(self.window)

    @property
    def taps(self) -> int:
        """K."""
        return prod(self.window)

    @property
    def keeps_size(self) -> bool:
        """Whether a state stays as large as it is, and the transpose is a convolution too."""
        return self.stride == 1 and self.edges is None and all(n % 2 for n in self.window)

    def sizes(self, places: Sequence[Any]) -> list[Any]:
        """The spatial sizes of the product, of those that it is given."""
        before, after = self._edges()
        around = zip(places, before, after, self.window, strict=True)
        return [(n + a + b - size) // self.stride + 1 for n, a, b, size in around]

    def columns(self, x: TensorVariable) -> TensorVariable:
        """The entries of every window, ``(K*C, N, *S')``."""
        before, after = self._edges()
        steps = (self.stride,) * self.axes
        return window_columns(pad_spatial(x, before, after), self.window, steps, (1,) * self.axes)

    def of(self, x: TensorVariable, w: TensorVariable) -> TensorVariable:
        """``(N, F, *S')``."""
        columns = self.columns(x)
        places = [length(columns, i) for i in range(1, columns.ndim)]
        flat = pt.dot(w.T, columns.reshape((length(columns, 0), -1)))
        return flat.reshape((length(w, 1), *places)).dimshuffle(*self._swapped())

    def turned(self, w: TensorVariable) -> TensorVariable:
        """The filters ``(K*F, C)`` of the transposed product, which is a convolution as `keeps_size` says."""
        # Turned about, the last entry of a window comes first; its rows are (K, C), and become (K, F).
        by_tap = w.reshape((self.taps, -1, length(w, 1)))[::-1]
        return by_tap.dimshuffle(0, 2, 1).reshape((-1, length(w, 0) // self.taps))

    def back(self, dy: TensorVariable, turned: TensorVariable) -> TensorVariable:
        """The gradient of x, from that of the product and the `turned` weights."""
        return self.of(dy, turned)

    def pulled(self, dy: TensorVariable, w: TensorVariable, x: TensorVariable) -> TensorVariable:
        """The gradient of x, whose sizes are those of `x`, whatever the stride."""
        if self.keeps_size:
            return self.back(dy, self.turned(w))
        columns = self.columns(x)
        found: Any = pytensor.grad(
            None, x, known_grads={columns: pt.dot(w, self._flat(dy)).reshape(columns.shape)}
        )
        return found

    def weights(self, x: TensorVariable, dy: TensorVariable) -> TensorVariable:
        """The gradient of the weights."""
        columns = self.columns(x)
        return pt.dot(columns.reshape((length(columns, 0), -1)), self._flat(dy).T)

    def bias(self, b: TensorVariable) -> TensorVariable:
        """A bias ``(F,)`` as it is added to a product."""
        return b[(slice(None), *(None,) * self.axes)]

    def _flat(self, dy: TensorVariable) -> TensorVariable:
        """``(F, N*S')`` of ``dy (N, F, *S')``."""
        return dy.dimshuffle(*self._swapped()).reshape((length(dy, 1), -1))

    def _swapped(self) -> tuple[int, ...]:
        """Batch and channels in each other's place."""
        return (1, 0, *range(2, 2 + self.axes))

    def _edges(self) -> tuple[Sequence[int], Sequence[int]]:
        if self.edges is not None:
            before, after = self.edges
            return [before] * self.axes, [after] * self.axes
        rest = [max(size - self.stride, 0) for size in self.window]
        return [(size + 1) // 2 for size in rest], [size // 2 for size in rest]


Product = Dense | Convolution
DENSE = Dense()
