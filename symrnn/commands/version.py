"""`symrnn --version`: what is installed, as a bug report needs it."""

import platform
import shutil
from typing import Any

import click

from symrnn.modes import MODES

COMPILERS = ("g++", "clang++", "c++")  # PyTensor takes the first of them


def version_text() -> str:
    """The version, and below it those of Python, PyTensor, NumPy and SciPy, the backends, the C++ compiler and BLAS.

    Examples
    --------
    >>> print(version_text())
    symrnn ...
    Python ...
    pytensor ..., numpy ..., scipy ...
    backends: ...
    C++ compiler: ...
    BLAS: ...
    """
    import numpy.linalg  # the libraries that are told are those that it and SciPy load
    import scipy.linalg

    from symrnn.bench.machine import blas, versions

    # Read once, or a linter would take the imports for idle.
    assert numpy.linalg
    assert scipy.linalg
    found = versions()
    packages = dict.fromkeys(each.package for each in MODES.values() if each)
    there = [f"{name} {found.get(name, 'of unknown version')}" for name in packages if is_there(name)]  # fmt: skip
    missing = [name for name in packages if not is_there(name)]
    compiler = next(filter(shutil.which, COMPILERS), "none; mode CVM interprets, NATIVE needs none")
    return "\n".join(
        [
            f"symrnn {found['symrnn']}",
            f"Python {found['python']}, {platform.system()} {platform.machine()}",
            ", ".join(f"{name} {found[name]}" for name in ("pytensor", "numpy", "scipy")),
            f"backends: {', '.join(there) or 'none'}"
            + (f"; not installed: {', '.join(missing)}" if missing else ""),
            f"C++ compiler: {compiler}",
            f"BLAS: {blas()['blas'] or 'unknown'}",
        ]
    )


def is_there(package: str) -> bool:
    """Whether a package can be imported; nothing is imported for it."""
    from importlib.util import find_spec

    return find_spec(package) is not None


def show_version(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Say the versions and end."""
    if value and not context.resilient_parsing:
        click.echo(version_text())
        context.exit()


version_option = click.option(
    "--version",
    is_flag=True,
    # Before click misses a command.
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version, and for bug reports those of PyTensor, the backends and BLAS.",
)
