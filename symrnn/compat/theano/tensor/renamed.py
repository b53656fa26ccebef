"""Names of ``theano.tensor`` that PyTensor spells, orders or takes otherwise."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import zero_grad
from pytensor.tensor.basic import get_underlying_scalar_constant_value
from pytensor.tensor.blas import _batched_dot

from symrnn.compat.gone import printed

from ..compile.functions import with_free_axis

abs_ = pt.abs
inv = pt.reciprocal
sgn = pt.sign
alloc_empty = pt.empty
consider_constant = zero_grad
complex_from_polar, conj, deg2rad, iv, rad2deg = (
    printed(name, getattr(pt, name))
    for name in ("complex_from_polar", "conj", "deg2rad", "iv", "rad2deg")
)


class EmptyConstantError(pt.exceptions.NotScalarConstantError):
    """A constant without entries was asked for the one that all of them are."""


def typed(make):
    """A maker of variables that takes its dtype in second place too."""

    def variable(name=None, dtype=None):
        return make(name, dtype=dtype)

    variable.__name__ = variable.__qualname__ = make.__name__
    variable.__doc__ = f"A variable ({make.__name__}) of `dtype`, floatX by default."
    return variable


scalar, vector, matrix, row, col = (
    typed(make) for make in (pt.scalar, pt.vector, pt.matrix, pt.row, pt.col)
)
tensor3, tensor4, tensor5 = (typed(make) for make in (pt.tensor3, pt.tensor4, pt.tensor5))


def rows(*names):
    """Several rows."""
    return [row(name) for name in names]


def cols(*names):
    """Several columns."""
    return [col(name) for name in names]


def tensor(dtype=None, broadcastable=None, name=None, **kwargs):
    """A variable of `dtype`, with an axis for each entry of `broadcastable`, true for a size of one."""
    if broadcastable is None:
        return pt.tensor(name, dtype=dtype, **kwargs)
    return pt.tensor(
        name, dtype=dtype, shape=tuple(1 if one else None for one in broadcastable), **kwargs
    )


def stack(*tensors, axis=0):
    """Tensors side by side on a new axis; they come as a list, or one by one."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        return pt.stack(list(tensors[0]), axis=axis)
    # The axis by its place.
    if len(tensors) == 2 and isinstance(tensors[0], (list, tuple)) and isinstance(tensors[1], int):
        return pt.stack(list(tensors[0]), axis=tensors[1])
    return pt.stack(list(tensors), axis=axis)


def split(x, splits_size, n_splits, axis=0):
    """`x` in `n_splits` parts along an axis, as long as `splits_size` says."""
    return pt.split(x, splits_size, n_splits=n_splits, axis=axis)


def reshape(x, newshape, ndim=None):
    """`x` in another shape, which has `ndim` axes where it cannot tell itself."""
    return pt.reshape(x, newshape, ndim=ndim)


def flatten(x, ndim=None, outdim=None):
    """`x` with its last axes taken as one, so that `ndim` (once called `outdim`) remain."""
    kept = ndim if ndim is not None else outdim if outdim is not None else 1
    if not 1 <= kept <= max(1, pt.as_tensor(x).ndim):
        raise ValueError(
            f"ndim must be from 1 to {pt.as_tensor(x).ndim}, the axes of x, but is {kept}"
        )
    return pt.flatten(x, kept)


def batched_dot(a, b):
    """The products of the entries of `a` (B, ...) and `b` (B, ...), vectors or matrices, along their first axis."""
    a, b = pt.as_tensor(a), pt.as_tensor(b)
    if 0 in (a.ndim, b.ndim):
        raise TypeError(
            f"batched_dot needs a first axis to walk along, but a has {a.ndim} axes and b {b.ndim}"
        )
    # A vector holds one number an entry, which multiplies the other's.
    if 1 in (a.ndim, b.ndim):
        wide = max(a.ndim, b.ndim)
        return multiplied(*(x.dimshuffle(*range(x.ndim), *"x" * (wide - x.ndim)) for x in (a, b)))
    if a.ndim > 3 or b.ndim > 3:
        return batched_tensordot(a, b, [[a.ndim - 1], [max(1, b.ndim - 2)]])
    product = _batched_dot(a[:, None, :] if a.ndim == 2 else a, b[:, :, None] if b.ndim == 2 else b)
    product = product[:, 0] if a.ndim == 2 else product
    return product[..., 0] if b.ndim == 2 else product


def multiplied(a, b):
    """``a * b``, whose first axes are as long as each other."""
    return a * pt.specify_shape(b, (a.shape[0], *(None,) * (b.ndim - 1)))


def tile(x, reps, ndim=None):
    """`x`, `reps` times along each axis, with axes put before them until there are `ndim`."""
    x = pt.as_tensor(x)
    if ndim is not None:
        known = len(reps) if isinstance(reps, (list, tuple)) else getattr(reps, "ndim", 1) and None
        if known is not None and ndim < max(known, x.ndim):
            raise ValueError(f"ndim must be at least the axes of x and of reps, but is {ndim}")
        x = x.dimshuffle(*"x" * (ndim - x.ndim), *range(x.ndim))
        if known is None:
            reps = pt.as_tensor(reps)
            reps = [1] * (ndim - 1) + [reps] if reps.ndim == 0 else [reps[i] for i in range(ndim)]
    return pt.tile(x, reps)


def get_scalar_constant_value(v, **options):
    """The number that `v`, or every entry of it, is for certain."""
    if (
        isinstance(v, pytensor.graph.basic.Constant)
        and isinstance(v.data, np.ndarray)
        and v.data.ndim
    ):
        v = v.data
    if isinstance(v, np.ndarray) and v.ndim:
        if not v.size:
            raise EmptyConstantError(f"there is no entry in {v!r}")
        if (v == v.flat[0]).all():
            return v.flat[0]
        raise pt.exceptions.NotScalarConstantError(f"entries of {v!r} differ")
    return get_underlying_scalar_constant_value(v, **options)


def addbroadcast(x, *axes):
    """`x` with the promise that `axes` have size one."""
    return pt.specify_broadcastable(x, *axes)


def unbroadcast(x, *axes):
    """`x` without the promise that `axes` have size one."""
    x = pt.as_tensor(x)
    for axis in axes:
        if x.type.shape[axis] == 1:
            one = pt.max(pt.stack([x.shape[axis], 1]))  # which PyTensor does not look into
            x = with_free_axis(x, axis, one)
    return x


def patternbroadcast(x, broadcastable):
    """`x` with the promise that the axes that are true in `broadcastable` have size one."""
    axes = [axis for axis, one in enumerate(broadcastable) if one and x.type.shape[axis] != 1]
    return pt.specify_broadcastable(x, *axes) if axes else x


def to_one_hot(y, nb_class, dtype=None):
    """Class numbers (B,) as rows (B, nb_class) with a single one."""
    y = pt.as_tensor(y)
    return pt.cast(pt.eq(y[:, None], pt.arange(nb_class)[None, :]), dtype or pytensor.config.floatX)


def topk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """The `kth` largest entries along an axis; the smallest, for a negative number."""
    # Ascending, so the largest stand at the end.
    ordered = pt.sort(x, axis=axis)
    kept = slice(-kth, None) if kth > 0 else slice(None, -kth)
    axis = axis % ordered.ndim
    return ordered[(*(slice(None),) * axis, kept)]


def argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """Where the `kth` largest entries along an axis are; the smallest, for a negative number."""
    order = pt.argsort(x, axis=axis)
    kept = slice(-kth, None) if kth > 0 else slice(None, -kth)
    return pt.cast(order[(*(slice(None),) * (axis % order.ndim), kept)], idx_dtype)


def topk_and_argtopk(x, kth, axis=-1, sorted=True, idx_dtype="int64"):
    """What `topk` and `argtopk` give."""
    return [topk(x, kth, axis), argtopk(x, kth, axis, idx_dtype=idx_dtype)]


def batched_tensordot(x, y, axes=2):
    """`tensordot` of the entries of `x` and `y` along their first axis; `axes` count with it."""
    if isinstance(axes, int):
        axes = [list(range(x.ndim - axes, x.ndim)), list(range(1, axes + 1))]
    first, second = ([axes] if isinstance(axes, int) else list(axes) for axes in axes)
    x_kept = [axis for axis in range(1, x.ndim) if axis not in first]
    y_kept = [axis for axis in range(1, y.ndim) if axis not in second]
    x, y = x.dimshuffle(0, *x_kept, *first), y.dimshuffle(0, *second, *y_kept)
    # Axes that are summed become one, those that are kept another: a product of matrices an entry.
    summed = pt.prod(x.shape[1 + len(x_kept) :], dtype="int64")
    rows = x.reshape((x.shape[0], -1, summed), ndim=3)
    columns = y.reshape((y.shape[0], summed, -1), ndim=3)
    sizes = [x.shape[i] for i in range(1 + len(x_kept))]
    sizes += [y.shape[i] for i in range(1 + len(second), y.ndim)]
    return pt.matmul(rows, columns).reshape(pt.stack(sizes), ndim=len(sizes))


def default(x, default):
    """`x`, or `default` where it is None, a decision that is made while the graph is built."""
    if x is None or getattr(x, "type", None) == pt.type_other.none_type_t:
        return pt.as_tensor(default)
    return pt.as_tensor(x)


def extract_constant(x, elemwise=True, only_process_constants=False):
    """The number that `x` is for certain, or `x`."""
    try:
        return get_scalar_constant_value(x)
    except pt.exceptions.NotScalarConstantError:
        return x


def is_flat(var, ndim=None, outdim=None):
    """Whether `var` has no more axes than a variable flattened to `ndim`."""
    return var.ndim == (ndim or outdim or 1)
