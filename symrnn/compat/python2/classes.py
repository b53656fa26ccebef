"""Classes with Python 2's methods: ``next``, ``__nonzero__``, ``__div__``, ``__getslice__``, ``__cmp__``."""

import sys

RENAMED = {"next": "__next__", "__nonzero__": "__bool__", "__div__": "__truediv__", "__rdiv__": "__rtruediv__",
           "__idiv__": "__itruediv__", "__unicode__": None, "__long__": "__int__"}  # fmt: skip
SLICES = {
    "__getslice__": "__getitem__",
    "__setslice__": "__setitem__",
    "__delslice__": "__delitem__",
}
COMPARISONS = {
    "__lt__": lambda sign: sign < 0,
    "__le__": lambda sign: sign <= 0,
    "__eq__": lambda sign: sign == 0,
    "__ne__": lambda sign: sign != 0,
    "__gt__": lambda sign: sign > 0,
    "__ge__": lambda sign: sign >= 0,
}


def old_class(cls):
    """A decorator: `cls` with today's names for the methods it defines.

    Examples
    --------
    >>> @old_class
    ... class Three:
    ...     def __getslice__(self, i, j):
    ...         return (i, j)
    ...     def __cmp__(self, other):
    ...         return 3 - other
    ...     def __len__(self):
    ...         return 3
    >>> three = Three()
    >>> three[1:-1], three < 4, three == 3
    ((1, 2), True, True)
    """
    # As the class was written: what is added below must not count as defined.
    defined = dict(vars(cls))
    for old, new in RENAMED.items():
        if old in defined and new is not None and new not in defined:
            setattr(cls, new, defined[old])
    for old, new in SLICES.items():
        if old in defined:
            setattr(cls, new, with_slices(defined[old], getattr(cls, new, None)))
    if "__cmp__" in defined:
        for name in COMPARISONS:
            if name not in defined:
                setattr(cls, name, by_sign(COMPARISONS[name]))
    keep_hash_and_unequal(cls, defined)
    return cls


def with_slices(for_slices, for_others):
    """An item method that calls `for_slices` for plain slices, with bounds as Python 2 gave them."""

    def item(self, index, *value):
        if isinstance(index, slice) and index.step is None:
            return for_slices(self, *bounds(self, index), *value)
        if for_others is None:
            raise TypeError(f"{type(self).__name__} takes slices alone as indices")
        return for_others(self, index, *value)

    return item


def bounds(sequence, index):
    """Start and stop of a slice: zero and the largest number where none is given; from the end where negative."""
    # Asked for where a bound is negative alone, as in Python 2: a class may have no length.
    length = len(sequence) if (index.start or 0) < 0 or (index.stop or 0) < 0 else 0
    start = 0 if index.start is None else index.start
    stop = sys.maxsize if index.stop is None else index.stop
    return (start + length if start < 0 else start), (stop + length if stop < 0 else stop)


def by_sign(of_sign):
    """A comparison that asks ``__cmp__`` for its sign."""

    def compare(self, other):
        sign = self.__cmp__(other)
        return sign if sign is NotImplemented else of_sign(sign)

    return compare


def keep_hash_and_unequal(cls, defined):
    """A class that defines equality alone kept its hash, and ``!=`` by identity."""
    compares = "__eq__" in defined or "__cmp__" in defined
    if compares and defined.get("__hash__") is None:  # Python 3 puts None there
        cls.__hash__ = next(
            base.__hash__ for base in cls.__mro__[1:] if base.__dict__.get("__hash__") is not None
        )
    # `object` has a ``__ne__`` in Python 3, which turns ``__eq__`` round.
    own = [base for base in cls.__mro__ if base is not object]
    if "__eq__" in defined and not any("__ne__" in vars(base) for base in own):
        cls.__ne__ = lambda self, other: self is not other
