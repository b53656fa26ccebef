"""A user's Python file as a module, and the objects that ``FILE.py:NAME`` and ``package.module:NAME`` name.

The one way in for experiments, networks and targets of measurements. It imports no PyTensor: the parent of a sweep
reads its experiments through it.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from symrnn.errors import UserError, nearest


def user_object(target: str) -> Any:
    """What `target` names: ``FILE.py:NAME`` or ``package.module:NAME``.

    Examples
    --------
    >>> user_object("math:tau") > 6
    True
    """
    place, name = place_and_name(target)
    return named(user_module(place), name)


def place_and_name(target: str) -> tuple[str, str]:
    """The two sides of the last colon, the right one a Python name; nothing is imported.

    Examples
    --------
    >>> place_and_name("package.module:build")
    ('package.module', 'build')
    """
    place, colon, name = target.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise UserError(f"a target must be FILE.py:NAME or package.module:NAME, but is {target!r}")
    if is_file(place):
        check_file(place)
    return place, name


def named(module: ModuleType, name: str) -> Any:
    """The object called `name` in a module; where there is none, the nearest names are told."""
    if not hasattr(module, name):
        known = [each for each in vars(module) if not each.startswith("_")]
        where = getattr(module, "__file__", None) or module.__name__
        raise UserError(f"{where} has no {name!r}; {nearest(name, known)}")
    return getattr(module, name)


def user_module(place: str | Path) -> ModuleType:
    """The module in a file, or the importable one of a dotted name.

    Files beside it, and for a dotted name those in the current folder, can be imported from it, as from a script.
    """
    if isinstance(place, Path) or is_file(place):
        check_file(place)
        return module_of_file(Path(place).resolve())
    put_on_path(Path.cwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        # a missing import inside of the module is its own error, told below
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise UserError(
                f"there is no module {place!r} in the current folder or among the installed ones;"
                f" for a file, write {place}.py"
            ) from error
        raise unreadable(place, error) from error
    except KeyboardInterrupt:  # of whoever waits for it
        raise
    except BaseException as error:
        raise unreadable(place, error) from error


def is_file(place: str) -> bool:
    """Whether a place is meant as a file, not as a dotted name.

    Examples
    --------
    >>> is_file("train.py"), is_file("models/train"), is_file("package.module")
    (True, True, False)
    """
    return place.endswith(".py") or os.sep in place


def check_file(place: str | Path) -> None:
    """Refuse a file that is not there."""
    if not Path(place).is_file():
        raise UserError(f"there is no file {place}")


def module_of_file(path: Path) -> ModuleType:
    """The file executed as a module, again each time."""
    put_on_path(path.parent)
    name = free_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"a file of Python must end in .py, but is {path}")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # pickles and dataclasses look their module up by its name
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, KeyboardInterrupt):  # of whoever waits for it
            raise
        raise unreadable(path.name, error, path) from error
    return module


def put_on_path(folder: Path) -> None:
    """Let modules in a folder be imported, before others of the same name, as those beside a script."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def free_name(path: Path) -> str:
    """The name of a file's module: its stem, unless that would hide another module that is in use."""
    other = sys.modules.get(path.stem)
    is_free = other is None or getattr(other, "__file__", None) == str(path)
    return path.stem if is_free else f"symrnn_user_file.{path.stem}"


def unreadable(place: str, error: BaseException, path: Path | None = None) -> UserError:
    """An error of a user's module in one sentence, with the line of the file at `path` that raised it."""
    if isinstance(error, UserError):
        return UserError(f"{place}: {error}")
    line = line_in(error, path)
    where = f" (line {line})" if line else ""
    said = " ".join(str(error).split())
    way_out = (
        '; it ends the program when it is imported: put that below `if __name__ == "__main__":`'
        if isinstance(error, SystemExit)
        else ""
    )
    return UserError(f"{place} cannot be read: {type(error).__name__}: {said}{where}{way_out}")


def line_in(error: BaseException, path: Path | None) -> int | None:
    """The line of the file at `path` that raised `error`; None where it was raised elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    trace, line = error.__traceback__, None
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
