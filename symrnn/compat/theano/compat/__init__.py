"""``theano.compat``: what bridged Python 2 and 3."""

import configparser as _configparser
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, ValuesView
from collections.abc import MutableMapping as DictMixin
from functools import partial
from importlib import reload
from io import BytesIO
from operator import truediv

from symrnn.compat.missing import missing

PY3 = True
configparser = _configparser
operator_div = truediv
imap, izip, ifilter = map, zip, filter
DefaultOrderedDict = defaultdict


def b(text):
    """`text` as bytes."""
    return text.encode("latin-1")


def cmp(x, y):
    """-1, 0 or 1, as `x` is less than, equal to or greater than `y`."""
    return (x > y) - (x < y)


def decode(x):
    """Bytes as text."""
    return x.decode()


def decode_iter(itr):
    """Bytes as text, one after the other."""
    return map(decode, itr)


def exc_message(e):
    """What an exception, or the first one that it wraps, says."""
    [message, *_] = e.args
    return exc_message(message) if isinstance(message, Exception) else message


def get_unbound_function(unbound):
    """The function of a method."""
    return getattr(unbound, "__func__", unbound)


__getattr__ = missing(__name__)
