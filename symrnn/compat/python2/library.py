"""The standard library as Python 2 had it: modules under their old names, and with the functions that are gone.

Only the program's own imports find these; Python's modules stay as they are, but for a few names in `sys`.
"""

import importlib
import itertools
import math
import numbers
import operator
import sys
import types
from urllib import error, parse, request

import numpy as np

from symrnn.compat.numpy_calls import one_number
from symrnn.compat.python2 import files, gone_modules, of_bytes, processes

MOVED = {"StringIO": "io", "cStringIO": "io", "Queue": "queue", "ConfigParser": "configparser", "copy_reg": "copyreg",
         "urlparse": "urllib.parse", "__builtin__": "builtins", "exceptions": "builtins", "thread": "_thread",
         "dummy_thread": "_thread", "HTMLParser": "html.parser", "htmlentitydefs": "html.entities",
         "httplib": "http.client", "cookielib": "http.cookiejar", "Cookie": "http.cookies",
         "BaseHTTPServer": "http.server", "SimpleHTTPServer": "http.server", "SocketServer": "socketserver",
         "xmlrpclib": "xmlrpc.client", "Tkinter": "tkinter", "tkMessageBox": "tkinter.messagebox",
         "tkFileDialog": "tkinter.filedialog", "UserDict": "collections", "UserList": "collections",
         "UserString": "collections", "anydbm": "dbm", "commands": "subprocess", "repr": "reprlib",
         "cProfile": "cProfile"}  # fmt: skip
GONE = ("md5", "sha", "sets", "imp", "future_builtins")
TYPES = {"StringType": str, "UnicodeType": str, "StringTypes": (str,), "IntType": int, "LongType": int,
         "FloatType": float, "BooleanType": bool, "ListType": list, "TupleType": tuple, "DictType": dict,
         "DictionaryType": dict, "NoneType": type(None), "FileType": files.io.IOBase, "ObjectType": object,
         "TypeType": type, "ClassType": type, "InstanceType": object, "ComplexType": complex,
         "SliceType": slice}  # fmt: skip


def string_functions():
    """``string.join(words, " ")`` and its kin."""
    import string

    methods = [
        *(
            "split",
            "rsplit",
            "strip",
            "lstrip",
            "rstrip",
            "lower",
            "upper",
            "find",
            "rfind",
            "index",
            "count",
        ),
        *("replace", "ljust", "rjust", "center", "capitalize", "swapcase", "expandtabs"),
    ]
    found = {name: lambda text, *args, _name=name: getattr(text, _name)(*args) for name in methods}
    return found | {
        "zfill": lambda x, width: (x if isinstance(x, str) else repr(x)).zfill(width),
        "join": lambda words, sep=" ": sep.join(words),
        "joinfields": lambda words, sep=" ": sep.join(words),
        "splitfields": lambda text, *args: text.split(*args),
        "letters": string.ascii_letters,
        "lowercase": string.ascii_lowercase,
        "uppercase": string.ascii_uppercase,
        "maketrans": maketrans,
        "atoi": int,
        "atof": float,
        "atol": int,
    }


def maketrans(source, target):
    """The 256 characters that ``translate`` takes."""
    table = [chr(i) for i in range(256)]
    for old, new in zip(source, target, strict=True):
        table[ord(old)] = new
    return "".join(table)


def longest_map(function, *sequences):
    """``itertools.imap``, which takes None for a function."""
    return map(function, *sequences) if function is not None else zip(*sequences, strict=False)


def added():
    """Names by module that the modules of today lack or do otherwise."""
    import collections
    import os
    import subprocess
    import time

    urls = public(error) | public(parse) | public(request) | {"urlopen": processes.urlopen}
    from symrnn.compat.python2.builtin_names import BUILTINS

    found = {
        "__builtin__": BUILTINS,
        "pickle": files.PICKLE,
        "cPickle": files.PICKLE,
        "csv": files.CSV,
        "gzip": files.GZIP | {"GzipFile": of_bytes.gzip_file},
        "json": files.JSON,
        "itertools": {"izip": zip, "imap": longest_map, "ifilter": filter, "ifilterfalse": itertools.filterfalse,
                      "izip_longest": itertools.zip_longest},
        "math": {"floor": of_float(np.floor), "ceil": of_float(np.ceil)},
        "string": string_functions(),
        "types": TYPES,
        "time": {"clock": time.process_time},
        "urllib": urls,
        "urllib2": urls,
        "os": {"getcwdu": os.getcwd, "errno": importlib.import_module("errno")},
        "operator": {"isNumberType": lambda x: isinstance(x, numbers.Number),
                     "isSequenceType": lambda x: isinstance(x, collections.abc.Sequence),
                     "isCallable": callable, "isMappingType": lambda x: isinstance(x, collections.abc.Mapping),
                     "div": lambda a, b: divide(a, b), "sequenceIncludes": operator.contains},
        "subprocess": {"Popen": processes.Popen, "check_output": processes.check_output},
        "commands": {"getoutput": subprocess.getoutput, "getstatusoutput": subprocess.getstatusoutput},
    }  # fmt: skip
    for modules in (of_bytes.MODULES, gone_modules.MODULES):
        for name, names in modules.items():
            found[name] = found.get(name, {}) | names
    return found


def of_float(function):
    """``math.floor`` or ``math.ceil``: a float, of infinity too."""
    # By `ldexp`, which takes nothing but numbers.
    return lambda x: float(function(math.ldexp(one_number(x), 0)))


def divide(a, b):
    """``operator.div``."""
    from symrnn.compat.python2.run_time import divide

    return divide(a, b)


def public(module):
    """The names of a module that do not start with an underscore."""
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}


class Extended(types.ModuleType):
    """A module with names added; the others are looked up when they are asked for."""

    def __init__(self, name, real, names):
        super().__init__(name, real.__doc__)
        vars(self).update(names)
        self.__real__ = real
        for special in ("__path__", "__file__"):
            if hasattr(real, special):
                setattr(self, special, getattr(real, special))
        given = getattr(real, "__all__", public(real))
        self.__all__ = sorted({*given, *public(self)})  # ``from types import *``

    def __getattr__(self, name):
        # Asked for before it is set, it would be asked for here again, without an end.
        if name == "__real__":
            raise AttributeError(name)
        return getattr(self.__real__, name)

    def __dir__(self):
        return sorted({*vars(self), *dir(self.__real__)})


def module(name):
    """The module that `name` was, or None where it is what it is today."""
    if name not in _made:
        names = added().get(name, {})
        if not names and name not in MOVED:
            return None
        today = {"cPickle": "pickle", "urllib2": "urllib.request"}.get(name, MOVED.get(name, name))
        real = types.ModuleType(name) if name in GONE else importlib.import_module(today)
        if name in ("StringIO", "cStringIO"):
            names = {"StringIO": TextOrBytes}
        _made[name] = Extended(name, real, names)
    return _made[name]


def TextOrBytes(initial=""):
    """``StringIO.StringIO``: of text, or of bytes if it starts with some."""
    import io

    if isinstance(initial, bytes) and not isinstance(initial, files.Bytes):
        return io.BytesIO(initial)
    return io.StringIO(str(initial))


def install():
    """Names in `sys` that programs set or ask for."""
    for name, value in {"maxint": sys.maxsize, "setdefaultencoding": lambda encoding: None,
                        "exc_clear": lambda: None, "subversion": ("CPython", "", "")}.items():  # fmt: skip
        if not hasattr(sys, name):
            setattr(sys, name, value)


_made = {}
