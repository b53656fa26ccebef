"""Calls of NumPy, and of Python's functions on arrays, as they were meant when old programs were written.

`sources.with_old_indices` sends the calls here; whatever is no such call goes through as it is.
"""

import math

import numpy as np


def one_number(x):
    """An array of one entry as that entry; anything else as it is."""
    return x.item() if isinstance(x, np.ndarray) and x.size == 1 and x.ndim else x


def array(make, values, *args, **kwargs):
    """``np.array`` and its kin: rows of several lengths make an array of lists, ``copy=False`` copies where it must."""
    if kwargs.get("copy", True) is False:
        kwargs["copy"] = None
    try:
        return make(values, *args, **kwargs)
    except ValueError as error:
        if "inhomogeneous" not in str(error) or args or kwargs.get("dtype") is not None:
            raise
        return make(
            values, dtype=object, **{name: one for name, one in kwargs.items() if name != "dtype"}
        )


def fromstring(text, dtype=float, count=-1, sep="", **kwargs):
    """``np.fromstring``, of bytes too."""
    if sep != "":
        return np.fromstring(text, dtype=dtype, count=count, sep=sep, **kwargs)
    data = text.encode("latin-1") if isinstance(text, str) else text
    return np.frombuffer(data, dtype=dtype, count=count).copy()


OF_ARRAYS = set(map(id, (np.array, np.asarray, np.asanyarray)))
OF_MATH = (
    "sqrt",
    "exp",
    "log",
    "log10",
    "pow",
    "floor",
    "ceil",
    "isnan",
    "isinf",
    "sin",
    "cos",
    "tanh",
    "fabs",
)
OF_NUMBERS = set(map(id, (float, int, complex, round, *(getattr(math, name) for name in OF_MATH))))


def old_call(function, *args, **kwargs):
    """``function(…)`` for a function that is called by one of `sources.CALLED`.

    Examples
    --------
    >>> old_call(float, np.array([2])), old_call(np.array, [[1, 2], [3]]).dtype
    (2.0, dtype('O'))
    """
    if id(function) in OF_ARRAYS and args:
        return array(function, *args, **kwargs)
    if function is np.fromstring:
        return fromstring(*args, **kwargs)
    if id(function) in OF_NUMBERS:
        return function(*map(one_number, args), **kwargs)
    return function(*args, **kwargs)


def old_format(text, values):
    """``text % values``, where arrays of one entry stand for numbers."""
    if type(text) is str:
        values = tuple(map(one_number, values)) if type(values) is tuple else one_number(values)
    return text % values


def to_bytes(subject):
    """``array.tostring()``."""
    return subject.tostring() if hasattr(subject, "tostring") else subject.tobytes()


def set_item(value, container, index):
    """``container[index] = value``, where an array of one entry may be put into a place for a number."""
    from symrnn.compat.numpy_era import as_index

    container[as_index(index)] = one_number(value) if isinstance(container, np.ndarray) else value
