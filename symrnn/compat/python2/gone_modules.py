"""Modules and classes of the library that Python has dropped: ``sets``, ``imp``, ``UserDict.DictMixin``, ..."""

import collections
import collections.abc
import configparser
import importlib.util
import os
import sys
import types


def load_source(name, path, file=None):
    """``imp.load_source``: a file as the module `name`."""
    from symrnn.compat.programs import ConvertingLoader, Era

    spec = importlib.util.spec_from_file_location(
        name, path, loader=ConvertingLoader(name, path, Era(python2=True))
    )
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DictMixin(collections.abc.MutableMapping):
    """``UserDict.DictMixin``: a mapping of four methods, one of which is ``keys``."""

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())

    def __contains__(self, key):
        return key in self.keys()

    def has_key(self, key):
        return key in self

    def keys(self):
        return list(self)

    def values(self):
        return [self[key] for key in self.keys()]

    def items(self):
        return [(key, self[key]) for key in self.keys()]


class Parser(configparser.ConfigParser):
    """``ConfigParser.SafeConfigParser``: comments may follow values, and sections come twice."""

    def __init__(self, defaults=None, *args, **options):
        options = {"strict": False, "inline_comment_prefixes": (";",)} | options
        super().__init__(defaults, *args, **options)

    def readfp(self, file, filename=None):
        self.read_file(file, filename)


class RawParser(Parser):
    """``ConfigParser.RawConfigParser``: nothing is put in place of ``%(name)s``."""

    def __init__(self, defaults=None, *args, **options):
        super().__init__(defaults, *args, interpolation=None, **options)


def walk(top, visit, arg):
    """``os.path.walk``: ``visit(arg, folder, names)`` for each folder."""
    for folder, folders, files in os.walk(top):
        names = folders + files
        visit(arg, folder, names)
        folders[:] = [name for name in folders if name in names]


class Paths(types.ModuleType):
    """``os.path`` with `walk`."""

    def __init__(self):
        super().__init__("os.path")
        vars(self).update(vars(os.path) | {"walk": walk})


MODULES = {
    "sets": {"Set": set, "ImmutableSet": frozenset},
    "imp": {"load_source": load_source, "new_module": types.ModuleType, "reload": importlib.reload},
    "UserDict": {"UserDict": collections.UserDict, "IterableUserDict": collections.UserDict, "DictMixin": DictMixin},
    "ConfigParser": {"ConfigParser": Parser, "SafeConfigParser": Parser, "RawConfigParser": RawParser},
    "future_builtins": {"map": map, "zip": zip, "filter": filter, "hex": hex, "oct": oct, "ascii": ascii},
    "os": {"path": Paths()},
}  # fmt: skip
