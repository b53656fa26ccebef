"""``nose.plugins``."""

from symrnn.compat.missing import missing

from . import attrib, skip

__getattr__ = missing(__name__)
