"""``nose``: the few functions of it that test files of that time import; pytest runs the tests.

nose itself does not run on today's Python.
"""

from unittest import SkipTest

from symrnn.compat.missing import missing

from . import plugins, tools

__getattr__ = missing(__name__)
