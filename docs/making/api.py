"""The reference: a page a package, for every name that is public.

What is public: the names of a package's ``__all__``; where one is a module, what that module defines without a leading
underscore; and the modules that stand on the ground level of `symrnn`.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import symrnn

LEFT_OUT = {  # packages without a page of their own, and why
    "symrnn.commands": "the command line: `symrnn --help`",
    "symrnn.compat": "names of other projects, kept as they were",
}
TABLES = {  # modules that a table names, beside those of `__all__`
    "symrnn.models": "RECIPES",
    "symrnn.data": "READERS",
}
BESIDE = {  # modules whose public names users call, though their package's `__all__` is kept small
    "symrnn.updates": ["schedules"],
    "symrnn.models": ["digit_networks", "tcn", "ngram", "word_ngram", "digit_stack"],
}
UNDERLINES = "=-~"


def packages():
    """The names of packages and modules directly below `symrnn` that have a page."""
    names = [f"symrnn.{found.name}" for found in pkgutil.iter_modules(symrnn.__path__)]
    return [name for name in names if name not in LEFT_OUT and not name.endswith("__main__")]


def public_names(package):
    """The public names of a package: those of `__all__`, and of a single module all that it defines."""
    module = importlib.import_module(package)
    return list(module.__all__) if hasattr(module, "__path__") else defined_in(module)


def defined_in(module):
    """Public functions and classes that a module defines, in the order of its source."""
    found = [
        (name, each)
        for name, each in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(each) or inspect.isfunction(each))
        and each.__module__ == module.__name__
    ]
    return [name for name, _ in found]


def page(package):
    """The reStructuredText of a package's page."""
    module = importlib.import_module(package)
    parts = [heading(package, 0), f".. automodule:: {package}\n   :no-members:\n"]
    names, modules = public_names(package), []
    for name in names:
        each = getattr(module, name, None)
        if each is None or inspect.ismodule(each):
            modules.append(f"{package}.{name}")
        else:
            parts.append(entry(f"{package}.{name}", each))
    table = TABLES.get(package)
    modules += [f"{package}.{name}" for name in getattr(module, table) if table] if table else []
    modules += [f"{package}.{name}" for name in BESIDE.get(package, [])]
    parts += [module_part(name) for name in dict.fromkeys(modules)]
    return "\n".join(parts)


def heading(text, level):
    """A heading."""
    return f"{text}\n{UNDERLINES[level] * len(text)}\n"


def entry(name, each):
    """The directive of one object."""
    if inspect.isclass(each):
        return f".. autoclass:: {name}\n   :members:\n"
    if inspect.isfunction(each):
        return f".. autofunction:: {name}\n"
    return f".. autodata:: {name}\n   :no-value:\n"


def module_part(name):
    """The section of a module."""
    module = importlib.import_module(name)
    parts = [heading(name, 1), f".. automodule:: {name}\n   :no-members:\n"]
    if hasattr(module, "__path__"):
        # A package of lists of names, as Lasagne's layers: each where its own module defines it.
        inner = [f"{name}.{found.name}" for found in pkgutil.iter_modules(module.__path__)]
        return "\n".join([*parts, *(part(each, 2) for each in inner)])
    return "\n".join(
        [*parts, *(entry(f"{name}.{n}", getattr(module, n)) for n in defined_in(module))]
    )


def part(name, level):
    """The subsection of a module within a module."""
    module = importlib.import_module(name)
    objects = [entry(f"{name}.{n}", getattr(module, n)) for n in defined_in(module)]
    return "\n".join([heading(name, level), *objects])


def write(folder):
    """Write the pages of all packages, and their index."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = packages()
    for name in names:
        replace(folder / f"{name}.rst", page(name))
    listed = "\n".join(f"   {name}" for name in names)
    replace(
        folder / "index.rst",
        f"{heading('Reference', 0)}\nEvery public name, by package.\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n",
    )


def replace(path, text):
    """Write a file where its text is another: what has not changed is not read again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def footnotes_of_their_own(app, what, name, obj, options, lines):
    """Footnotes are numbered within a docstring, and several docstrings share a page."""
    prefix = re.sub(r"\W", "-", name)
    defined = {number for line in lines for number in re.findall(r"^\s*\.\. \[(\w+)\]", line)}
    for i, line in enumerate(lines):
        line = re.sub(r"^(\s*)\.\. \[(\w+)\]", rf"\1.. [#{prefix}-\2]", line)
        lines[i] = re.sub(
            r"\[(\w+)\]_",
            lambda m: f"[#{prefix}-{m[1]}]_" if m[1] in defined else f"[{m[1]}]",
            line,
        )
