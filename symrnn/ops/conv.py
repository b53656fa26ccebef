"""Convolution over one to three axes, its transpose, and its local form, as graphs of slices and one GEMM.

Shapes: ``xs`` (B, C, *S), ``filters`` (F, C / groups, *K), result (B, F, *O), for one, two or three spatial axes ``S``.
``flip=True`` is convolution in the mathematical sense (filters run backwards, as in Theano and Lasagne); ``flip=False``
is the cross-correlation that PyTorch and JAX compute.

`padding` is ``"valid"`` (none), ``"full"`` (window minus one, on both sides), ``"half"`` or ``"same"`` (half the
window, the same length for odd windows and stride 1), an int, one int an axis, or one ``(before, after)`` an axis.

The slices of all windows are laid side by side on the channel axis, axis by axis (`symrnn.ops.windows`), and multiplied
with the filters in one product over the whole batch. Gradients are PyTensor's own, of slices and GEMMs.
"""

from collections.abc import Sequence
from typing import Any

import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.ops.windows import PerAxis, length, pad_spatial, per_axis, spread, taps
from symrnn.typing import Size, TensorLike

# "valid", "full", "half" or "same"; a number; a number an axis, or (before, after) an axis
Padding = str | int | Sequence[int | tuple[int, int]]
FilterShape = Sequence[int | None] | None


def conv(
    xs: TensorLike,
    filters: TensorLike,
    *,
    stride: PerAxis = 1,
    padding: Padding = "valid",
    dilation: PerAxis = 1,
    flip: bool = True,
    groups: int = 1,
    filter_shape: FilterShape = None,
) -> TensorVariable:
    """Convolution of `xs` (B, C, *S) with `filters` (F, C / groups, *K): (B, F, *O).

    ``O = (S + before + after - dilation * (K - 1) - 1) // stride + 1``

    The window ``K`` must be known: from the static shape of `filters`, or from `filter_shape`.

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.arange(4.0).reshape(1, 1, 4), np.array([[[1.0, 10.0]]])
    >>> conv(pt.as_tensor(xs), pt.as_tensor(filters)).eval().tolist()
    [[[1.0, 12.0, 23.0]]]
    >>> conv(pt.as_tensor(xs), pt.as_tensor(filters), flip=False).eval().tolist()
    [[[10.0, 21.0, 32.0]]]
    """
    xs, filters, axes = checked_operands(xs, filters)
    window = window_of(filters, filter_shape)
    stride = per_axis(stride, axes, "stride")
    dilation = per_axis(dilation, axes, "dilation")
    before, after = padding_of(padding, window, dilation)
    # (K*C, B, *O): windows are rows, so that the filters meet all places of the whole batch in one product.
    columns = window_columns(pad_spatial(xs, before, after), window, stride, dilation)
    weights = filter_rows(filters, flip, axes)  # (F, K*C / groups)
    return columns_product(weights, columns, length(xs, 1), groups)


def transposed_conv(
    xs: TensorLike,
    filters: TensorLike,
    *,
    stride: PerAxis = 1,
    crop: Padding = 0,
    output_size: Any = None,
    dilation: PerAxis = 1,
    flip: bool = True,
    groups: int = 1,
    filter_shape: FilterShape = None,
) -> TensorVariable:
    """The transpose of `conv`, from (B, F, *O) back to (B, C, *S); `filters` (F, C / groups, *K) as `conv` takes them.

    It is the gradient of a convolution with respect to its input: ``S = (O - 1) * stride + dilation * (K - 1) + 1``
    minus the `crop` on both sides. A strided convolution maps several lengths to one; `output_size` chooses among them
    and must lie less than a stride above the smallest (ints or an expression).

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.ones((1, 1, 2)), np.array([[[1.0, 10.0, 100.0]]])
    >>> transposed_conv(pt.as_tensor(xs), pt.as_tensor(filters), stride=2, flip=False).eval().tolist()
    [[[1.0, 10.0, 101.0, 10.0, 100.0]]]
    """
    xs, filters, axes = checked_operands(xs, filters)
    window = window_of(filters, filter_shape)
    check_window(window)
    stride = per_axis(stride, axes, "stride")
    dilation = per_axis(dilation, axes, "dilation")
    before, after = padding_of(crop, window, dilation)
    # The transpose is a convolution at stride 1 of the input spread out, with the filters turned and all borders full.
    full = [d * (k - 1) for d, k in zip(dilation, window, strict=True)]
    spaced = pad_spatial(spread(xs, stride), full, full)
    # What lies behind the last window at this stride was seen by no output, so zeros are its gradient.
    if output_size is not None:
        smallest = [length(spaced, 2 + i) - full[i] - before[i] - after[i] for i in range(axes)]
        extra = [output_size[i] - smallest[i] for i in range(axes)]
        spaced = pad_spatial_end(spaced, extra)
    whole = conv(spaced, swapped(filters, groups), dilation=dilation, flip=not flip, groups=groups,
                 filter_shape=(None, None, *window))  # fmt: skip
    kept = tuple(slice(a, -b or None) for a, b in zip(before, after, strict=True))
    return whole[(slice(None), slice(None), *kept)]


def local_conv(
    xs: TensorVariable,
    filters: TensorVariable,
    *,
    padding: Padding = "valid",
    stride: PerAxis = 1,
    flip: bool = True,
) -> TensorVariable:
    """Like `conv`, with filters of their own at every place: `filters` (F, C, *K, *O).

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.ones((1, 1, 3)), np.arange(4.0).reshape(1, 1, 2, 2)
    >>> local_conv(pt.as_tensor(xs), pt.as_tensor(filters)).eval().tolist()
    [[[2.0, 4.0]]]
    """
    axes = xs.ndim - 2
    # The filters of the first place stand for all: their axes are those that a shared filter has.
    window = window_of(filters[(..., *(0,) * axes)], None)
    before, after = padding_of(padding, window, (1,) * axes)
    stride = per_axis(stride, axes, "stride")
    columns = window_columns(
        pad_spatial(xs, before, after), window, stride, (1,) * axes
    )  # (K*C, B, *O)
    places = [length(columns, 2 + i) for i in range(axes)]
    if flip:
        filters = filters[(slice(None), slice(None), *(slice(None, None, -1),) * axes)]
    # The window's axes in reverse, for `window_columns` lays the last axis slowest.
    order = (*range(2 + axes, 2 + 2 * axes), 0, *range(1 + axes, 1, -1), 1)
    weights = filters.dimshuffle(*order)  # (*O, F, *K reversed, C)
    weights = weights.reshape((pt.prod(pt.as_tensor(places)), length(filters, 0), -1))
    columns = columns.reshape((columns.shape[0], columns.shape[1], -1)).dimshuffle(
        2, 0, 1
    )  # (O, K*C, B)
    product = pt.matmul(weights, columns).dimshuffle(2, 1, 0)  # (B, F, O)
    return product.reshape((length(xs, 0), length(filters, 0), *places))


def local_conv_channelwise(
    xs: TensorVariable, filters: TensorVariable, *, padding: Padding = "valid", flip: bool = True
) -> TensorVariable:
    """`local_conv` of each channel by itself: `filters` (C, *K, *O), result (B, C, *O)."""
    axes = xs.ndim - 2
    window = window_of(filters[(slice(None), None, ..., *(0,) * axes)], None)
    before, after = padding_of(padding, window, (1,) * axes)
    columns = window_columns(
        pad_spatial(xs, before, after), window, (1,) * axes, (1,) * axes
    )  # (K*C, B, *O)
    places = [length(columns, 1 + i) for i in range(1 + axes)]
    # Channels vary fastest in the rows of `window_columns`, so they come apart without a transposition.
    columns = columns.reshape((-1, length(filters, 0), *places))  # (K, C, B, *O)
    if flip:
        filters = filters[(slice(None), *(slice(None, None, -1),) * axes)]
    weights = filters.dimshuffle(*range(axes, 0, -1), 0, *range(1 + axes, 1 + 2 * axes))
    weights = weights.reshape((-1, length(filters, 0), *places[1:]))  # (K, C, *O)
    product = pt.sum(
        columns * weights.dimshuffle(0, 1, "x", *range(2, 2 + axes)), axis=0
    )  # (C, B, *O)
    return product.dimshuffle(1, 0, *range(2, 2 + axes))


def window_columns(
    xs: TensorVariable, window: Sequence[Any], stride: Sequence[int], dilation: Sequence[int]
) -> TensorVariable:
    """The entries of every window, (K*C, B, *O): the last axis of the window varies slowest, channels fastest."""
    columns = xs.dimshuffle(1, 0, *range(2, xs.ndim))
    for i, size in enumerate(window):
        if not isinstance(size, int):
            columns = gathered_columns(columns, 2 + i, size, stride[i], dilation[i])
        # A window of one at stride one is the axis itself.
        elif size > 1 or stride[i] > 1:
            columns = pt.concatenate(taps(columns, 2 + i, size, stride[i], dilation[i]), axis=0)
    return columns


def gathered_columns(
    columns: TensorVariable, axis: int, size: Size, stride: int, dilation: int
) -> TensorVariable:
    """One axis of `window_columns` for a window that is an expression: its entries are looked up by number."""
    places = (length(columns, axis) - dilation * (size - 1) - 1) // stride + 1
    entries = pt.arange(size)[:, None] * dilation + pt.arange(places)[None, :] * stride  # (K, O)
    looked_up = columns[(*(slice(None),) * axis, entries)]
    others = [i for i in range(looked_up.ndim) if i != axis]
    looked_up = looked_up.dimshuffle(axis, *others)  # (K, C, B, *O)
    return looked_up.reshape((-1, *[looked_up.shape[i] for i in range(2, looked_up.ndim)]))


def filter_rows(filters: TensorVariable, flip: bool, axes: int) -> TensorVariable:
    """The filters as (F, K*C), in the order of `window_columns`."""
    if flip:
        filters = filters[(slice(None), slice(None), *(slice(None, None, -1),) * axes)]
    return filters.dimshuffle(0, *range(1 + axes, 1, -1), 1).reshape((length(filters, 0), -1))


def columns_product(
    weights: TensorVariable, columns: TensorVariable, channels: Any, groups: int
) -> TensorVariable:
    """``weights (F, K*C/G) @ columns (K*C, B, *O)``, each group of channels by itself: (B, F, *O)."""
    places = [length(columns, i) for i in range(1, columns.ndim)]  # B, *O
    columns = columns.reshape((length(columns, 0), -1))
    if groups == 1:
        product = pt.dot(weights, columns)
    else:
        split = columns.reshape((-1, groups, channels // groups, columns.shape[1])).dimshuffle(
            1, 0, 2, 3
        )
        split = split.reshape((groups, weights.shape[1], columns.shape[1]))
        product = pt.matmul(weights.reshape((groups, -1, weights.shape[1])), split)
    product = product.reshape((length(weights, 0), *places))
    return product.dimshuffle(1, 0, *range(2, product.ndim))


def swapped(filters: TensorVariable, groups: int) -> TensorVariable:
    """Filters with the channels of input and output exchanged, group by group: (F, C/G, *K) to (C, F/G, *K)."""
    axes = range(2, filters.ndim)
    if groups == 1:
        return filters.dimshuffle(1, 0, *axes)
    window = [length(filters, axis) for axis in axes]
    split = filters.reshape((groups, -1, length(filters, 1), *window)).dimshuffle(
        0, 2, 1, *(1 + axis for axis in axes)
    )
    return split.reshape((groups * length(filters, 1), -1, *window))


def pad_spatial_end(xs: TensorVariable, extra: Sequence[Any]) -> TensorVariable:
    """`xs` with `extra` zeros (ints or expressions) behind each spatial axis; negative numbers cut."""
    lengths = [length(xs, axis) for axis in range(xs.ndim)]
    longer = [n + e for n, e in zip(lengths[2:], extra, strict=True)]
    frame = pt.zeros((*lengths[:2], *longer), dtype=xs.dtype)
    shared = tuple(slice(None, n) for n in lengths[2:])
    return pt.set_subtensor(frame[(slice(None), slice(None), *shared)], xs)


def checked_operands(
    xs: TensorLike, filters: TensorLike
) -> tuple[TensorVariable, TensorVariable, int]:
    """Both as tensors, and the number of spatial axes."""
    xs, filters = pt.as_tensor(xs), pt.as_tensor(filters)
    if xs.ndim not in (3, 4, 5):
        raise UserError(f"xs must have 3, 4 or 5 axes (B, C, *S), but has {xs.ndim}")
    if filters.ndim != xs.ndim:
        raise UserError(
            f"filters must have as many axes as xs ({xs.ndim}), but have {filters.ndim}"
        )
    return xs, filters, xs.ndim - 2


def window_of(filters: TensorVariable, filter_shape: FilterShape) -> tuple[Any, ...]:
    """The window of the filters: ints where they are known, expressions where they are not."""
    given: Sequence[Any] = filter_shape or (None,) * filters.ndim
    known = [
        stated if size is None else size
        for size, stated in zip(filters.type.shape, given, strict=True)
    ]
    return tuple(
        filters.shape[i] if known[i] is None else int(known[i]) for i in range(2, filters.ndim)
    )


def check_window(window: Sequence[Any]) -> None:
    """Refuse a window that is not known where shapes depend on it."""
    if not all(isinstance(size, int) for size in window):
        raise UserError("filters must have a known window here, but it is an expression; give filter_shape=, or make"
                        " them with a static shape")  # fmt: skip


def padding_of(
    padding: Padding, window: Sequence[Any], dilation: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Entries to add before and after each axis, for every way to say it."""
    if isinstance(padding, str):
        if padding not in PADDINGS:
            raise UserError(
                f"padding must be one of {', '.join(PADDINGS)}, or numbers, but is {padding!r}"
            )
        if padding != "valid":
            # The amount of padding follows from the window, and shapes from the padding.
            check_window(window)
        sides = [PADDINGS[padding](d * (k - 1)) for d, k in zip(dilation, window, strict=True)]
    else:
        sides = [
            p if isinstance(p, tuple) else (p, p) for p in per_axis(padding, len(window), "padding")
        ]
    if any(p < 0 for side in sides for p in side):
        raise UserError(f"padding must not be negative, but is {padding!r}")
    return [a for a, _ in sides], [b for _, b in sides]


PADDINGS = {  # from the span of a window, which is its length minus one
    "valid": lambda span: (0, 0),
    "full": lambda span: (span, span),
    "half": lambda span: ((span + 1) // 2, (span + 1) // 2),
    "same": lambda span: (span - span // 2, span // 2),
}
