"""The convolution of images as one op and its two gradients, channels last: what builders and the native mode share.

Shapes: images ``(B, Y, X, C)``, filters ``(KY, KX, C, F)``, results ``(B, OY, OX, F)``, with
``O = (length + before + after - K) // stride + 1`` along each axis. It is the cross-correlation that PyTorch and JAX
compute, zeros around the images.

Native mode has code for the three ops; in every other mode `symrnn.ops.image_conv` writes them out as slices and
products before anything else is rewritten. Each is linear in two arrays, and its derivatives are the other two.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytensor.tensor as pt
from numpy.lib.stride_tricks import sliding_window_view
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.tensor.type import TensorType

from symrnn.errors import UserError

Pair = tuple[int, int]
AXES = ("rows", "columns")
WRITTEN_OUT = "convolution_for_backends"  # the tag of the rewrite that native mode has no need of


class ConvolutionOp(Op):
    """What the three have in common.

    Parameters
    ----------
    stride
        Of the windows, along rows and columns.
    padding
        Zeros before and after the rows, and the columns.
    """

    __props__: ClassVar = ("stride", "padding")

    def __init__(self, stride: Pair, padding: tuple[Pair, Pair]) -> None:
        self.stride = (int(stride[0]), int(stride[1]))
        (above, below), (left, right) = padding
        self.padding = ((int(above), int(below)), (int(left), int(right)))

    def twin(self, kind: "type[ConvolutionOp]", *inputs: Any) -> Variable:
        """Another of the three, of the same stride and padding, on these inputs."""
        made: Any = kind(self.stride, self.padding)(*inputs)
        return made

    def output_lengths(self, lengths: Sequence[Any], window: Sequence[Any]) -> list[Any]:
        """OY and OX, or None for what is not known.

        Examples
        --------
        >>> ImageConvolution((2, 2), ((1, 1), (1, 1))).output_lengths((8, None), (3, 3))
        [4, None]
        """
        return [
            None if n is None or k is None else (n + before + after - k) // stride + 1
            for n, k, stride, (before, after) in zip(
                lengths, window, self.stride, self.padding, strict=True
            )
        ]

    def checked_lengths(self, lengths: Sequence[Any], window: Sequence[Any]) -> list[Any]:
        """`output_lengths`, refused where there is none, or where zeros alone fill a window."""
        for axis, n, k, (before, after) in zip(AXES, lengths, window, self.padding, strict=True):
            if k is not None and max(before, after) >= k:
                raise UserError(
                    f"padding must be below the filters' {k} {axis}, but is {(before, after)}"
                )
            if n is not None and k is not None and n + before + after < k:
                raise UserError(
                    f"filters must fit in the padded images, but have {k} {axis} where those have {n + before + after};"
                    " pad more, or take smaller filters"
                )
        return self.output_lengths(lengths, window)

    def padded(self, xs: np.ndarray) -> np.ndarray:
        """Images with zeros around."""
        return np.pad(xs, ((0, 0), *self.padding, (0, 0)))

    def windows(self, xs: np.ndarray, window: Sequence[int]) -> np.ndarray:
        """``(B, OY, OX, C, KY, KX)``: what lies under the filters, a view."""
        every = sliding_window_view(self.padded(xs), window, axis=(1, 2))
        return every[:, :: self.stride[0], :: self.stride[1]]


class ImageConvolution(ConvolutionOp):
    """``(xs (B, Y, X, C), filters (KY, KX, C, F)) -> (B, OY, OX, F)``.

    Examples
    --------
    >>> xs, filters = np.arange(4.0).reshape(1, 1, 4, 1), np.array([[[[1.0]], [[10.0]]]])
    >>> ImageConvolution((1, 1), ((0, 0), (0, 0)))(xs, filters).eval().ravel()
    array([10., 21., 32.])
    """

    def make_node(self, *inputs: Any) -> Apply:
        xs, filters = operands(self, ("xs", "filters"), inputs)
        (batch, *lengths, channels), (*window, seen, count) = xs.type.shape, filters.type.shape
        if None not in (channels, seen) and channels != seen:
            raise UserError(
                f"filters must see the images' channels, {channels}, but see {seen}; give (KY, KX, C, F)"
            )
        shape = (batch, *self.checked_lengths(lengths, window), count)
        return Apply(self, [xs, filters], [TensorType(xs.type.dtype, shape)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        xs, filters = inputs
        windows = self.windows(xs, filters.shape[:2])
        # A window's rows, columns and channels are axes 4, 5 and 3 there, and the first three of the filters.
        output_storage[0][0] = np.tensordot(windows, filters, axes=((4, 5, 3), (0, 1, 2)))

    def infer_shape(self, *given: Any) -> list[Any]:
        # PyTensor 3.0 gives the graph too, and since 3.3 warns of it: the shapes come last in both.
        (batch, *lengths, _), (*window, _, count) = given[-1]
        return [(batch, *self.output_lengths(lengths, window), count)]

    def pullback(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Variable]:
        (xs, filters), (out,) = inputs, output_grads
        return [
            self.twin(InputGradient, filters, out, xs),
            self.twin(FilterGradient, xs, out, filters),
        ]


class InputGradient(ConvolutionOp):
    """``(filters, out (B, OY, OX, F), xs) -> (B, Y, X, C)``: the gradient by the images.

    `out` is the gradient by the result; of the images only the shape is read.
    """

    def make_node(self, *inputs: Any) -> Apply:
        filters, out, like = operands(self, ("filters", "out", "like"), inputs)
        shape = [
            a if b is None else b
            for a, b in zip(
                (out.type.shape[0], None, None, filters.type.shape[2]), like.type.shape, strict=True
            )
        ]
        return Apply(self, [filters, out, like], [TensorType(out.type.dtype, shape)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        filters, out, like = inputs
        frame = np.zeros_like(self.padded(like))
        rows, columns = (
            stride * (n - 1) + 1 for stride, n in zip(self.stride, out.shape[1:3], strict=True)
        )
        for y, x in np.ndindex(filters.shape[:2]):
            frame[:, y : y + rows : self.stride[0], x : x + columns : self.stride[1]] += (
                out @ filters[y, x].T
            )
        (above, _), (left, _) = self.padding
        output_storage[0][0] = np.ascontiguousarray(
            frame[:, above : above + like.shape[1], left : left + like.shape[2]]
        )

    def infer_shape(self, *given: Any) -> list[Any]:
        return [given[-1][2]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [False]]

    def pullback(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Variable]:
        (filters, out, _), (images,) = inputs, output_grads
        return [
            self.twin(FilterGradient, images, out, filters),
            self.twin(ImageConvolution, images, filters),
            disconnected_type(),
        ]


class FilterGradient(ConvolutionOp):
    """``(xs, out (B, OY, OX, F), filters) -> (KY, KX, C, F)``: the gradient by the filters.

    `out` is the gradient by the result; of the filters only the shape is read.
    """

    def make_node(self, *inputs: Any) -> Apply:
        xs, out, like = operands(self, ("xs", "out", "like"), inputs)
        ends = (None, None, xs.type.shape[3], out.type.shape[3])
        shape = [a if b is None else b for a, b in zip(ends, like.type.shape, strict=True)]
        return Apply(self, [xs, out, like], [TensorType(out.type.dtype, shape)()])

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Any) -> None:
        xs, out, like = inputs
        windows = self.windows(xs, like.shape[:2])
        found = np.tensordot(windows, out, axes=((0, 1, 2), (0, 1, 2)))  # (C, KY, KX, F)
        output_storage[0][0] = np.ascontiguousarray(found.transpose(1, 2, 0, 3))

    def infer_shape(self, *given: Any) -> list[Any]:
        return [given[-1][2]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True], [True], [False]]

    def pullback(self, inputs: Any, outputs: Any, output_grads: Any) -> list[Variable]:
        (xs, out, _), (filters,) = inputs, output_grads
        return [
            self.twin(InputGradient, filters, out, xs),
            self.twin(ImageConvolution, xs, filters),
            disconnected_type(),
        ]


def operands(op: ConvolutionOp, names: Sequence[str], inputs: Sequence[Any]) -> list[Any]:
    """Inputs as tensors of four axes and one dtype, a float."""
    found: list[Any] = [pt.as_tensor(value) for value in inputs]
    for name, var in zip(names, found, strict=True):
        if var.type.ndim != 4:
            raise UserError(f"{name} must have 4 axes, channels last, but has {var.type.ndim}")
        if var.type.dtype not in ("float32", "float64") or var.type.dtype != found[0].type.dtype:
            raise UserError(
                f"{name} must be float32 or float64, as {names[0]}, but is {var.type.dtype} where {names[0]} is"
                f" {found[0].type.dtype}"
            )
    return found
