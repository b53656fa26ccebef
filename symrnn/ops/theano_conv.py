"""Convolution and pooling with Theano's names and arguments, over `symrnn.ops.conv` and `symrnn.ops.pool`."""

from numbers import Integral

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant
from pytensor.graph.traversal import graph_inputs

from symrnn.errors import UserError
from symrnn.ops.conv import conv, transposed_conv, window_of
from symrnn.ops.pool import pool


def conv2d(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1),
           filter_flip=True, image_shape=None, filter_dilation=(1, 1), num_groups=1, unshared=False,
           **gpu_only):  # fmt: skip
    """``theano.tensor.nnet.conv2d``: (B, C, H, W) with (F, C / groups, K1, K2)."""
    check_shared(unshared)
    filters = with_window(filters, filter_shape)
    covered = axes_covered(input_shape or image_shape, filters, filter_shape, border_mode)
    if covered and num_groups == 1:
        window = window_of(filters, plain(filter_shape))
        filter_shape = (None, None, *(1 if 2 + i in covered else k for i, k in enumerate(window)))
        input, filters = as_channels(input, filters, covered, filter_flip)
    input, padding = with_border(input, filters, border(border_mode), filter_shape, filter_dilation)
    return conv(input, filters, stride=tuple(subsample), padding=padding, dilation=tuple(filter_dilation),
                flip=filter_flip, groups=num_groups, filter_shape=plain(filter_shape))  # fmt: skip


def conv3d(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1, 1),
           filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):  # fmt: skip
    """``theano.tensor.nnet.conv3d``: (B, C, D, H, W) with (F, C / groups, K1, K2, K3)."""
    filters = with_window(filters, filter_shape)
    return conv(input, filters, stride=tuple(subsample), padding=border(border_mode), dilation=tuple(filter_dilation),
                flip=filter_flip, groups=num_groups, filter_shape=plain(filter_shape))  # fmt: skip


def conv1d(input, filters, image_shape=None, filter_shape=None, border_mode="valid", subsample=(1,), filter_flip=True,
           num_groups=1):  # fmt: skip
    """Convolution of (B, C, W) with (F, C / groups, K), in the form that ``Conv1DLayer`` calls."""
    return conv(input, filters, stride=tuple(subsample), padding=border(border_mode), flip=filter_flip,
                groups=num_groups, filter_shape=plain(filter_shape))  # fmt: skip


def conv2d_grad_wrt_inputs(output_grad, filters, input_shape, filter_shape=None, border_mode="valid", subsample=(1, 1),
                           filter_flip=True, filter_dilation=(1, 1), num_groups=1, unshared=False):  # fmt: skip
    """The gradient of `conv2d` with respect to its input, whose last two sizes `input_shape` names."""
    check_shared(unshared)
    filters = with_window(filters, filter_shape)
    return transposed_conv(output_grad, filters, stride=tuple(subsample), crop=border(border_mode),
                           output_size=input_shape[2:], dilation=tuple(filter_dilation), flip=filter_flip,
                           groups=num_groups, filter_shape=plain(filter_shape))  # fmt: skip


def conv2d_grad_wrt_weights(input, output_grad, filter_shape, input_shape=None, border_mode="valid", subsample=(1, 1),
                            filter_flip=True, filter_dilation=(1, 1), num_groups=1, unshared=False):  # fmt: skip
    """The gradient of `conv2d` with respect to its filters, of `filter_shape`."""
    check_shared(unshared)
    shape = plain(filter_shape)
    if shape is None or None in shape[2:]:
        raise UserError(f"filter_shape must state the window in numbers, but is {filter_shape!r}")
    filters = pt.zeros(filter_shape, dtype=output_grad.dtype)
    result = conv(input, filters, stride=tuple(subsample), padding=border(border_mode), dilation=tuple(filter_dilation),
                  flip=filter_flip, groups=num_groups, filter_shape=shape)  # fmt: skip
    return pt.grad(None, filters, known_grads={result: output_grad})


class AbstractConv:
    """Theano's abstract ops, as callables that hold the options of a convolution."""

    def __init__(self, imshp=None, kshp=None, border_mode="valid", subsample=(1, 1), filter_flip=True,
                 filter_dilation=(1, 1), num_groups=1, unshared=False, convdim=2):  # fmt: skip
        self.kshp = kshp
        self.options = {"border_mode": border_mode, "subsample": subsample, "filter_flip": filter_flip,
                        "filter_dilation": filter_dilation, "num_groups": num_groups}  # fmt: skip


class AbstractConvForward(AbstractConv):
    """``AbstractConv2d`` and ``AbstractConv3d``: ``op(input, filters)``."""

    def __call__(self, input, filters):
        call = conv2d if input.ndim == 4 else conv3d
        return call(input, filters, filter_shape=self.kshp, **self.options)


class AbstractConvGradInputs(AbstractConv):
    """``AbstractConv2d_gradInputs`` and its kin: ``op(filters, output_grad, sizes)``."""

    def __call__(self, filters, output_grad, sizes):
        shape = (None, None, *(sizes[i] for i in range(output_grad.ndim - 2)))
        return conv2d_grad_wrt_inputs(
            output_grad, filters, shape, filter_shape=self.kshp, **self.options
        )


class AbstractConvGradWeights(AbstractConv):
    """``AbstractConv2d_gradWeights`` and its kin: ``op(input, output_grad, window)``."""

    def __call__(self, input, output_grad, window):
        axes = input.ndim - 2
        window = [window[i] for i in range(axes)]
        channels = input.shape[1] // self.options["num_groups"]
        return conv2d_grad_wrt_weights(
            input, output_grad, (output_grad.shape[1], channels, *window), **self.options
        )


def pool_2d(
    input,
    ws=None,
    ignore_border=None,
    stride=None,
    pad=(0, 0),
    mode="max",
    ds=None,
    st=None,
    padding=None,
):
    """``theano.tensor.signal.pool.pool_2d``: windows `ws` over the last two axes."""
    return pool_last(input, 2, ws if ds is None else ds, ignore_border, stride if st is None else st,
                     pad if padding is None else padding, mode)  # fmt: skip


def pool_3d(
    input,
    ws=None,
    ignore_border=None,
    stride=None,
    pad=(0, 0, 0),
    mode="max",
    ds=None,
    st=None,
    padding=None,
):
    """``theano.tensor.signal.pool.pool_3d``: windows `ws` over the last three axes."""
    return pool_last(input, 3, ws if ds is None else ds, ignore_border, stride if st is None else st,
                     pad if padding is None else padding, mode)  # fmt: skip


def pool_last(input, axes, ws, ignore_border, stride, pad, mode):
    """Pooling over the last `axes` axes; those before them are taken as the batch."""
    if ws is None:
        raise UserError("ws must name the window, but is None; give ws=(rows, columns)")
    options = {"stride": spelled(stride, axes), "padding": spelled(pad, axes) or 0,
               "ignore_border": bool(ignore_border), "mode": mode, "ties": "each"}  # fmt: skip
    input, window = pt.as_tensor(input), spelled(ws, axes)
    if input.ndim == axes + 2:
        return pool(input, window, **options)
    leading = [input.shape[i] for i in range(input.ndim - axes)]
    flat = input.reshape((1, -1, *[input.shape[i] for i in range(input.ndim - axes, input.ndim)]))
    pooled = pool(flat, window, **options)
    return pooled.reshape((*leading, *[pooled.shape[2 + i] for i in range(axes)]))


def spelled(value, axes):
    """A window, stride or padding as a tuple; the entries of an expression, if it is one."""
    if value is None or isinstance(value, Integral):
        return value
    return tuple(value[i] for i in range(axes)) if hasattr(value, "type") else tuple(value)


def border(mode):
    """Theano's border modes as padding: lists become tuples."""
    if mode is None:
        raise UserError("border_mode must be 'valid', 'full', 'half' or numbers, but is None")
    return tuple(mode) if isinstance(mode, list) else mode


def plain(shape):
    """The sizes of `shape` that are numbers, None for the others."""
    if shape is None:
        return None
    return tuple(None if size is None or hasattr(size, "owner") else int(size) for size in shape)


def with_window(filters, filter_shape):
    """`filters` with their window in their type, where shared variables alone say it.

    Theano computed with a window that it did not know; here a value of another window is refused later.
    """
    filters = pt.as_tensor(filters)
    stated = plain(filter_shape) or (None,) * filters.ndim
    known = [
        size if theirs is None else theirs
        for size, theirs in zip(filters.type.shape, stated, strict=True)
    ]
    if None not in known[2:]:
        return filters
    if isinstance(filters, SharedVariable):
        window = filters.get_value(borrow=True).shape[2:]
    elif all(isinstance(root, SharedVariable | Constant) for root in graph_inputs([filters])):
        window = filters.shape[2:].eval(mode="FAST_COMPILE").tolist()
    else:
        return filters
    return pt.specify_shape(filters, (None, None, *map(int, window)))


MANY = 16  # slices; fewer are no more nodes than what stands for them


def axes_covered(input_shape, filters, filter_shape, border_mode):
    """The spatial axes that the window covers whole, of sizes that are known and large: [3] for rows of embeddings."""
    if input_shape is None or border_mode not in ("valid", 0, (0, 0)):
        return []
    sizes, window = plain(input_shape)[2:], window_of(filters, plain(filter_shape))
    known = [isinstance(size, int) and size > MANY for size in sizes]
    return [2 + i for i, size in enumerate(sizes) if known[i] and size == window[i]]


def as_channels(input, filters, axes, flip):
    """`input` (B, C, H, W) and `filters` (F, C, K1, K2) with axes that the window covers as channels.

    One place is left along them. A window of 300 would be 300 slices, one for each of its entries.
    """
    input, filters = pt.as_tensor(input), pt.as_tensor(filters)
    for axis in axes:
        if flip:
            filters = filters[(slice(None),) * axis + (slice(None, None, -1),)]
        input, filters = (moved_to_channels(x, axis) for x in (input, filters))
    return input, filters


def moved_to_channels(x, axis):
    """`x` (N, C, ...) whose `axis` is part of the second one, and has size one where it was."""
    rest = [i for i in range(2, x.ndim) if i != axis]
    merged = x.dimshuffle(0, 1, axis, *rest)
    merged = merged.reshape((x.shape[0], -1, *(x.shape[i] for i in rest)), ndim=x.ndim - 1)
    return pt.expand_dims(merged, axis)


def with_border(input, filters, padding, filter_shape, dilation):
    """`input` and the padding that is left to do: none, where a window that is an expression says how much."""
    window = window_of(filters, plain(filter_shape))
    if padding not in ("full", "half") or all(isinstance(size, int) for size in window):
        return input, padding
    input = pt.as_tensor(input)
    part = 1 if padding == "full" else 2
    sides = [d * (size - 1) // part for d, size in zip(dilation, window, strict=True)]
    sizes = [input.shape[2 + i] + 2 * side for i, side in enumerate(sides)]
    border = pt.zeros((input.shape[0], input.shape[1], *sizes), dtype=input.dtype)
    inside = [slice(side, side + input.shape[2 + i]) for i, side in enumerate(sides)]
    return pt.set_subtensor(border[(slice(None), slice(None), *inside)], input), "valid"


def check_shared(unshared):
    """Refuse filters of their own at every place."""
    if unshared:
        raise UserError("unshared=True is not supported here; use symrnn.ops.conv.local_conv")
