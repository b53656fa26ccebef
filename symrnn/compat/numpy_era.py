"""Names that NumPy had when Theano programs were written, and has dropped since; and how it printed."""

import builtins
import types

import numpy as np


class Casts(dict):
    """``np.cast``: a function for each dtype, ``np.cast["int32"](1)``."""

    def __missing__(self, dtype):
        return lambda x: np.asarray(x, dtype=dtype)


_printed = {}  # how NumPy printed before
ALIASES = {
    "float": builtins.float, "int": builtins.int, "bool": builtins.bool, "object": builtins.object, "str": builtins.str,
    "complex": builtins.complex, "long": builtins.int, "unicode": builtins.str,
    "float_": np.float64, "complex_": np.complex128, "string_": np.bytes_, "unicode_": np.str_,
    "Inf": np.inf, "infty": np.inf, "NaN": np.nan, "NAN": np.nan, "PINF": np.inf, "NINF": -np.inf,
    "product": np.prod, "cumproduct": np.cumprod, "sometrue": np.any, "alltrue": np.all, "asscalar": lambda a: a.item(),
    "round_": np.round, "in1d": np.isin, "row_stack": np.vstack, "trapz": getattr(np, "trapezoid", None),
    "msort": lambda a: np.sort(a, axis=0), "rank": np.ndim, "alen": len,
    "asfarray": lambda a, dtype=float: np.asarray(a, dtype),
    "bool8": np.bool_, "int0": np.intp, "uint0": np.uintp, "cast": Casts(), "infinity": np.inf, "Infinity": np.inf,
    "mat": np.asmatrix, "issubclass_": issubclass, "issubsctype": lambda a, b: np.issubdtype(a, b),
    "obj2sctype": lambda rep: np.dtype(rep).type, "typeDict": np.sctypeDict,
    **{name: getattr(np.exceptions, name)
       for name in ("ComplexWarning", "VisibleDeprecationWarning", "AxisError", "RankWarning")},
}  # fmt: skip


def restore_names():
    """Put the dropped names back on `numpy`; those that exist are left."""
    for name, value in ALIASES.items():
        if name not in vars(np):
            setattr(np, name, value)
    np.find_common_type = find_common_type  # today's only says that it is gone
    _printed.setdefault("legacy", np.get_printoptions()["legacy"])
    # NumPy 1.14 began to print floats by their shortest digits.
    np.set_printoptions(legacy="1.13")
    if not hasattr(np.random, "random_integers"):
        np.random.random_integers = random_integers
    if not hasattr(np.testing, "dec"):
        np.testing.dec = testing_dec()


def print_as_today():
    """Let NumPy print as it did before `restore_names`; the names stay."""
    if _printed:
        np.set_printoptions(legacy=_printed.pop("legacy"))


def find_common_type(array_types, scalar_types):
    """The dtype of arrays and numbers together: that of the arrays, unless a number is of a higher kind.

    Then it is the smallest dtype of that kind that holds both.

    Examples
    --------
    >>> find_common_type(["float32"], ["float64"]), find_common_type(["int8"], ["float32"])
    (dtype('float32'), dtype('float32'))
    >>> find_common_type(["int64"], ["float16"])
    dtype('float64')
    """
    arrays, scalars = (
        np.result_type(*map(np.dtype, types)) if types else None
        for types in (array_types, scalar_types)
    )
    if arrays is None or scalars is None:
        return scalars if arrays is None else arrays
    # From the lowest kind to the highest.
    kinds = "buifcSUVO"
    if kinds.index(scalars.kind) > kinds.index(arrays.kind):
        return np.promote_types(scalars, arrays)
    return arrays


def testing_dec():
    """``numpy.testing.dec``: decorators of tests."""
    import unittest

    dec = types.ModuleType("numpy.testing.dec", "decorators of tests")
    dec.skipif = lambda condition, msg=None: unittest.skipIf(
        condition() if callable(condition) else condition, msg or "skipped"
    )
    dec.knownfailureif = dec.skipif  # both count as neither passed nor failed
    dec.slow = dec.deprecated = lambda test: test
    dec.setastest = lambda is_test=True: lambda test: test
    return dec


def random_integers(low, high=None, size=None):
    """Whole numbers from `low` to `high`, both included; from one without `high`."""
    low, high = (1, low) if high is None else (low, high)
    return np.random.randint(low, high + 1, size)


class Place(float):
    """A float that may stand as an index, as NumPy before 1.12 took it, and is a key as before."""

    def __index__(self):
        return int(self)


def as_index(index):
    """`index` as old NumPy took it: a list with slices in it is meant as a tuple, a float as a whole number.

    Examples
    --------
    >>> as_index([slice(None), 0])
    (slice(None, None, None), 0)
    >>> as_index([1, 2])
    [1, 2]
    """
    if type(index) is list and any(
        isinstance(entry, slice) or entry is None or entry is Ellipsis for entry in index
    ):
        return tuple(index)
    if isinstance(index, (float, np.floating)):
        return Place(index)
    return index
