"""Strided windows of buffers: the layout of every value. A view is another window and costs no code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from symrnn.native.sizes import Int, product, same

_NUMBERS = count()


@dataclass(eq=False)
class Buffer:
    """Memory of one dtype.

    Attributes
    ----------
    dtype
        NumPy's name; a bool is a byte.
    size
        Number of elements.
    kind
        ``"input"``, ``"output"`` (arrays of the caller, `index` says which), ``"constant"`` (`index` likewise) or
        ``"temporary"``, which the plan gives a place in the arena.
    """

    dtype: str
    size: Int
    kind: str = "temporary"
    index: int = -1
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def __repr__(self) -> str:
        return (
            f"{self.kind}{self.index if self.index >= 0 else self.number}:{self.dtype}[{self.size}]"
        )


@dataclass(frozen=True)
class Window:
    """The elements ``offset + sum(i * stride)`` of a buffer, for every index ``i`` below `shape`."""

    buffer: Buffer
    shape: tuple[Int, ...]
    strides: tuple[Int, ...]
    offset: Int = 0

    @property
    def dtype(self) -> str:
        return self.buffer.dtype

    @property
    def size(self) -> Int:
        return product(self.shape)

    def permuted(self, axes: Sequence[int | None]) -> Window:
        """Axes in another order; None among `axes` is a new one of extent 1."""
        return replace(
            self,
            shape=tuple(1 if a is None else self.shape[a] for a in axes),
            # A new axis has one entry, so nobody steps along it; with 0 it is also what repeats where it is broadcast.
            strides=tuple(0 if a is None else self.strides[a] for a in axes),
        )

    def indexed(self, axis: int, index: Int) -> Window:
        """One entry of an axis, which is gone."""
        return Window(
            self.buffer,
            self.shape[:axis] + self.shape[axis + 1 :],
            self.strides[:axis] + self.strides[axis + 1 :],
            self.offset + index * self.strides[axis],
        )

    def entry(self, index: Iterable[Int]) -> Window:
        """What is left at an index of the first axes."""
        window = self
        for n in index:
            window = window.indexed(0, n)
        return window

    def sliced(self, axis: int, start: Int, length: Int, step: Int = 1) -> Window:
        """`length` entries of an axis from `start`, every `step`-th."""
        shape, strides = list(self.shape), list(self.strides)
        offset = self.offset + start * strides[axis]
        shape[axis], strides[axis] = length, strides[axis] * step
        return Window(self.buffer, tuple(shape), tuple(strides), offset)

    def broadcast(self, shape: Iterable[Int]) -> Window:
        """Seen as of `shape`: axes before are added, those of extent 1 are repeated."""
        shape = tuple(shape)
        missing = len(shape) - len(self.shape)
        old = (1,) * missing + self.shape
        steps = (0,) * missing + self.strides
        strides = tuple(s if n == m else 0 for n, m, s in zip(shape, old, steps, strict=True))
        return replace(self, shape=shape, strides=strides)

    def reshaped(self, shape: Iterable[Int]) -> Window | None:
        """Seen as of `shape`, which has as many elements, in row-major order; None where that needs a copy."""
        shape = tuple(shape)
        if shape == self.shape:
            return self
        # Nothing will be read, so any strides do, also where extents have no whole quotient.
        if self.size == 0:
            return replace(self, shape=shape, strides=(0,) * len(shape))
        old = [(n, s[0]) for n, s in zip(*collapsed(self.shape, [self.strides]), strict=True)]
        strides: list[Int] = []
        left: Int = 1  # of the entries of the axis that is cut up, one lies so many further on than the last one
        for n in reversed(shape):  # from the innermost axis, taken out of the innermost one of old
            if isinstance(n, int) and n == 1:
                strides.append(0)
                continue
            if not old:
                return None
            extent, stride = old[-1]
            strides.append(stride * left)
            left = left * n
            if len(old) == 1:
                continue  # all that is left: as many entries as there are, as the caller has seen to
            # Equal in every call: what is equal in this one alone is copied, which is right for every call.
            if same(left, extent):
                old.pop()
                left = 1
            elif isinstance(left, int) and isinstance(extent, int) and left > extent:
                return None  # an axis across two that lie apart
        return (
            None if len(old) > 1 else replace(self, shape=shape, strides=tuple(reversed(strides)))
        )

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order without gaps."""
        return all(
            n == 1 or s == t
            for n, s, t in zip(self.shape, self.strides, row_major(self.shape), strict=True)
        )


def whole(buffer: Buffer, shape: Iterable[Int]) -> Window:
    """A buffer as an array of `shape`, in row-major order."""
    shape = tuple(shape)
    return Window(buffer, shape, row_major(shape))


def row_major(shape: Sequence[Int]) -> tuple[Int, ...]:
    """The strides, in elements, of an array without gaps."""
    strides: list[Int] = []
    step: Int = 1
    for n in reversed(shape):
        strides.append(step)
        step = step * n
    return tuple(reversed(strides))


def collapsed(
    shape: Sequence[Int], many_strides: Sequence[Sequence[Int]]
) -> tuple[list[Int], list[list[Int]]]:
    """`shape` and the strides of several windows with axes of extent 1 dropped, and neighbours that every window walks
    alike made one.

    Examples
    --------
    >>> collapsed((2, 3, 1, 4), [(12, 4, 4, 1), (0, 0, 0, 1)])
    ([6, 4], [[4, 0], [1, 1]])
    """
    dims: list[Int] = []
    steps: list[list[Int]] = []
    for axis, n in enumerate(shape):
        # A parameter that is 1 in this call may be another in the next: only a number is no axis.
        if isinstance(n, int) and n == 1:
            continue
        stride = [strides[axis] for strides in many_strides]
        if dims and all(outer == inner * n for outer, inner in zip(steps[-1], stride, strict=True)):
            dims[-1], steps[-1] = dims[-1] * n, stride
        else:
            dims.append(n)
            steps.append(stride)
    return dims, steps
