"""Order as it was: values of several types have one, ``sort`` takes a function that compares two entries."""

import functools
import operator

from symrnn.compat.python2.run_time import unequal

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
SIMPLE = (type(None), int, float, str, bytes, list, tuple, dict, set)


def ordered(sign, a, b):
    """``a < b`` and its kin: values of several types have an order, None before numbers before all others.

    Examples
    --------
    >>> ordered("<", None, -1), ordered(">", "a", 1e9), ordered("<", [1], "a")
    (True, True, True)
    """
    try:
        return SIGNS[sign](a, b)
    except TypeError:
        if type(a) is type(b) and isinstance(a, (list, tuple)):
            return ordered_entries(sign, a, b)
        if isinstance(a, dict) and isinstance(b, dict):
            return SIGNS[sign](compared_dictionaries(a, b), 0)
        if type(a) is type(b) or not (isinstance(a, SIMPLE) and isinstance(b, SIMPLE)):
            raise
        return SIGNS[sign](rank(a), rank(b))


def ordered_entries(sign, a, b):
    """Whether two lists are in order: their first entries that differ are, or else their lengths."""
    for one, other in zip(a, b, strict=False):
        if one != other:
            return ordered(sign, one, other)
    return SIGNS[sign](len(a), len(b))


def compared_dictionaries(a, b):
    """``cmp`` of dictionaries: by how many entries they have, then by the least key whose entries differ.

    Examples
    --------
    >>> compared_dictionaries({1: 2}, {1: 3}), compared_dictionaries({1: 2, 3: 4}, {5: 6})
    (-1, 1)
    """
    if len(a) != len(b):
        return compare(len(a), len(b))
    least = [
        in_order([key for key in one if key not in other or unequal(one[key], other[key])])[:1]
        for one, other in ((a, b), (b, a))
    ]
    if not all(least):
        return 0
    [ours], [theirs] = least
    return compare(ours, theirs) or compare(a[ours], b[theirs])


def rank(x):
    """Where values of a type come among those of others."""
    return (x is not None, not isinstance(x, (int, float)), type(x).__name__)


def compare(a, b):
    """``cmp``: -1, 0 or 1."""
    return int(ordered(">", a, b)) - int(ordered("<", a, b))


def sort_in_place(subject, /, *args, **kwargs):
    """``subject.sort(…)``: a list took a function that compares two entries; so does ``list.sort(subject, …)``."""
    if subject is list and args:
        subject, *args = args
    elif not isinstance(subject, list) or type(subject).sort is not list.sort:
        return subject.sort(*args, **kwargs)
    # By `list`: a class derived from it may have other entries and slices to show.
    everything = slice(None)
    entries = list.__getitem__(subject, everything)
    list.__setitem__(subject, everything, in_order(entries, *args, **kwargs))
    return None


def in_order(iterable, cmp=None, key=None, reverse=False):
    """``sorted``: with a function that compares two entries, and of several types."""
    entries = list(iterable)
    try:
        return sorted(entries, **sort_options(cmp, key, reverse))
    except TypeError:
        if cmp is not None:
            raise
        return sorted(entries, **sort_options(compare, key, reverse))


def sort_options(cmp=None, key=None, reverse=False):
    """The options of ``sort`` today."""
    if cmp is not None:
        compared = functools.cmp_to_key(cmp)
        given = key
        key = compared if given is None else (lambda entry: compared(given(entry)))
    return {"key": key, "reverse": bool(reverse)}
