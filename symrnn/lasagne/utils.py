"""What layers, initialisers and update rules share: parameters, tuples, graph walks."""

import inspect
import numbers

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable

int_types = (numbers.Integral, np.integer)


def floatX(arr):
    """`arr` as an array of `pytensor.config.floatX`."""
    return np.asarray(arr, dtype=pytensor.config.floatX)


def shared_empty(dim=2, dtype=None):
    """A shared variable of `dim` axes with a single zero in it, to be filled later."""
    return pytensor.shared(
        np.zeros((1,) * dim, dtype=dtype or pytensor.config.floatX), shape=(None,) * dim
    )


def as_theano_expression(input):
    """`input` as an expression; variables are returned as they are."""
    if isinstance(input, Variable):
        return input
    try:
        return pt.as_tensor_variable(input)
    except Exception as error:
        raise TypeError(f"input must be an expression, or an array or number to make a constant of, but is"
                        f" {type(input).__name__}") from error  # fmt: skip


def collect_shared_vars(expressions):
    """The shared variables below one or several expressions, left to right, each once.

    Examples
    --------
    >>> x, y, z = (pytensor.shared(0, name=name) for name in "xyz")
    >>> collect_shared_vars(x + (y + x) * z)
    [x, y, z]
    """
    if isinstance(expressions, Variable):
        expressions = [expressions]
    # A stack that is filled from the right: the order of Theano's walk, in which files of values have the parameters.
    waiting, seen, found = list(reversed(expressions)), set(), []
    while waiting:
        variable = waiting.pop()
        if variable in seen:
            continue
        seen.add(variable)
        if isinstance(variable, SharedVariable):
            found.append(variable)
        elif variable.owner is not None and not isinstance(variable, Constant):
            waiting.extend(reversed(variable.owner.inputs))
    return found


def one_hot(x, m=None):
    """Class numbers (B,) as rows (B, m) with a single one, likewise of more axes; `m` defaults to the largest number
    plus one."""
    x = pt.as_tensor_variable(x)
    classes = pt.arange(pt.max(x) + 1 if m is None else m)
    return pt.cast(pt.eq(pt.shape_padright(x), classes), pytensor.config.floatX)


def unique(l):
    """The entries of `l` without repetitions, in their first order."""
    return list(dict.fromkeys(l))


def as_tuple(x, N, t=None):
    """`x` as a tuple of length `N`, of elements of type `t`; a single value is repeated.

    Examples
    --------
    >>> as_tuple(3, 2)
    (3, 3)
    """
    try:
        values = tuple(x)
    except TypeError:
        values = (x,) * N
    if t is not None and not all(isinstance(value, t) for value in values):
        raise TypeError(f"expected a single value or an iterable of {type_names(t)}, but got {x!r}")
    if len(values) != N:
        raise ValueError(f"expected a single value or an iterable with length {N}, but got {x!r}")
    return values


def numbered_axis(axis, ndim):
    """An axis of an input of `ndim` as its number from the front.

    Examples
    --------
    >>> numbered_axis(-1, 4)
    3
    """
    if not -ndim <= axis < ndim:
        raise IndexError(
            f"axis must be from {-ndim} to {ndim - 1} for an input of {ndim} axes, but is {axis}"
        )
    return int(axis) % ndim


def numbered_axes(axes, ndim):
    """One axis or several as a tuple of numbers, those below zero counted from the last.

    Examples
    --------
    >>> numbered_axes(-1, 4), numbered_axes((0, np.int64(-2)), 4)
    ((3,), (0, 2))
    """
    axes = (axes,) if isinstance(axes, int_types) else axes
    return tuple(int(axis) + ndim if -ndim <= axis < 0 else int(axis) for axis in axes)


def type_names(t):
    """A type, or a tuple of them, in words; the integer types count as int."""
    if t is int_types:
        return "int"
    return " or ".join(one.__name__ for one in t) if isinstance(t, tuple) else t.__name__


def inspect_kwargs(func):
    """The names of the arguments of `func` that have defaults."""
    parameters = inspect.signature(func).parameters.values()
    return [p.name for p in parameters if p.default is not p.empty]


def compute_norms(array, norm_axes=None):
    """The L2 norms over `norm_axes` of an array or expression.

    By default over what feeds a unit: axis 0 of a matrix, all axes but the first of convolution filters; for a
    vector the
    absolute values.
    """
    if not isinstance(array, (Variable, np.ndarray)):
        raise RuntimeError(
            f"Unsupported type {type(array).__name__}: array must be an array or an expression"
        )
    if norm_axes is None:
        norm_axes = default_norm_axes(array.ndim)
    if not norm_axes:
        return abs(array)
    squares = (array**2).sum(axis=tuple(norm_axes), dtype=array.dtype)
    root = np.sqrt if isinstance(array, np.ndarray) else pt.sqrt
    return root(squares).astype(array.dtype)


def default_norm_axes(ndim):
    """The axes that feed a unit in a parameter of `ndim` axes."""
    known = {1: (), 2: (0,), 3: (1, 2), 4: (1, 2, 3), 5: (1, 2, 3, 4)}
    if ndim not in known:
        raise ValueError(f"Unsupported tensor dimensionality {ndim}: give norm_axes")
    return known[ndim]


def create_param(spec, shape, name=None):
    """A parameter of `shape` from `spec`: a number, an array, an expression, or a function of the shape giving any
    of them.

    Numbers and arrays become shared variables of static shape and of their own dtype, called `name`;
    shared variables and expressions are returned as they are, when they have as many axes as the shape; one without a
    name is called `name`.
    """
    shape = tuple(shape)
    if any(size is not None and size <= 0 for size in shape):
        raise ValueError(f"cannot create param {name!r} with a non-positive size: shape is {shape}")
    origin = "parameter given"
    if callable(spec) and not isinstance(spec, Variable):
        spec, origin = spec(shape), "callable's return value"
    if isinstance(spec, (numbers.Number, np.generic)) and not isinstance(spec, np.ndarray):
        spec = np.asarray(spec)
    if isinstance(spec, np.ndarray):
        if spec.shape != shape:
            raise ValueError(f"{origin} for {name!r} must have shape {shape}, but has {spec.shape}")
        # Its shape in its type: the builders ask there for sizes, and a size of one broadcasts only there.
        return pytensor.shared(spec, name=name, shape=spec.shape)
    if isinstance(spec, Variable):
        if spec.ndim != len(shape):
            raise ValueError(
                f"{origin} for {name!r} must have {len(shape)} axes, but has {spec.ndim}"
            )
        spec.name = spec.name or name
        return spec
    raise TypeError(f"{origin} for {name!r} must be a number, an array, an expression or a callable returning one,"
                    f" but is {type(spec).__name__}")  # fmt: skip


def unroll_scan(fn, sequences, outputs_info, non_sequences, n_steps, go_backwards=False):
    """What `pytensor.scan` computes, as a chain of `n_steps` copies of `fn`.

    `fn` takes an entry of each sequence, the previous outputs, the non-sequences. Returns each output
    stacked over the steps, in a list; with `go_backwards` the first entry belongs to the last step.
    """
    sequences = sequences if isinstance(sequences, (list, tuple)) else [sequences]
    states, history = list(outputs_info), []
    for i in reversed(range(n_steps)) if go_backwards else range(n_steps):
        states = fn(*[sequence[i] for sequence in sequences], *states, *non_sequences)
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        history.append(states)
    return [pt.stack([pt.as_tensor(step[k]) for step in history]) for k in range(len(states))]
