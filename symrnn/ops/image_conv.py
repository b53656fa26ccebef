"""Convolution of images, channels last: `symrnn.convolution` for graphs, written out where a mode has no code for it.

Shapes as there: ``xs (B, Y, X, C)``, ``filters (KY, KX, C, F)``, result ``(B, OY, OX, F)``. `symrnn.ops.conv` has
channels first, any number of axes, dilation and groups, and is slices and one product in every mode.
"""

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import pytensor.tensor as pt
from pytensor.compile.mode import optdb
from pytensor.gradient import grad
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import copy_stack_trace, dfs_rewriter, node_rewriter
from pytensor.tensor.variable import TensorVariable

from symrnn.convolution import (
    WRITTEN_OUT,
    ConvolutionOp,
    FilterGradient,
    ImageConvolution,
    InputGradient,
)
from symrnn.errors import UserError
from symrnn.ops.windows import PerAxis, length, pad_spatial, per_axis, taps
from symrnn.typing import TensorLike


def image_conv(
    xs: TensorLike, filters: TensorLike, *, stride: PerAxis = 1, padding: int | str = "same"
) -> TensorVariable:
    """Cross-correlation of `xs` (B, Y, X, C) with `filters` (KY, KX, C, F): (B, OY, OX, F).

    Parameters
    ----------
    padding
        Zeros on each side of rows and columns; ``"same"`` for half the window, which must then be odd and known, and
        at stride 1 keeps the images' size.

    Raises
    ------
    UserError
        When shapes do not fit, the window is not known, or zeros alone would fill one.

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1))
    >>> image_conv(xs, filters).eval()[0, :, :, 0].tolist()
    [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]
    >>> image_conv(xs, filters, stride=2).eval().ravel()
    array([4., 4., 4., 4.])
    """
    xs, filters = pt.as_tensor(xs), pt.as_tensor(filters)
    window = filters.type.shape[:2]
    if None in window:
        raise UserError(
            f"filters must have a known window, but are of shape {filters.type.shape}; give them a static shape"
        )
    if padding == "same":
        if any(k % 2 == 0 for k in window):
            raise UserError(
                f"padding 'same' needs an odd window, but filters have {window}; give a number"
            )
        sides = [(k // 2, k // 2) for k in window]
    elif isinstance(padding, Integral) and padding >= 0:
        sides = [(int(padding), int(padding))] * 2
    else:
        raise UserError(f"padding must be 'same' or a number from 0, but is {padding!r}")
    padded: Any = tuple(sides)
    made: Any = ImageConvolution(per_axis(stride, 2, "stride"), padded)(xs, filters)
    return made


def plain(op: ConvolutionOp, xs: Any, filters: Any) -> TensorVariable:
    """`ImageConvolution` as slices of the padded images, side by side, and one product."""
    before, after = zip(*op.padding, strict=True)
    rows, columns, count = (length(filters, axis) for axis in (0, 1, 3))
    # `pad_spatial` pads what follows the first two axes.
    frame = pad_spatial(xs.dimshuffle(0, 3, 1, 2), before, after).dimshuffle(0, 2, 3, 1)
    windows = pt.concatenate(taps(frame, 2, columns, op.stride[1]), axis=3)
    windows = pt.concatenate(taps(windows, 1, rows, op.stride[0]), axis=3)
    batch, height, width, seen = (length(windows, axis) for axis in range(4))
    product = pt.dot(windows.reshape((-1, seen)), filters.reshape((seen, count)))
    return product.reshape((batch, height, width, count))


def plain_gradient(op: ConvolutionOp, wrt: int, node: Apply) -> Any:
    """A gradient of `plain`, by its image (0) or its filters (1); the node's last input is as large as that."""
    given, out, like = node.inputs
    # A copy, so that the derivative stops there, even where what is given is computed from it.
    stop: Any = pt.tensor_copy(like)
    operands: Any = [stop, given] if wrt == 0 else [given, stop]
    return grad(None, operands[wrt], known_grads={plain(op, *operands): out})


PLAIN: dict[type, Callable[[Apply], TensorVariable]] = {
    ImageConvolution: lambda node: plain(node.op, *node.inputs),
    InputGradient: lambda node: plain_gradient(node.op, 0, node),
    FilterGradient: lambda node: plain_gradient(node.op, 1, node),
}


@node_rewriter(list(PLAIN))
def write_out_convolution(fgraph: FunctionGraph, node: Apply) -> Sequence[Variable] | None:
    """Slices and products in the place of an op that backends do not know; its window must be known."""
    window = (node.inputs[0] if isinstance(node.op, InputGradient) else node.inputs[-1]).type.shape
    if None in window[:2]:
        return None
    [old] = node.outputs
    new = old.type.filter_variable(PLAIN[type(node.op)](node), allow_convert=True)
    copy_stack_trace(old, new)
    return [new]


# Before PyTensor's first rewrite, as `symrnn.ops.assembled`; native mode leaves it out, by its tag: once a database was
# asked for a name that it does not have, none can be registered by that name.
optdb.register(
    "write_out_convolution",
    dfs_rewriter(write_out_convolution),
    "fast_run",
    "fast_compile",
    WRITTEN_OUT,
    position=-0.015,
)
