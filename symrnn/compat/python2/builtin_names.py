"""Built-in names as Python 2 had them, given to the modules of a program."""

import ast
import builtins
import decimal
import functools
import importlib
import io
import itertools
import sys
from pathlib import Path

from symrnn.compat.numpy_calls import as_bytes, one_number
from symrnn.compat.python2 import files, imports, orders, run_time
from symrnn.errors import UserError


def listed(function):
    """A function of the built-in ones that returned lists."""
    return functools.wraps(function)(lambda *args: list(function(*args)))


def list_map(function, *sequences):
    """``map``: a list, as long as the longest sequence, with None for what the others lack."""
    function = run_time.text_type(function)
    if len(sequences) == 1:
        return list(sequences[0]) if function is None else list(map(function, sequences[0]))
    rows = itertools.zip_longest(*sequences)
    return list(rows) if function is None else [function(*row) for row in rows]


def like_filter(function, sequence):
    """``filter``: text of text, a tuple of a tuple, a list of anything else."""
    kept = list(filter(function, sequence))
    if isinstance(sequence, str):
        return "".join(kept)
    return tuple(kept) if isinstance(sequence, tuple) else kept


def away_from_zero(number, ndigits=0):
    """``round``: halves go away from zero, and the result is a float.

    Examples
    --------
    >>> away_from_zero(2.5), away_from_zero(-0.5), away_from_zero(2.675, 2), away_from_zero(1234, -2)
    (3.0, -1.0, 2.67, 1200.0)
    """
    number = float(one_number(number))
    if number != number or number in (float("inf"), float("-inf")):
        return number
    exact = decimal.Decimal(number)
    unit = decimal.Decimal(1).scaleb(-ndigits)
    with decimal.localcontext() as context:
        context.prec = 400
        return float(exact.quantize(unit, decimal.ROUND_HALF_UP))


def print_old(*values, sep=" ", end="\n", file=None):
    """``print``: numbers with twelve digits, bytes as the text they hold."""
    print(*(shown(run_time.text_of(value)) for value in values), sep=sep, end=end, file=file)


def format_old(x, spec=""):
    """``format``: numbers with twelve digits, unless `spec` asks for others."""
    return format(run_time.as_argument(x), spec)


def shown(text):
    """Text whose characters stand for bytes, as a terminal shows those bytes."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def of_several_types(function, sign):
    """``max`` or ``min``, of several types too."""

    def chosen(*args, **options):
        entries = args[0] if len(args) == 1 else args
        try:
            return function(*args, **options)
        except TypeError:
            if options or not isinstance(entries, (list, tuple)) or not entries:
                raise
            return functools.reduce(lambda a, b: b if orders.ordered(sign, b, a) else a, entries)

    return functools.wraps(function)(chosen)


def run_file(path, scope=None, variables=None):
    """``execfile``: a file is read as Python 2."""
    from symrnn.compat.programs import era_in_use

    frame = sys._getframe(1)
    code = era_in_use().code(Path(path).read_bytes(), str(path))
    scope = frame.f_globals if scope is None else scope
    scope.setdefault("__builtins__", vars(builtins) | BUILTINS)
    exec(code, scope, scope if variables is None else variables)


def reload(module):
    """``reload``; of `sys`, which brought back a setting, nothing."""
    return module if module is sys else importlib.reload(module)


def old_input(prompt=""):
    """``input``: the value of what is typed."""
    return eval(input(prompt), sys._getframe(1).f_globals)


def old_eval(source, scope=None, variables=None):
    """``eval``: text is read as Python 2, whose operators are found in `scope`."""
    frame = sys._getframe(1)
    if scope is None:
        scope, variables = frame.f_globals, frame.f_locals
    run_time.find_names(scope, frame.f_builtins)
    code = old_compile(source.strip(), "<string>", "eval") if isinstance(source, str) else source
    return eval(code, scope, variables)


@functools.cache
def functions_of_trees():
    """What sources call once they are converted, by the names they have there."""
    from symrnn.compat import sources
    from symrnn.compat.python2.tree import FUNCTIONS, own

    return {
        own(name): getattr(importlib.import_module(module), name)
        for module, names in (FUNCTIONS | sources.IMPORTS).items()
        for name in names
    }


def old_compile(source, filename, mode, flags=0, dont_inherit=False):
    """``compile``: text is read as Python 2."""
    from symrnn.compat.programs import era_in_use

    try:
        tree = era_in_use().tree(source.encode(), filename) if isinstance(source, str) else source
    except UserError:
        tree = source  # of which Python says what is wrong
    if mode == "eval" and isinstance(tree, ast.Module):
        expressions = [one for one in tree.body if isinstance(one, ast.Expr)]
        tree = ast.Expression(expressions[0].value) if len(expressions) == 1 else source
    return compile(tree, filename, mode, flags, True)


def old_getattr(subject, name, *default):
    """``getattr``, of methods by their old names too."""
    if name in run_time.BOUND and old_hasattr(subject, name):
        return run_time.bound(subject, name)
    return getattr(subject, name, *default)


def old_hasattr(subject, name):
    """``hasattr``: text was no sequence to walk along, and methods have their old names too."""
    if name == "__iter__" and isinstance(subject, (str, bytes)):
        return False
    if hasattr(subject, name):
        return True
    if name in run_time.BOUND:
        return hasattr(subject, "__next__" if name == "next" else "keys")
    return False


class FileType(type):
    """The class of `file`."""

    def __call__(cls, *args, **kwargs):
        return files.old_open(*args, **kwargs)

    def __instancecheck__(cls, instance):
        return isinstance(instance, io.IOBase)


class file(metaclass=FileType):
    """``file``: opens one, and is the class of those that are open."""


def buffer(x, offset=0, size=None):
    """``buffer``: the bytes of text, or of an array, from `offset` on."""
    data = memoryview(as_bytes(x)).tobytes()[offset:]
    return files.Bytes(data if size is None else data[:size])


def octal(number):
    """``oct``: a zero, and no letter but of long numbers.

    Examples
    --------
    >>> octal(8), octal(0), octal(-(2**66))
    ('010', '0', '-010000000000000000000000L')
    """
    if hasattr(type(number), "__oct__"):
        return number.__oct__()
    digits = f"{abs(number):o}"
    return ("-" if number < 0 else "") + ("0" if digits != "0" else "") + digits + of_long(number)


def hexadecimal(number):
    """``hex``.

    Examples
    --------
    >>> hexadecimal(255), hexadecimal(2**64)
    ('0xff', '0x10000000000000000L')
    """
    return number.__hex__() if hasattr(type(number), "__hex__") else hex(number) + of_long(number)


def of_long(number):
    """The letter at the end of a number that was long for certain: no other can be told."""
    return "" if -sys.maxsize - 1 <= number <= sys.maxsize else "L"


BUILTINS = {
    "__import__": imports.old_import,
    "xrange": range,
    "range": listed(range),
    "map": list_map,
    "filter": like_filter,
    "zip": listed(zip),
    "round": away_from_zero,
    "print": print_old,
    "format": format_old,
    "sorted": orders.in_order,
    "max": of_several_types(max, ">"),
    "min": of_several_types(min, "<"),
    "open": files.old_open,
    "file": file,
    "eval": old_eval,
    "compile": old_compile,
    "getattr": old_getattr,
    "hasattr": old_hasattr,
    "raw_input": input,
    "input": old_input,
    "unicode": str,
    "basestring": (str, bytes),
    "long": int,
    "unichr": chr,
    "reduce": functools.reduce,
    "cmp": orders.compare,
    "oct": octal,
    "hex": hexadecimal,
    "execfile": run_file,
    "intern": sys.intern,
    "reload": reload,
    "apply": lambda function, args=(), kwargs={}: function(*args, **kwargs),
    "buffer": buffer,
    "StandardError": Exception,
    "coerce": lambda a, b: (type(a + b)(a), type(a + b)(b)),
}
