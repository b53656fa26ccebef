"""A plugin of pytest for tests written for nose: tests that yield their checks, and ``setup`` of classes."""

import functools
import inspect
import unittest

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector, name, obj):
    """Tests that are generators run all that they yield; classes are set up as nose did it."""
    if inspect.isclass(obj):
        take_over_setup(obj)
        return None
    if (
        inspect.isgeneratorfunction(obj)
        and collector.funcnamefilter(name)
        and not in_a_test_case(collector)
    ):
        # pytest looks the test up again when it runs it
        setattr(collector.obj, name, all_yielded(getattr(obj, "__func__", obj)))
        return list(collector._genfunctions(name, getattr(collector.obj, name)))
    return None


def in_a_test_case(collector):
    """Whether `collector` is a class of unittest, whose generators nose did not run either."""
    return inspect.isclass(collector.obj) and issubclass(collector.obj, unittest.TestCase)


def take_over_setup(cls):
    """Let ``setup`` and ``teardown`` be what pytest calls before and after a test."""
    if issubclass(cls, unittest.TestCase):
        return
    for nose, pytests in (("setup", "setup_method"), ("teardown", "teardown_method")):
        method = vars(cls).get(nose) or vars(cls).get(
            nose.replace("up", "Up").replace("down", "Down")
        )
        # nose called these in any class; pytest did so too, up to version 7.
        if inspect.isfunction(method) and not hasattr(cls, pytests):
            setattr(cls, pytests, lambda self, method, called=method: called(self))


def all_yielded(test):
    """A test that makes every call that `test` yields: ``yield check, argument, …``."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        for call in test(*args, **kwargs):
            function, *given = call if isinstance(call, tuple) else (call,)
            function(*given)

    del run.__wrapped__  # pytest would look through it and see a generator
    run.__signature__ = inspect.signature(test)
    return run
