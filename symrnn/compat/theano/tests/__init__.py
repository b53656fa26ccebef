"""``theano.tests``: the tools of Theano's own tests; the tests are found in a checkout on the path."""

from symrnn.compat.missing import missing

from . import unittest_tools

__getattr__ = missing(__name__)
