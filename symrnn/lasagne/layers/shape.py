"""Layers that rearrange their input without computing on it."""

import operator

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ..theano_extensions import padding
from ..utils import int_types, numbered_axis
from .base import Layer

__all__ = [
    "DimshuffleLayer",
    "FlattenLayer",
    "PadLayer",
    "ReshapeLayer",
    "SliceLayer",
    "dimshuffle",
    "flatten",
    "pad",
    "reshape",
]


def known_product(sizes):
    """The product of `sizes`, None if one is unknown."""
    result = 1
    for size in sizes:
        if size is None:
            return None
        result *= size
    return result


class FlattenLayer(Layer):
    """The last axes taken as one, so that `outdim` remain."""

    def __init__(self, incoming, outdim=2, **kwargs):
        super().__init__(incoming, **kwargs)
        self.outdim = outdim
        if outdim < 1:
            raise ValueError(f"Dim must be >0, but outdim is {outdim}")

    def get_output_shape_for(self, input_shape):
        kept = self.outdim - 1
        return (*input_shape[:kept], known_product(input_shape[kept:]))

    def get_output_for(self, input, **kwargs):
        return input.flatten(self.outdim)


flatten = FlattenLayer


class ReshapeLayer(Layer):
    """The entries in another `shape`.

    A shape holds numbers; ``[i]`` for the size of the input's axis ``i``; at most one ``-1``, for what remains; and
    integer scalar expressions.
    """

    def __init__(self, incoming, shape, **kwargs):
        super().__init__(incoming, **kwargs)
        shape = tuple(map(plain_entry, shape))
        for entry in shape:
            check_entry(entry, len(self.input_shape))
        if sum(isinstance(entry, int) and entry == -1 for entry in shape) > 1:
            raise ValueError(f"shape must hold -1 at most once, but is {shape}")
        self.shape = shape
        self.get_output_shape_for(self.input_shape)  # mismatches show here

    def get_output_shape_for(self, input_shape, **kwargs):
        sizes = [self._size(entry, input_shape) for entry in self.shape]
        before = known_product(None if isinstance(size, Variable) else size for size in input_shape)
        rest = self._rest(input_shape)
        sizes = [
            rest if is_rest(entry) else size for entry, size in zip(self.shape, sizes, strict=True)
        ]
        after = known_product(sizes)
        if before is not None and after is not None and before != after:
            raise ValueError(
                f"{input_shape} cannot be reshaped to specification {self.shape}: the total sizes mismatch"
            )
        return tuple(sizes)

    def get_output_for(self, input, **kwargs):
        return input.reshape(
            tuple(
                input.shape[entry[0]] if isinstance(entry, list) else entry for entry in self.shape
            )
        )

    @staticmethod
    def _size(entry, input_shape):
        """The number that an entry stands for, None if it is not known."""
        if isinstance(entry, list):
            size = input_shape[entry[0]]
            return None if isinstance(size, Variable) else size
        return None if isinstance(entry, Variable) or is_rest(entry) else entry

    def _rest(self, input_shape):
        """What -1 stands for: sizes that go over unchanged cancel, unknown ones too."""
        entering = list(input_shape)
        leaving = []
        for entry in self.shape:
            if isinstance(entry, list) and entering[entry[0]] is not CANCELLED:
                entering[entry[0]] = CANCELLED
            elif not is_rest(entry):
                leaving.append(self._size(entry, input_shape))
        sizes = [size for size in entering if size is not CANCELLED]
        before = known_product(None if isinstance(size, Variable) else size for size in sizes)
        after = known_product(leaving)
        if before is None or after is None:
            return None
        if before % after:
            raise ValueError(
                f"{input_shape} cannot be reshaped to specification {self.shape}: the total sizes mismatch"
            )
        return before // after


CANCELLED = object()


def plain_entry(entry):
    """An entry of a shape or a pattern, a whole number of any type as Python's.

    Examples
    --------
    >>> import numpy as np
    >>> [plain_entry(entry) for entry in (np.int64(3), [np.int8(0)], "x")]
    [3, [0], 'x']
    """
    if isinstance(entry, list):
        return list(map(plain_entry, entry))
    return operator.index(entry) if isinstance(entry, int_types) else entry


def is_rest(entry):
    """Whether an entry of a shape is -1."""
    return isinstance(entry, int) and entry == -1


def check_entry(entry, ndim):
    """Refuse what a shape must not hold."""
    if isinstance(entry, list):
        if len(entry) != 1 or not isinstance(entry[0], int) or entry[0] < 0:
            raise ValueError(
                f"shape must refer to an axis as [i] with one number from 0 up, but has {entry}"
            )
        if entry[0] >= ndim:
            raise ValueError(
                f"shape must refer to an axis of the input, which has {ndim}, but has {entry}"
            )
    elif isinstance(entry, Variable):
        if entry.ndim != 0:
            raise ValueError(
                f"shape must hold scalars, but has the expression {entry!r} of {entry.ndim} axes"
            )
    elif not hasattr(entry, "__index__"):
        raise ValueError(
            f"shape must hold numbers, [i], -1 and scalar expressions, but has {entry!r}"
        )
    elif entry == 0 or entry < -1:
        raise ValueError(f"shape must hold numbers above zero, or -1, but has {entry}")


reshape = ReshapeLayer


class DimshuffleLayer(Layer):
    """The axes in the order of `pattern`; ``"x"`` adds one of size one, and one of size one may be left out."""

    def __init__(self, incoming, pattern, **kwargs):
        super().__init__(incoming, **kwargs)
        pattern = tuple(map(plain_entry, pattern))
        seen = set()
        for entry in pattern:
            if not isinstance(entry, int) and entry != "x":
                raise ValueError(f"pattern must hold numbers of axes and 'x', but has {entry!r}")
            if entry in seen and entry != "x":
                raise ValueError(f"pattern must name each axis once, but has {entry} twice")
            seen.add(entry)
        self.pattern = pattern
        self.get_output_shape_for(self.input_shape)

    def get_output_shape_for(self, input_shape):
        for entry in self.pattern:
            if isinstance(entry, int) and not 0 <= entry < len(input_shape):
                raise ValueError(
                    f"pattern must name axes of the input, which has {len(input_shape)}, but has {entry}"
                )
        for axis, size in enumerate(input_shape):
            if axis not in self.pattern and size not in (1, None):
                raise ValueError(f"pattern {self.pattern} leaves out axis {axis}, which is not of size one"
                                 f" in the input shape {input_shape}")  # fmt: skip
        return tuple(1 if entry == "x" else input_shape[entry] for entry in self.pattern)

    def get_output_for(self, input, **kwargs):
        return pt.as_tensor(input).dimshuffle(self.pattern)


dimshuffle = DimshuffleLayer


class PadLayer(Layer):
    """`val` put around all axes but the first `batch_ndim`.

    `width` is a number, one an axis, or one pair (before, after) an axis.
    """

    def __init__(self, incoming, width, val=0, batch_ndim=2, **kwargs):
        super().__init__(incoming, **kwargs)
        self.width = width
        self.val = val
        self.batch_ndim = batch_ndim

    def get_output_shape_for(self, input_shape):
        sides = padding.sides_of(self.width, len(input_shape) - self.batch_ndim)
        padded = (None if size is None else size + a + b
                  for size, (a, b) in zip(input_shape[self.batch_ndim :], sides, strict=True))  # fmt: skip
        return (*input_shape[: self.batch_ndim], *padded)

    def get_output_for(self, input, **kwargs):
        return padding.pad(input, self.width, self.val, self.batch_ndim)


pad = PadLayer


class SliceLayer(Layer):
    """The entries `indices` along `axis`: a slice, or a number, which removes the axis."""

    def __init__(self, incoming, indices, axis=-1, **kwargs):
        super().__init__(incoming, **kwargs)
        self.slice = indices
        self.axis = axis

    def get_output_shape_for(self, input_shape):
        axis = numbered_axis(self.axis, len(input_shape))
        if not isinstance(self.slice, slice):
            return (*input_shape[:axis], *input_shape[axis + 1 :])
        size = input_shape[axis]
        sliced = None if size is None else len(range(*self.slice.indices(size)))
        return (*input_shape[:axis], sliced, *input_shape[axis + 1 :])

    def get_output_for(self, input, **kwargs):
        axis = numbered_axis(self.axis, input.ndim)
        return input[(slice(None),) * axis + (self.slice,)]
