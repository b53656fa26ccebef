"""Names of ``theano.tensor`` that PyTensor spells, orders or takes otherwise."""

import warnings

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import zero_grad

from ..compile.functions import with_free_axis

abs_ = pt.abs
inv = pt.reciprocal
sgn = pt.sign
alloc_empty = pt.empty
consider_constant = zero_grad


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
    if len(tensors) == 2 and isinstance(tensors[0], (list, tuple)) and isinstance(tensors[1], int):
        return pt.stack(list(tensors[0]), axis=tensors[1])
    return pt.stack(list(tensors), axis=axis)


def flatten(x, ndim=None, outdim=None):
    """`x` with its last axes taken as one, so that `ndim` (once called `outdim`) remain."""
    return pt.flatten(x, ndim or outdim or 1)


def batched_dot(a, b):
    """The products of the entries of `a` and `b` along their first axis."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return pt.batched_dot(a, b)


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
    ordered = pt.sort(x, axis=axis)
    kept = slice(-kth, None) if kth > 0 else slice(None, -kth)
    axis = axis % ordered.ndim
    return ordered[(*(slice(None),) * axis, kept)]


def batched_tensordot(x, y, axes=2):
    """`tensordot` of the entries of `x` and `y` along their first axis; `axes` count with it."""
    if isinstance(axes, int):
        axes = [list(range(x.ndim - axes, x.ndim)), list(range(1, axes + 1))]
    first, second = ([axes] if isinstance(axes, int) else list(axes) for axes in axes)
    x_kept = [axis for axis in range(1, x.ndim) if axis not in first]
    y_kept = [axis for axis in range(1, y.ndim) if axis not in second]
    x, y = x.dimshuffle(0, *x_kept, *first), y.dimshuffle(0, *second, *y_kept)
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
    from pytensor.tensor.exceptions import NotScalarConstantError

    try:
        return pt.get_scalar_constant_value(x)
    except NotScalarConstantError:
        return x


def is_flat(var, ndim=None, outdim=None):
    """Whether `var` has no more axes than a variable flattened to `ndim`."""
    return var.ndim == (ndim or outdim or 1)
