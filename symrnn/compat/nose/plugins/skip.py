"""``nose.plugins.skip``: a test that is raised out of."""

from unittest import SkipTest

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
