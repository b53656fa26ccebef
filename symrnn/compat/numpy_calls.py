"""Calls of NumPy, and of Python's functions on arrays, as they were meant when old programs were written.

`sources.with_old_indices` sends the calls here; whatever is no such call goes through as it is.
"""

import functools
import io
import math
import operator

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
    return frombuffer(text, dtype=dtype, count=count, **kwargs).copy()


def frombuffer(text, *args, **kwargs):
    """``np.frombuffer``, of text whose characters stand for bytes too."""
    return np.frombuffer(as_bytes(text), *args, **kwargs)


def as_bytes(x):
    """Text as the bytes that its characters stand for; anything else as it is."""
    return x.encode("latin-1") if isinstance(x, str) else x


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


def old_call(function, /, *args, **kwargs):
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
    if function is np.frombuffer:
        return frombuffer(*args, **kwargs)
    if args and (id(function) in OF_FILES or module_of(function).startswith("scipy.io")):
        return with_files(function, args, kwargs)
    if "normed" in kwargs and is_numpys(function):
        kwargs["density"] = kwargs.pop("normed")
    if id(function) in OF_NUMBERS:
        return function(*map(one_number, args), **kwargs)
    return with_sizes(function, args, kwargs)


OF_FILES = set(map(id, (np.load, np.save, np.savez, np.savez_compressed)))


def with_files(function, args, kwargs):
    """``np.load`` and its kin, SciPy's too: files may be open as text; arrays of objects are read, of Python 2 too."""
    if function is np.load:
        kwargs = {"allow_pickle": True, "encoding": "latin1"} | kwargs
    file, *others = args
    if isinstance(file, io.TextIOBase) and hasattr(file, "buffer"):
        file.flush() if file.writable() else None
        file = file.buffer
    if hasattr(file, "read") and getattr(file, "readable", lambda: True)():
        file = PlainBytes(file)
    return function(file, *others, **kwargs)


class PlainBytes:
    """A file that is read as NumPy expects, whatever class of bytes it gives."""

    def __init__(self, file):
        self.file = file

    def read(self, size=-1):
        return bytes(self.file.read(size))

    def readline(self, size=-1):
        return bytes(self.file.readline(size))

    def __getattr__(self, name):
        return getattr(self.file, name)


def truncated(x):
    """`x`, or the entries of it, as whole numbers where they are floats: NumPy took those as sizes."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(truncated, x)) if type(x) in (tuple, list) else x
    return int(x) if isinstance(x, (float, np.floating)) else x


def with_sizes(function, args, kwargs):
    """``function(…)`` of NumPy, whose sizes may be floats."""
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if not (is_numpys(function) and any(said in str(error) for said in OF_SIZES)):
            raise
        shape = [(name, truncated(one)) for name, one in kwargs.items() if name in SIZES]
        for places in (args[:1], args):  # zeros(2.) has its size first, uniform(0., 1., 2.) last
            changed = [*map(truncated, places), *args[len(places) :]]
            if getattr(function, "__name__", "") in SIZE_LAST and len(args) > 1:
                changed = [*args[:-1], truncated(args[-1])]
            try:
                return function(*changed, **kwargs | dict(shape))
            except TypeError:
                if places is args:
                    raise


SIZES = ("size", "shape", "reps", "repeats", "num", "newshape", "N", "M", "n")
SIZE_LAST = ("uniform", "normal", "binomial", "choice", "multinomial", "randint", "full", "linspace", "repeat", "tile",
             "split", "array_split", "roll")  # fmt: skip
OF_SIZES = ("cannot be interpreted as an integer", "expected a sequence of integers", "integer argument expected",
            "Cannot cast array data from dtype('float64') to dtype('int64')")  # fmt: skip


def is_numpys(function):
    """Whether a function is one of NumPy, a method of an array, or of a generator."""
    subject = getattr(function, "__self__", None)
    known = isinstance(subject, (np.ndarray, np.random.RandomState))
    return known or module_of(function).startswith("numpy")


def module_of(function):
    """The name of the module that a function is of."""
    return str(getattr(function, "__module__", None))


def as_bound(bound):
    """A bound of a slice, as a whole number where it is a float."""
    return int(bound) if isinstance(bound, (float, np.floating)) else bound


def negated(x):
    """``-x``; of a mask, where it is false.

    Examples
    --------
    >>> negated(np.array([True, False])).tolist(), negated(2)
    ([False, True], -2)
    """
    return ~x if isinstance(x, (np.ndarray, np.bool_)) and x.dtype == bool else -x


def equals(a, b, yes=True):
    """``a == b`` of what may be an array and None or text, which were never equal; with ``yes=False``, ``a != b``.

    Examples
    --------
    >>> equals(np.zeros(2), None), equals(np.zeros(2), "half", False), equals("half", "half")
    (False, True, True)
    """
    for one, other in ((a, b), (b, a)):
        if isinstance(one, np.ndarray) and (other is None or one.dtype.kind not in "SUO"):
            return not yes
    return a == b if yes else a != b


class OneEntry:
    """An array of one entry in a format: a number where one is asked for, and else an array.

    Examples
    --------
    >>> "%d %s" % (OneEntry(np.array([5])), OneEntry(np.array([5])))
    '5 [5]'
    """

    def __init__(self, array):
        self.array = array

    def __str__(self):
        return str(self.array)

    def __repr__(self):
        return repr(self.array)

    def __int__(self):
        return int(self.array.item())

    def __index__(self):
        return operator.index(self.array.item())

    def __float__(self):
        return float(self.array.item())

    def __format__(self, spec):
        try:
            return format(str(self.array), spec)
        except ValueError:  # it asks for a number
            return format(self.array.item(), spec)

    def __getitem__(self, index):
        return self.array[index]

    def __getattr__(self, name):
        return getattr(self.array, name)


def as_argument(x):
    """`x` as it is put into a format."""
    return OneEntry(x) if isinstance(x, np.ndarray) and x.size == 1 and x.ndim else x


def as_arguments(values, each=as_argument):
    """The right side of ``text % values``, with each value as it is put into a format."""
    if type(values) is tuple:
        return tuple(map(each, values))
    if type(values) is dict:
        return {key: each(value) for key, value in values.items()}
    return each(values)


def old_format(text, values):
    """``text % values``, where arrays of one entry stand for numbers."""
    return text % (as_arguments(values) if type(text) is str else values)


def array_method(subject, name):
    """The method of an array that is a function today, or what `subject` has by that name.

    Examples
    --------
    >>> x = np.zeros((2, 2))
    >>> array_method(x, "itemset")((0, 1), 3.0), array_method(x, "ptp")()
    (None, np.float64(3.0))
    """
    if hasattr(subject, name) or not isinstance(subject, np.ndarray):
        return getattr(subject, name)
    if name == "itemset":
        return lambda *index_and_value: put(subject, *index_and_value)
    if name == "newbyteorder":
        return lambda order="S": subject.view(subject.dtype.newbyteorder(order))
    return functools.partial(np.ptp, subject)


def put(array, *index_and_value):
    """``array.itemset(…)``: an index, flat or of all axes, unless there is one entry; and the value."""
    *index, value = index_and_value
    index = index[0] if len(index) == 1 else tuple(index)
    if isinstance(index, tuple):
        array[index] = value
    else:
        array.flat[index] = value


def to_bytes(subject):
    """``array.tostring()``."""
    return subject.tostring() if hasattr(subject, "tostring") else subject.tobytes()


def with_new_axes(x, index):
    """``x[index]`` where `index` has new axes: an expression loses axes of size one behind those that are named.

    Theano took ``m[:, None]`` of a column ``m`` as its vector with a new axis: (B, 1), which NumPy has as (B, 1, 1).
    """
    parts = index if isinstance(index, tuple) else (index,)
    known = getattr(getattr(x, "type", None), "broadcastable", None)
    if known is not None and all(map(is_basic, parts)):
        named = sum(one is not None for one in parts)
        if known[named:] and all(known[named:]):
            x = x.dimshuffle(*range(named))
    return x[index]


def is_basic(part):
    """Whether a part of an index is a new axis, a slice or a single place."""
    return part is None or isinstance(part, (slice, int)) or getattr(part, "ndim", None) == 0


def set_item(value, container, index):
    """``container[index] = value``, where an array of one entry may be put into a place for a number."""
    from symrnn.compat.numpy_era import as_index

    takes_numbers = isinstance(container, np.ndarray) and container.dtype != object
    container[as_index(index)] = one_number(value) if takes_numbers else value
