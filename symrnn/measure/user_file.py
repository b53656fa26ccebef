"""Somebody's file or module, and the name in it that is meant: ``FILE.py:NAME`` or ``package.module:NAME``.

PyTensor is not imported here: the child process that measures imports it on its own clock.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from symrnn.errors import UserError, nearest


def split_place(place: str) -> tuple[str, str]:
    """File or module, and the name in it; the name is "" where only a file is given.

    Examples
    --------
    >>> split_place("model.py:build"), split_place("package.module:build"), split_place("experiments/depth.py")
    (('model.py', 'build'), ('package.module', 'build'), ('experiments/depth.py', ''))
    """
    source, colon, name = place.rpartition(":")
    return (source, name) if colon and source and name.isidentifier() else (place, "")


def check_place(place: str) -> tuple[str, str]:
    """`split_place` of what must name something in a file that is there, or in a module."""
    source, name = split_place(place)
    if not name:
        raise UserError(
            f"the target must be FILE.py:NAME or package.module:NAME, but is {place!r};"
            " for example model.py:build"
        )
    if is_file_name(source) and not Path(source).is_file():
        raise UserError(
            f"the target {place!r} must be in a file that is there, but there is no file {source}"
        )
    return source, name


def is_file_name(source: str) -> bool:
    """Whether a file is meant, not a module."""
    return source.endswith(".py") or os.sep in source


def loaded(source: str) -> ModuleType:
    """The module in a file, or the module of that name; what stands beside it can be imported from it.

    Raises
    ------
    UserError
        When there is no such file or module. Errors of its own code stay as they are.
    """
    if is_file_name(source):
        return loaded_file(Path(source))
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(source)
    except ModuleNotFoundError as error:
        # only where the module itself is missing: one that it imports in vain is its own error
        if error.name and f"{source}.".startswith(f"{error.name}."):
            raise UserError(
                f"there is no module {error.name}; give FILE.py:NAME, or run where it can be imported"
            ) from None
        raise


def loaded_file(path: Path) -> ModuleType:
    """The module in a file."""
    if not path.is_file():
        raise UserError(f"the file {path} is missing; give a path that exists")
    sys.path.insert(0, str(path.parent.resolve()))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # before it runs: dataclasses and pickles look their module up
    spec.loader.exec_module(module)
    return module


def attribute(module: ModuleType, name: str, source: str) -> object:
    """What `name` is in a module that was loaded from `source`."""
    if name not in vars(module):
        known = [each for each in vars(module) if not each.startswith("_")]
        raise UserError(f"{source} must define {name!r}, but does not; {nearest(name, known)}")
    return getattr(module, name)
