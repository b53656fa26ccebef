"""Python 2 programs, read as Python 3.

The words are changed that Python 3 cannot read (`symrnn.compat.python2_syntax`), then the tree: methods of
dictionaries that are gone, ``/``
between whole numbers, ``.encode`` and ``.decode`` of text that is text already. Names that moved or changed
(``xrange``,
``cPickle``, ``map``) are given to the program as they were. What cannot be carried over is an error with its line.
"""

import ast
import builtins
import collections
import functools
import importlib
import operator
import pickle
import sys
import types
from pathlib import Path
from urllib import error, parse, request

import numpy as np

from symrnn.compat.python2_syntax import converted_words
from symrnn.compat.sources import after_future_imports
from symrnn.errors import UserError

ITEMS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys", "viewitems": "items", "viewvalues": "values",
         "viewkeys": "keys", "next": "__next__"}  # fmt: skip
LISTS = {"items", "values", "keys"}  # returned lists


def parsed(source, path):
    """The syntax tree of a Python 2 source (bytes)."""
    text = converted_words(source, path)
    try:
        tree = ast.parse(text, path)
    except SyntaxError as error:
        raise UserError(
            f"{path}, line {error.lineno}: {error.msg}, and --py2 cannot convert it; change this line"
        ) from error
    has_true_division = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(a.name == "division" for a in node.names)
        for node in tree.body
    )
    tree = OldMethods(divide=not has_true_division).visit(tree)
    names = ("divide", "encode", "decode", "has_key", "as_list")
    imports = ast.ImportFrom(
        "symrnn.compat.python2", [ast.alias(name, own(name)) for name in names], 0
    )
    return ast.fix_missing_locations(after_future_imports(tree, imports))


def own(name):
    """A name that no program has."""
    return f"__symrnn_{name}__"


class OldMethods(ast.NodeTransformer):
    """Puts today's methods for those of Python 2."""

    def __init__(self, divide):
        self.divide = divide

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self.divide and isinstance(node.op, ast.Div):
            return ast.copy_location(call("divide", node.left, node.right), node)
        return node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if (
            not self.divide
            or not isinstance(node.op, ast.Div)
            or not isinstance(node.target, ast.Name)
        ):
            return node
        value = call("divide", ast.Name(node.target.id, ast.Load()), node.value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_Call(self, node):
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        method, subject = node.func.attr, node.func.value
        if method in ITEMS and not node.args and not node.keywords:
            node.func.attr = ITEMS[method]
        elif method in LISTS and not node.args and not node.keywords:
            return ast.copy_location(call("as_list", node), node)
        elif method == "has_key" and len(node.args) == 1:
            return ast.copy_location(call("has_key", subject, node.args[0]), node)
        elif method in ("encode", "decode"):
            return ast.copy_location(
                ast.Call(ast.Name(own(method), ast.Load()), [subject, *node.args], node.keywords),
                node,
            )
        return node


def call(name, *args):
    """A call of one of the functions below."""
    return ast.Call(ast.Name(own(name), ast.Load()), list(args), [])


def divide(a, b):
    """``a / b`` of Python 2: rounded down between whole numbers.

    Examples
    --------
    >>> divide(7, 2), divide(7.0, 2)
    (3, 3.5)
    """
    return a // b if is_whole(a) and is_whole(b) else a / b


def is_whole(x):
    """Whether `x` is a whole number, or an array of them."""
    return isinstance(x, (int, np.integer)) or (isinstance(x, np.ndarray) and x.dtype.kind in "iub")


def encode(text, *args, **kwargs):
    """``text.encode(…)``, where text stays text."""
    return text if isinstance(text, str) else text.encode(*args, **kwargs)


def decode(text, *args, **kwargs):
    """``text.decode(…)``, where text is text already."""
    return text if isinstance(text, str) else text.decode(*args, **kwargs)


def has_key(mapping, key):
    """Whether `key` is in `mapping`."""
    return key in mapping


def as_list(view):
    """A dictionary's view as the list it was; what is no view is returned."""
    return (
        list(view)
        if isinstance(view, (type({}.keys()), type({}.values()), type({}.items())))
        else view
    )


def listed(function):
    """A function of the built-in ones that returned lists."""
    return functools.wraps(function)(lambda *args: list(function(*args)))


def list_map(function, *sequences):
    """``map``, which took None for a function."""
    return (
        list(map(function, *sequences))
        if function is not None
        else list(zip(*sequences, strict=False))
    )


BUILTINS = {
    "xrange": range,
    "range": listed(range),
    "map": list_map,
    "filter": listed(filter),
    "zip": listed(zip),
    "raw_input": input,
    "unicode": str,
    "basestring": str,
    "long": int,
    "unichr": chr,
    "reduce": functools.reduce,
    "cmp": lambda a, b: (a > b) - (a < b),
    "execfile": lambda path: exec(
        compile(Path(path).read_text(), path, "exec"), sys._getframe(1).f_globals
    ),
    "intern": sys.intern,
    "reload": importlib.reload,
    "apply": lambda function, args=(), kwargs={}: function(*args, **kwargs),
    "file": open,
}


def old_pickle():
    """``cPickle``: what Python 2 wrote is read too."""
    module = types.ModuleType("cPickle", "pickle, with Python 2's text read as text")
    module.__dict__.update(
        {name: value for name, value in vars(pickle).items() if not name.startswith("__")}
    )
    module.load = lambda file: pickle.load(file, encoding="latin1")
    module.loads = lambda data: pickle.loads(data, encoding="latin1")
    return module


def install_modules():
    """Let the modules that moved be found under their old names."""
    import configparser
    import copyreg
    import io
    import queue

    urllib2 = types.ModuleType("urllib2", "urllib.request and urllib.error")
    urllib2.__dict__.update({**public(error), **public(parse), **public(request)})
    urllib2.urlopen = lambda *args, **kwargs: request.urlopen(*args, **kwargs)
    operator.isSequenceType = lambda x: isinstance(x, collections.abc.Sequence)
    sys.maxint = sys.maxsize
    moved = {
        "cPickle": old_pickle(),
        "urllib2": urllib2,
        "urlparse": parse,
        "StringIO": io,
        "cStringIO": io,
        "Queue": queue,
        "ConfigParser": configparser,
        "copy_reg": copyreg,
        "__builtin__": builtins,
    }
    for name, module in moved.items():
        sys.modules.setdefault(name, module)


def public(module):
    """The names of a module that do not start with an underscore."""
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}
