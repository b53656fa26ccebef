"""Python 2 sources read as Python 3."""

import sys
import types

import numpy as np
import pytest

from symrnn.compat import python2
from symrnn.compat.programs import Era
from symrnn.compat.python2.imports import old_import
from symrnn.compat.python2.words import converted_words
from symrnn.errors import UserError

WORDS = {  # Python 2: Python 3
    "print": "print()",
    "print 'a'": "print('a')",
    "print 'a', b,": "print('a', b, end=' ')",
    "print('a')": "print('a')",
    "print ('a', b)": "print(('a', b))",
    "print (a + b) / 2": "print((a + b) / 2)",
    "print >>f, 'a'": "print('a', file=f)",
    "print '%d' % (x, )": "print('%d' % (x, ))",
    "if x: print x; y = 1": "if x: print(x); y = 1",
    "printer = 1": "printer = 1",
    "try:\n    pass\nexcept (A, B), e:\n    raise C, 'm'": "try:\n    pass\nexcept (A, B) as e:\n    raise C('m')",
    "a <> 10L or 0777 == `b`": "a != 10 or 0o777 == repr(b)",
    "x = {'a': lambda y: y, 'print': 1}": "x = {'a': lambda y: y, 'print': 1}",
    "s = u'print x'  # print y": "s = u'print x'  # print y",
    's = """\nprint x\n"""': 's = """\nprint x\n"""',
    "exec code in scope": "exec(code, scope)",
    "x = 0.5 + 007 + 1e5": "x = 0.5 + 0o07 + 1e5",
}


@pytest.mark.parametrize("old", WORDS)
def test_words_become_those_of_python_3(old):
    assert converted_words(old.encode(), "x.py") == WORDS[old]
    compile(WORDS[old], "x.py", "exec")


def test_a_print_function_stays():
    source = "from __future__ import print_function\nprint('a', end='')"
    assert converted_words(source.encode(), "x.py") == source


def run(source):
    scope = {"__builtins__": vars(__import__("builtins")) | python2.BUILTINS, "np": np}
    exec(Era(python2=True).code(source.encode(), "x.py"), scope)
    return scope


@pytest.mark.parametrize("what", python2.CARRIED)
def test_what_is_carried_over_is_as_it_was(what):
    row = python2.CARRIED[what]
    found = run(row.source)["x"]
    assert found == row.x
    assert type(found) is type(row.x)


@pytest.mark.parametrize("what", python2.REFUSED)
def test_what_cannot_be_carried_over_is_refused_with_a_sentence(what):
    source, message = python2.REFUSED[what]
    with pytest.raises(UserError, match=message):
        run(source)


def test_a_module_that_the_program_made_by_hand_stands_for_the_librarys(monkeypatch):
    made = types.ModuleType("urllib2")
    monkeypatch.setitem(sys.modules, "urllib2", made)
    assert old_import("urllib2") is made
    monkeypatch.delitem(sys.modules, "urllib2")
    assert old_import("urllib2").urlopen
