"""``theano.compat.python2x``."""

from collections import Counter, OrderedDict, defaultdict

from symrnn.compat.missing import missing

DefaultOrderedDict = defaultdict

__getattr__ = missing(__name__)
