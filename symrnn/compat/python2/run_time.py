"""What converted programs call: operators, methods and functions as they were; `semantics` lists them.

Byte strings of Python 2 are text here, a character a byte (Latin-1), so that ``.decode`` and ``.encode`` keep their
meaning.
"""

import collections.abc
import inspect
import re
import sys

import numpy as np

from symrnn.compat import numpy_calls
from symrnn.compat.numpy_calls import as_arguments, equals
from symrnn.compat.python2.codings import decode
from symrnn.errors import UserError

METHODS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys", "viewitems": "items",
           "viewvalues": "values", "viewkeys": "keys"}  # fmt: skip
ATTRIBUTES = {"func_name": "__name__", "func_code": "__code__", "func_defaults": "__defaults__", "func_doc": "__doc__",
              "func_globals": "__globals__", "func_dict": "__dict__", "func_closure": "__closure__",
              "im_func": "__func__", "im_self": "__self__", "message": None, "exc_type": None,
              "exc_value": None, "exc_traceback": None, "im_class": None, "__getslice__": None,
              "__setslice__": None, "__delslice__": None}  # fmt: skip


BOUND = {"next", "has_key", *METHODS}  # methods that are passed on, too


def divide(a, b):
    """``a / b``: ``__div__`` where a class has it, rounded down between whole numbers.

    Examples
    --------
    >>> divide(7, 2), divide(7.0, 2)
    (3, 3.5)
    """
    if hasattr(type(a), "__div__"):
        result = a.__div__(b)
        if result is not NotImplemented:
            return result
    return a // b if is_whole(a) and is_whole(b) else a / b


def divide_in_place(a, b):
    """What ``a /= b`` puts in the place of `a`; an array is changed where it is."""
    if hasattr(type(a), "__idiv__"):
        return a.__idiv__(b)
    if not hasattr(type(a), "__div__"):
        if is_whole(a) and is_whole(b):
            a //= b
            return a
        a /= b
        return a
    return divide(a, b)


def is_whole(x):
    """Whether `x` is a whole number, or an array or an expression of them; pandas always divided exactly."""
    if isinstance(x, (int, np.integer)):
        return True
    if isinstance(x, np.ndarray) or type(x).__module__.startswith("pytensor."):
        return str(getattr(x, "dtype", "")).startswith(("int", "uint", "bool"))
    return False


def modulo(a, b):
    """``a % b``, with text formatted as it was."""
    return a % as_arguments(b, as_argument) if type(a) is str else a % b


def entries(x):
    """What ``x[0]`` is an entry of, where `x` was caught: an exception had those of its arguments."""
    is_plain = isinstance(x, BaseException) and not hasattr(type(x), "__getitem__")
    return x.args if is_plain else x


def flat(parts, shape):
    """What a tuple of parameters holds, one after the other.

    Examples
    --------
    >>> flat((1, [2, 3]), (None, (None, None)))
    [1, 2, 3]
    """
    if shape is None:
        return [parts]
    return [one for part, inner in zip(parts, shape, strict=True) for one in flat(part, inner)]


def equal(a, b):
    """``a == b``, where bytes may equal text."""
    if type(a) is bytes and isinstance(b, str):
        return a.decode("latin-1") == b
    if type(b) is bytes and isinstance(a, str):
        return a == b.decode("latin-1")
    return compared(a, b, True)


def unequal(a, b):
    """``a != b``, where bytes may equal text."""
    if bytes in (type(a), type(b)):
        return not equal(a, b)
    return compared(a, b, False)


def compared(a, b, yes):
    """``a == b``, or with `yes` false ``a != b``, where arrays of other shapes are not equal."""
    try:
        if isinstance(a, str) or isinstance(b, str):
            return equals(a, b, yes)
        return a == b if yes else a != b
    except ValueError:
        if not (isinstance(a, np.ndarray) or isinstance(b, np.ndarray)):
            raise
        return not yes


class Printed(float):
    """A number that prints with twelve digits, as it is part of a format."""

    def __str__(self):
        return text_of(float(self))

    def __format__(self, spec):
        return super().__format__(spec + ".12" if NO_DIGITS_ASKED.fullmatch(spec) else spec)


# The fill and alignment, the sign, the width; no precision, no type.
NO_DIGITS_ASKED = re.compile(r"(?:.?[<>=^])?[ +-]?#?0?\d*,?", re.DOTALL)


def as_argument(x):
    """`x` as it is put into a format."""
    if type(x) in (float, np.float64):
        return Printed(x)
    return x.decode("latin-1") if isinstance(x, bytes) else numpy_calls.as_argument(x)


def formatted(subject, /, *args, **kwargs):
    """``subject.format(…)``."""
    if type(subject) is str:
        args = [as_argument(one) for one in args]
        kwargs = {name: as_argument(one) for name, one in kwargs.items()}
    return subject.format(*args, **kwargs)


def text_of(x=""):
    """``str(x)``: numbers with twelve digits, bytes as text.

    Examples
    --------
    >>> text_of(0.1 + 0.2), text_of(1e22), text_of(2.0), text_of(b"ab")
    ('0.3', '1e+22', '2.0', 'ab')
    """
    if type(x) is float:
        return f"{x:.12}"
    return x.decode("latin-1") if isinstance(x, bytes) else str(x)


def text_type(function):
    """What a call of ``str`` or ``unicode`` calls: `unicode_of`, unless these are names of the program's own."""
    return unicode_of if function is str else function


def unicode_type(function):
    """What a call of ``unicode`` calls: a class may say what it is as unicode."""
    return by_own_unicode if function is str else function


def by_own_unicode(x="", *encoding, **options):
    """``unicode(x)``."""
    if hasattr(type(x), "__unicode__") and not encoding and not options:
        return x.__unicode__()
    return unicode_of(x, *encoding, **options)


def unicode_of(x="", *encoding, **options):
    """``str(x)`` and ``unicode(x)``, or with an encoding ``x.decode(encoding)``."""
    return decode(x, *encoding, **options) if encoding or options else text_of(x)


def has_key(mapping, key):
    """Whether `key` is in `mapping`."""
    return mapping.has_key(key) if hasattr(mapping, "has_key") else key in mapping


def as_list(view):
    """A dictionary's view as the list it was; what is no view is returned."""
    abc = collections.abc
    return list(view) if isinstance(view, (abc.KeysView, abc.ValuesView, abc.ItemsView)) else view


def method(subject, old):
    """The method that `old` is called today, unless `subject` has one of its own by that name."""
    if hasattr(subject, old):
        return getattr(subject, old)
    new = getattr(subject, METHODS[old])
    return (lambda: iter(new())) if old.startswith("iter") else new


EXCEPTION = ("exc_type", "exc_value", "exc_traceback")  # of `sys`


def attribute(subject, old):
    """The attribute that `old` is called today, unless `subject` has one by that name."""
    if hasattr(subject, old):
        return getattr(subject, old)
    if old == "message" and isinstance(subject, BaseException):
        return subject.args[0] if len(subject.args) == 1 else ""
    if old in EXCEPTION and subject is sys:
        return sys.exc_info()[EXCEPTION.index(old)]
    if old == "im_func" and inspect.isfunction(subject):
        return subject  # ``A.f``, a method of no object
    if old == "im_class":
        return type(subject.__self__)
    if old.endswith("slice__"):  # bounds come last, but for a value
        count = 3 if old == "__setslice__" else 2
        item = getattr(subject, old.replace("slice", "item"))
        return lambda *args: item(*args[:-count], slice(*args[-count:][:2]), *args[-count:][2:])
    return getattr(subject, ATTRIBUTES[old] or old)


def bound(subject, old):
    """A method that is passed on, by the name it had: ``it.next``, ``d.has_key``, ``d.iteritems``.

    Examples
    --------
    >>> list(filter(bound({"a": 1}, "has_key"), "ab")), bound(iter([7]), "next")()
    (['a'], 7)
    """
    if hasattr(subject, old):
        return getattr(subject, old)
    if old == "next" and hasattr(subject, "__next__"):
        return subject.__next__
    if old == "has_key" and hasattr(subject, "__contains__"):
        return subject.__contains__
    return method(subject, old) if old in METHODS else getattr(subject, old)


def next_of(iterator):
    """``iterator.next()``, whether it is a method of the program or an iterator of Python."""
    return iterator.next() if hasattr(iterator, "next") else next(iterator)


def raised(kind, value):
    """The exception that ``raise kind, value`` raised: `value` where it is one already, or `kind` of it.

    Examples
    --------
    >>> raised(ValueError, (1, 2)), raised(ValueError, ValueError("a")), raised(ValueError("b"), None)
    (ValueError(1, 2), ValueError('a'), ValueError('b'))
    """
    while isinstance(kind, tuple) and kind:
        kind = kind[0]  # the first of what may be caught
    if not isinstance(kind, type) or isinstance(value, kind):
        return value if isinstance(kind, type) else kind
    return kind(*value) if type(value) is tuple else kind() if value is None else kind(value)


def execute_in(scope, variables, code, builtins):
    """Run converted code, and leave the names that it imports in no dictionary of the program."""
    is_module = "__builtins__" in scope
    find_names(scope, builtins)
    exec(code, scope, variables)
    if variables is not scope or not is_module:
        for name in [name for name in variables if str(name).startswith("__symrnn_")]:
            del variables[name]


def find_names(scope, builtins):
    """Let converted code in `scope` find the built-in names of its program, and what trees call."""
    from symrnn.compat.python2.builtin_names import functions_of_trees

    if "__builtins__" not in scope:
        scope["__builtins__"] = builtins | functions_of_trees()
        return
    for name, function in functions_of_trees().items():
        scope.setdefault(name, function)


def execute(code, scope=None, variables=None):
    """``exec code``; text is read as Python 2."""
    frame = sys._getframe(1)
    if isinstance(scope, tuple):
        scope, variables = (*scope, None)[:2]
    if isinstance(code, (str, bytes)):
        from symrnn.compat.programs import era_in_use

        source = code.encode("utf-8") if isinstance(code, str) else code
        code = era_in_use().code(source, "<string>")
    local = frame.f_locals
    if scope is not None:
        execute_in(scope, scope if variables is None else variables, code, frame.f_builtins)
        return
    # The names of a module or a class are what exec changes; a function's come as a copy.
    if not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        execute_in(frame.f_globals, local, code, frame.f_builtins)
        return
    seen = dict(local)
    exec(code, frame.f_globals, seen)
    own = {name for name in seen if not name.startswith("__symrnn_")}
    if changed := [name for name in own if name not in local or seen[name] is not local[name]]:
        raise UserError(
            f"exec in a function sets {', '.join(sorted(changed))}, which Python 3 does not carry over;"
            " give it a dictionary: exec code in names"
        )
