"""Python 2 sources read as Python 3."""

import numpy as np
import pytest

from symrnn.compat import python2
from symrnn.compat.python2_syntax import converted_words
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
    exec(compile(python2.parsed(source.encode(), "x.py"), "x.py", "exec"), scope)
    return scope


def test_what_moved_or_changed_is_as_it_was():
    found = run(
        "d = {'a': 1, 'b': 2}\n"
        "items = sorted(d.iteritems()); first = sorted(d.keys())[0]; has = d.has_key('a')\n"
        "squares = map(lambda x: x * x, range(3)) + filter(None, [0, 7])\n"
        "pairs = zip([1, 2], 'ab'); text = 'a'.encode('utf-8').decode('utf-8'); many = xrange(3)[1]\n"
        "half = 7 / 2; exact = 7.0 / 2; cells = np.arange(4) / 2\n"
        "n = 7\nn /= 2\n"
    )
    assert found["items"] == [("a", 1), ("b", 2)]
    assert (found["first"], found["has"], found["squares"]) == ("a", True, [0, 1, 4, 7])
    assert (found["pairs"], found["text"], found["many"]) == ([(1, "a"), (2, "b")], "a", 1)
    assert (found["half"], found["exact"], found["n"]) == (3, 3.5, 3)
    assert found["cells"].tolist() == [0, 0, 1, 1]


def test_true_division_where_the_program_asked_for_it():
    assert run("from __future__ import division\nx = 7 / 2")["x"] == 3.5


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1\ndef f((a, b)):\n    pass", 2), ("x = (\ny ? 1)", 2)]
)
def test_what_cannot_be_carried_over_is_named_with_its_line(source, line):
    with pytest.raises(UserError, match=f"x.py, line {line}"):
        python2.parsed(source.encode(), "x.py")
