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
    "try:\n    pass\nexcept (A, B), e:\n    raise C, 'm'": "try:\n    pass\nexcept (A, B) as e:\n"
    "    raise __symrnn_raised__(C, 'm')",
    "a <> 10L or 0777 == `b`": "a != 10 or 0o777 == repr(b)",
    "x = {'a': lambda y: y, 'print': 1}": "x = {'a': lambda y: y, 'print': 1}",
    "s = u'print x'  # print y": "s = u'print x'  # print y",
    's = """\nprint x\n"""': 's = """\nprint x\n"""',
    "exec code in scope": "exec(code, scope)",
    "def f(async=1): self.async = async": "def f(async_=1): self.async_ = async_",
    "exec \"x = 'a' in s\"": "exec(\"x = 'a' in s\")",
    "exec 'for i in n: y = i' in d, d": "exec('for i in n: y = i', d, d)",
    "exec('x = 1') in d": "exec(('x = 1'), d)",
    "exec ('x = %d') % 1": "exec(('x = %d') % 1)",
    "exec ('x = 1', d)": "exec('x = 1', d)",
    "exec f(a in b) + inner": "exec(f(a in b) + inner)",
    "if lambda1 > 'lambda': print 'a'": "if lambda1 > 'lambda': print('a')",
    "if f(lambda: 1): print 'a'": "if f(lambda: 1): print('a')",
    "f = lambda a, b=lambda: 3: a; print 'a'": "f = lambda a, b=lambda: 3: a; print('a')",
    "x = a or'b' if 1else ur'c'": "x = a or'b' if 1 else r'c'",
    "print >>f, 'a', 'b',": "print('a', 'b', file=f, end=' ')",
    "print >> f": "print(file=f)",
    "print()": "print(())",
    "print`1`,": "print(repr(1), end=' ')",
    "print -1": "print(-1)",
    "print[1]": "print([1])",
    "x = [y for y in 1, 2]": "x = [y for y in (1, 2)]",
    "x = [y for y in 1, 2 if y for z in a, b]": "x = [y for y in (1, 2) if y for z in (a, b)]",
    "x = [y for y in 1,]": "x = [y for y in (1,)]",
    "x = {'[': [a[y] for y in f(1, 2), 'a, b']}": "x = {'[': [a[y] for y in (f(1, 2), 'a, b')]}",
    "x = [y in z for y in f(a, b) if y in (1, 2)]": "x = [y in z for y in f(a, b) if y in (1, 2)]",
    "x = [a, b, [c for c in d], 'for x in 1, 2']": "x = [a, b, [c for c in d], 'for x in 1, 2']",
    "x = 0.5 + 007 + 1e5": "x = 0.5 + 0o07 + 1e5",
}


@pytest.mark.parametrize("old", WORDS)
def test_words_become_those_of_python_3(old):
    assert converted_words(old.encode(), "x.py") == WORDS[old]
    compile(WORDS[old], "x.py", "exec")


NUMBERS = {  # as they are written in Python 2: what they are
    "0": 0, "00": 0, "007": 7, "0777": 511, "0o17": 15, "0O17": 15, "0b11": 3, "0B1": 1, "0xe": 14, "0XFF": 255,
    "0L": 0, "00l": 0, "10L": 10, "017L": 15, "0xFFL": 255, "0xffl": 255, "0b11L": 3, "0o17l": 15,
    "1e05": 1e5, "1e-05": 1e-5, "1E+05": 1e5, "1.e-04": 1e-4, ".5e+01": 5.0, "0.5e-010": 0.5e-10, "0.05": 0.05,
    "00.5": 0.5, "09.5": 9.5, "0777.": 777.0, "010e2": 1000.0, "1.": 1.0, "0.": 0.0, ".01": 0.01,
    "1j": 1j, "010j": 10j, "1e-05j": 1e-5j, "01.e-05J": 1e-5j,
    "0xE+1": 15, "3-01": 2, "10-010": 2, "1 if 1else 02": 1, "[5, 6][01]": 6, "0x1e-05": 25,
}  # fmt: skip


@pytest.mark.parametrize("old", NUMBERS)
def test_numbers_are_what_they_were(old):
    [value] = eval(converted_words(f"({old},)".encode(), "x.py"))
    assert (value, type(value)) == (NUMBERS[old], type(NUMBERS[old]))


def test_a_print_function_stays():
    source = "from __future__ import print_function\nprint('a', end='')"
    assert converted_words(source.encode(), "x.py") == source


def test_a_mark_at_the_start_of_a_file_is_in_no_string():
    assert run("\ufeffx = 'é', u'é'")["x"] == ("Ã©", "é")


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
