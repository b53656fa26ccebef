"""Names of Python's library that went away between the old programs' time and today; those that exist are left."""

import collections.abc
import importlib
import inspect
import math
import threading
import time
import unittest
from collections import namedtuple

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")


def getargspec(function):
    """``inspect.getargspec``: the parameters of a function."""
    spec = inspect.getfullargspec(function)
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


NAMES = {
    "time": {"clock": time.process_time},
    "collections": {name: getattr(collections.abc, name) for name in collections.abc.__all__},
    "inspect": {"getargspec": getargspec, "ArgSpec": ArgSpec},
    "fractions": {"gcd": math.gcd},
    "base64": {"encodestring": "encodebytes", "decodestring": "decodebytes"},
}


TESTS = {  # methods of a test case
    "assertEquals": "assertEqual", "assertNotEquals": "assertNotEqual", "assert_": "assertTrue",
    "assertAlmostEquals": "assertAlmostEqual", "assertNotAlmostEquals": "assertNotAlmostEqual",
    "assertItemsEqual": "assertCountEqual", "assertRegexpMatches": "assertRegex",
    "assertNotRegexpMatches": "assertNotRegex", "assertRaisesRegexp": "assertRaisesRegex", "failUnless": "assertTrue",
    "failIf": "assertFalse", "failUnlessEqual": "assertEqual", "failIfEqual": "assertNotEqual",
    "failUnlessRaises": "assertRaises", "failUnlessAlmostEqual": "assertAlmostEqual",
}  # fmt: skip


def restore_names():
    """Put them back."""
    if not hasattr(threading.Thread, "isAlive"):
        threading.Thread.isAlive = threading.Thread.is_alive
    for name, value in TESTS.items():
        if not hasattr(unittest.TestCase, name):
            setattr(unittest.TestCase, name, getattr(unittest.TestCase, value))
    for module, names in NAMES.items():
        found = importlib.import_module(module)
        for name, value in names.items():
            if not hasattr(found, name):
                setattr(found, name, getattr(found, value) if isinstance(value, str) else value)
