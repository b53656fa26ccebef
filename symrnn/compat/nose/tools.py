"""``nose.tools``: unittest's assertions as functions, and two decorators."""

import functools
import re
import unittest

from symrnn.compat.missing import missing

_case = unittest.TestCase()
_case.maxDiff = None


def _in_words(name):
    """``assertRaises`` as ``assert_raises``."""
    return re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m.group(1).lower(), name)


globals().update(
    {_in_words(name): getattr(_case, name) for name in dir(_case) if name.startswith("assert")}
)
assert_equals = _case.assertEqual
assert_not_equals = _case.assertNotEqual
assert_items_equal = _case.assertCountEqual
assert_raises_regexp = _case.assertRaisesRegex
assert_regexp_matches = _case.assertRegex
eq_ = _case.assertEqual
ok_ = _case.assertTrue


def raises(*exceptions):
    """A decorator for a test that must raise one of `exceptions`."""

    def must_raise(test):
        @functools.wraps(test)
        def checked(*args, **kwargs):
            try:
                test(*args, **kwargs)
            except exceptions:
                return
            names = ", ".join(one.__name__ for one in exceptions)
            raise AssertionError(f"{test.__name__} raised none of {names}")

        return checked

    return must_raise


def with_setup(setup=None, teardown=None):
    """A decorator that calls `setup` before the test and `teardown` after it."""

    def surrounded(test):
        @functools.wraps(test)
        def run(*args, **kwargs):
            if setup is not None:
                setup()
            try:
                return test(*args, **kwargs)
            finally:
                if teardown is not None:
                    teardown()

        return run

    return surrounded


def timed(limit):
    """A decorator for a test that took at most `limit` seconds; how long it takes is not asked here."""
    return lambda test: test


def nottest(function):
    """`function`, which is no test."""
    function.__test__ = False
    return function


def istest(function):
    """`function`, which is a test."""
    function.__test__ = True
    return function


__getattr__ = missing(__name__)
