"""``theano.compat``: what bridged Python 2 and 3."""

from collections import OrderedDict, defaultdict
from functools import partial

from symrnn.compat.missing import missing

PY3 = True
imap, izip, ifilter = map, zip, filter
DefaultOrderedDict = defaultdict

__getattr__ = missing(__name__)
