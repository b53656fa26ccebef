"""Imports of Python 2: a module beside the importing one comes first, and the library is that of its time."""

import __future__

import builtins
import importlib.util
import sys

from symrnn.compat.python2 import library


def old_import(name, globals=None, locals=None, fromlist=(), level=0):
    """``__import__`` for modules that are read as Python 2."""
    if level == 0:
        package = (globals or {}).get("__package__") or ""
        if (
            package
            and not imports_absolutely(globals)
            and is_beside(name.partition(".")[0], package)
        ):
            # The implicit relative import: as if a dot stood before the name.
            return builtins.__import__(name, globals, locals, fromlist, 1)
        head = name.partition(".")[0]
        if (name == head or not fromlist) and not is_own_module(head):
            found = library.module(head)
            if found is not None:
                # ``import os.path`` binds `os`, but loads the part.
                if name != head:
                    builtins.__import__(name, globals, locals, (), 0)
                return found
        elif not is_own_module(head) and (found := library.module(name)) is not None:
            return found
    # Python 2's level of -1 tried both ways, which is done above.
    return builtins.__import__(name, globals, locals, fromlist, max(level, 0))


def imports_absolutely(scope):
    """Whether a module says ``from __future__ import absolute_import``."""
    return isinstance((scope or {}).get("absolute_import"), __future__._Feature)


def is_beside(head, package):
    """Whether `package` has a module `head`."""
    full = f"{package}.{head}"
    if full in sys.modules:
        return sys.modules[full] is not None
    try:
        return importlib.util.find_spec(full) is not None
    except (ImportError, AttributeError, ValueError):
        return False


def is_own_module(head):
    """Whether the program has a module of its own by the name of one of the library's, or put one there by hand."""
    from symrnn.compat.programs import is_own

    stands_in = sys.modules.get(head)
    if stands_in is not None and getattr(stands_in, "__spec__", None) is None:
        return True
    if head not in library.MOVED or head in sys.modules:
        return False
    try:
        spec = importlib.util.find_spec(head)
    except (ImportError, AttributeError, ValueError):
        return False
    return spec is not None and bool(spec.origin) and is_own(spec.origin)
