"""Convolution over one to three axes, its transpose, and its local form, as graphs of slices and one GEMM.

Shapes: ``xs`` (B, C, *S), ``filters`` (F, C / groups, *K), result (B, F, *O), for one, two or three spatial axes ``S``.
``flip=True`` is convolution in the mathematical sense (filters run backwards, as in Theano and Lasagne);
``flip=False`` is the cross-correlation that PyTorch and JAX compute.

`padding` is ``"valid"`` (none), ``"full"`` (window minus one, on both sides), ``"half"`` or ``"same"`` (half the
window, the same length for odd windows and stride 1), an int, one int an axis, or one ``(before, after)`` an axis.

The slices of all windows are laid side by side on the channel axis, axis by axis (`symrnn.ops.windows`), and
multiplied with the filters in one product over the whole batch. Gradients are PyTensor's own, of slices and GEMMs.
"""

import pytensor.tensor as pt

from symrnn.errors import UserError
from symrnn.ops.windows import length, pad_spatial, per_axis, spread, taps


def conv(
    xs, filters, *, stride=1, padding="valid", dilation=1, flip=True, groups=1, filter_shape=None
):
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
    columns = window_columns(
        pad_spatial(xs, before, after), window, stride, dilation
    )  # (K*C, B, *O)
    weights = filter_rows(filters, flip, axes)  # (F, K*C / groups)
    return columns_product(weights, columns, groups, window)


def transposed_conv(xs, filters, *, stride=1, crop=0, output_size=None, dilation=1, flip=True, groups=1,
                    filter_shape=None):  # fmt: skip
    """The transpose of `conv`, from (B, F, *O) back to (B, C, *S); `filters` (F, C / groups, *K) as `conv` takes them.

    It is the gradient of a convolution with respect to its input: ``S = (O - 1) * stride + dilation * (K - 1) + 1``
    minus the `crop` on both sides. A strided convolution maps several lengths to one; `output_size` chooses among
    them and must lie less than a stride above the smallest (ints or an expression).

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.ones((1, 1, 2)), np.array([[[1.0, 10.0, 100.0]]])
    >>> transposed_conv(pt.as_tensor(xs), pt.as_tensor(filters), stride=2, flip=False).eval().tolist()
    [[[1.0, 10.0, 101.0, 10.0, 100.0]]]
    """
    xs, filters, axes = checked_operands(xs, filters)
    window = window_of(filters, filter_shape)
    stride = per_axis(stride, axes, "stride")
    dilation = per_axis(dilation, axes, "dilation")
    before, after = padding_of(crop, window, dilation)
    full = [d * (k - 1) for d, k in zip(dilation, window, strict=True)]
    spaced = pad_spatial(spread(xs, stride), full, full)
    if output_size is not None:
        smallest = [length(spaced, 2 + i) - full[i] - before[i] - after[i] for i in range(axes)]
        extra = [output_size[i] - smallest[i] for i in range(axes)]
        spaced = pad_spatial_end(spaced, extra)
    whole = conv(spaced, swapped(filters, groups), dilation=dilation, flip=not flip, groups=groups,
                 filter_shape=(None, None, *window))  # fmt: skip
    kept = tuple(slice(a, -b or None) for a, b in zip(before, after, strict=True))
    return whole[(slice(None), slice(None), *kept)]


def local_conv(xs, filters, *, padding="valid", stride=1, flip=True):
    """Like `conv`, with filters of their own at every place: `filters` (F, C, *K, *O).

    Examples
    --------
    >>> import numpy as np
    >>> xs, filters = np.ones((1, 1, 3)), np.arange(4.0).reshape(1, 1, 2, 2)
    >>> local_conv(pt.as_tensor(xs), pt.as_tensor(filters)).eval().tolist()
    [[[2.0, 4.0]]]
    """
    axes = xs.ndim - 2
    window = window_of(filters[(..., *(0,) * axes)], None)
    before, after = padding_of(padding, window, (1,) * axes)
    stride = per_axis(stride, axes, "stride")
    columns = window_columns(
        pad_spatial(xs, before, after), window, stride, (1,) * axes
    )  # (K*C, B, *O)
    places = [length(columns, 2 + i) for i in range(axes)]
    if flip:
        filters = filters[(slice(None), slice(None), *(slice(None, None, -1),) * axes)]
    order = (*range(2 + axes, 2 + 2 * axes), 0, *range(1 + axes, 1, -1), 1)
    weights = filters.dimshuffle(*order)  # (*O, F, *K reversed, C)
    weights = weights.reshape((pt.prod(pt.as_tensor(places)), length(filters, 0), -1))
    columns = columns.reshape((columns.shape[0], columns.shape[1], -1)).dimshuffle(
        2, 0, 1
    )  # (O, K*C, B)
    product = pt.matmul(weights, columns).dimshuffle(2, 1, 0)  # (B, F, O)
    return product.reshape((length(xs, 0), length(filters, 0), *places))


def local_conv_channelwise(xs, filters, *, padding="valid", flip=True):
    """`local_conv` of each channel by itself: `filters` (C, *K, *O), result (B, C, *O)."""
    axes = xs.ndim - 2
    window = window_of(filters[(slice(None), None, ..., *(0,) * axes)], None)
    before, after = padding_of(padding, window, (1,) * axes)
    columns = window_columns(
        pad_spatial(xs, before, after), window, (1,) * axes, (1,) * axes
    )  # (K*C, B, *O)
    places = [length(columns, 1 + i) for i in range(1 + axes)]
    columns = columns.reshape((-1, length(filters, 0), *places))  # (K, C, B, *O)
    if flip:
        filters = filters[(slice(None), *(slice(None, None, -1),) * axes)]
    weights = filters.dimshuffle(*range(axes, 0, -1), 0, *range(1 + axes, 1 + 2 * axes))
    weights = weights.reshape((-1, length(filters, 0), *places[1:]))  # (K, C, *O)
    product = pt.sum(
        columns * weights.dimshuffle(0, 1, "x", *range(2, 2 + axes)), axis=0
    )  # (C, B, *O)
    return product.dimshuffle(1, 0, *range(2, 2 + axes))


def window_columns(xs, window, stride, dilation):
    """The entries of every window, (K*C, B, *O): the last axis of the window varies slowest, channels fastest."""
    columns = xs.dimshuffle(1, 0, *range(2, xs.ndim))
    for i, size in enumerate(window):
        slices = taps(columns, 2 + i, size, stride[i], dilation[i])
        columns = pt.concatenate(slices, axis=0) if size > 1 else slices[0]
    return columns


def filter_rows(filters, flip, axes):
    """The filters as (F, K*C), in the order of `window_columns`."""
    if flip:
        filters = filters[(slice(None), slice(None), *(slice(None, None, -1),) * axes)]
    return filters.dimshuffle(0, *range(1 + axes, 1, -1), 1).reshape((length(filters, 0), -1))


def columns_product(weights, columns, groups, window):
    """``weights (F, K*C/G) @ columns (K*C, B, *O)``, group by group: (B, F, *O)."""
    places = [length(columns, i) for i in range(1, columns.ndim)]  # B, *O
    if groups == 1:
        product = pt.dot(weights, columns.reshape((length(columns, 0), -1)))
    else:
        entries = 1
        for size in window:
            entries *= size
        grouped = columns.reshape((entries, groups, -1, pt.prod(pt.as_tensor(places)))).dimshuffle(
            1, 0, 2, 3
        )
        grouped = grouped.reshape((groups, -1, pt.prod(pt.as_tensor(places))))
        product = pt.matmul(weights.reshape((groups, -1, weights.shape[1])), grouped)
    product = product.reshape((length(weights, 0), *places))
    return product.dimshuffle(1, 0, *range(2, product.ndim))


def swapped(filters, groups):
    """Filters with the channels of input and output exchanged, group by group: (F, C/G, *K) to (C, F/G, *K)."""
    axes = range(2, filters.ndim)
    if groups == 1:
        return filters.dimshuffle(1, 0, *axes)
    window = [length(filters, axis) for axis in axes]
    split = filters.reshape((groups, -1, length(filters, 1), *window)).dimshuffle(
        0, 2, 1, *(1 + axis for axis in axes)
    )
    return split.reshape((groups * length(filters, 1), -1, *window))


def pad_spatial_end(xs, extra):
    """`xs` with `extra` zeros (ints or expressions) behind each spatial axis; negative numbers cut."""
    lengths = [length(xs, axis) for axis in range(xs.ndim)]
    longer = [n + e for n, e in zip(lengths[2:], extra, strict=True)]
    frame = pt.zeros((*lengths[:2], *longer), dtype=xs.dtype)
    shared = tuple(slice(None, n) for n in lengths[2:])
    return pt.set_subtensor(frame[(slice(None), slice(None), *shared)], xs)


def checked_operands(xs, filters):
    """Both as tensors, and the number of spatial axes."""
    xs, filters = pt.as_tensor(xs), pt.as_tensor(filters)
    if xs.ndim not in (3, 4, 5):
        raise UserError(f"xs must have 3, 4 or 5 axes (B, C, *S), but has {xs.ndim}")
    if filters.ndim != xs.ndim:
        raise UserError(
            f"filters must have as many axes as xs ({xs.ndim}), but have {filters.ndim}"
        )
    return xs, filters, xs.ndim - 2


def window_of(filters, filter_shape):
    """The window of the filters, as ints."""
    given = filter_shape or (None,) * filters.ndim
    window = [known if known is not None else stated
              for known, stated in zip(filters.type.shape, given, strict=True)][2:]  # fmt: skip
    if any(size is None for size in window):
        window = (
            [value_or_none(size) for size in filters.shape[2:].eval()]
            if is_fixed(filters)
            else window
        )
    if any(size is None for size in window):
        raise UserError(f"filters must have a known window, but their static shape is {filters.type.shape};"
                        " give filter_shape=, or make them with a static shape")  # fmt: skip
    return tuple(int(size) for size in window)


def is_fixed(filters):
    """Whether the shape of `filters` follows from constants and shared variables alone."""
    from pytensor.compile.sharedvalue import SharedVariable
    from pytensor.graph.basic import Constant
    from pytensor.graph.traversal import graph_inputs

    return all(isinstance(x, (Constant, SharedVariable)) for x in graph_inputs([filters]))


def value_or_none(size):
    return None if size is None else int(size)


def padding_of(padding, window, dilation):
    """Entries to add before and after each axis, for every way to say it."""
    span = [d * (k - 1) for d, k in zip(dilation, window, strict=True)]
    if padding == "valid":
        sides = [(0, 0)] * len(window)
    elif padding == "full":
        sides = [(s, s) for s in span]
    elif padding in ("half", "same"):
        sides = (
            [((s + 1) // 2, (s + 1) // 2) for s in span]
            if padding == "half"
            else [(s - s // 2, s // 2) for s in span]
        )
    elif isinstance(padding, str):
        raise UserError(
            f"padding must be 'valid', 'full', 'half', 'same' or numbers, but is {padding!r}"
        )
    else:
        sides = [
            p if isinstance(p, tuple) else (p, p) for p in per_axis(padding, len(window), "padding")
        ]
    if any(p < 0 for side in sides for p in side):
        raise UserError(f"padding must not be negative, but is {padding!r}")
    return [a for a, _ in sides], [b for _, b in sides]
