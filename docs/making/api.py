"""The reference: a page a package, for every name that is public.

What is public: the names of a package's ``__all__``; where one is a module, what that module defines without a leading
underscore; and the modules that stand on the ground level of `symrnn`.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import get_args

import click

import symrnn
from symrnn.replacing import replacing

COMMANDS = "symrnn.commands"  # its page is what `--help` says
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
    return [name for name in names if name != COMMANDS and not name.endswith("__main__")]


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


def page(package, types=()):
    """The reStructuredText of a package's page; `types` are classes that public functions take and return."""
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
    if types:
        parts.append(heading("Types that these take and return", 1))
        parts += [entry(f"{each.__module__}.{each.__qualname__}", each) for each in types]
    return "\n".join(parts)


def types_of(names):
    """Classes of symrnn in the signatures of the objects that pages document, which have no entry themselves."""
    text = "\n".join(page(name) for name in names)
    documented = re.findall(r"auto(?:class|function):: (\S+)", text)
    known = {resolved(name) for name in documented}
    waiting, found = list(known), {}
    while waiting:
        for each in classes_in(waiting.pop()):
            if each not in known and part_of(each) in names:
                known.add(each)
                waiting.append(each)
                found.setdefault(part_of(each), []).append(each)
    return {name: sorted(each, key=lambda c: c.__name__) for name, each in found.items()}


def part_of(each):
    """The page that a class belongs to."""
    return ".".join(each.__module__.split(".")[:2])


def resolved(name):
    """The object of a dotted name."""
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def classes_in(each):
    """The classes of symrnn that an object's signature, or those of a class's public methods, name."""
    members = vars(each).values() if inspect.isclass(each) else ()
    kinds = ("fget", "func", "__func__")  # properties, cached ones, class methods
    functions = [next(filter(None, (getattr(m, k, None) for k in kinds)), m) for m in members]
    for one in [each, *filter(inspect.isfunction, functions)]:
        try:
            hints = inspect.get_annotations(one, eval_str=True)
        except NameError:  # a name for type checkers alone
            continue
        waiting = list(hints.values())
        while waiting:
            hint = waiting.pop()
            waiting += get_args(hint)
            if isinstance(hint, list):
                waiting += hint
            if inspect.isclass(hint) and hint.__module__.startswith("symrnn."):
                yield hint


def commands_page():
    """What `--help` says of every command."""
    from symrnn.commands.cli import COMMANDS, cli

    parts = [heading("The command line", 0)]
    for command in (cli, *COMMANDS):
        name = "symrnn" if command is cli else f"symrnn {command.name}"
        told = command.get_help(click.Context(command, info_name=name))
        lines = "\n".join(f"   {line}".rstrip() for line in told.splitlines())
        parts.append(f"{heading(name, 1)}\n.. code-block:: text\n\n{lines}\n")
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
    module, _, last = name.rpartition(".")
    return f".. py:data:: {last}\n   :module: {module}\n\n   {told(each)}\n"


def told(each):
    """What a table or a name of types is, in a line: its own docstring would be that of its class."""
    if isinstance(each, dict):
        return f"A table with the rows {', '.join(f'``{key}``' for key in each)}."
    if isinstance(each, tuple):
        return f"A table of {len(each)} rows."
    return f"``{each}``"


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
    types = types_of(names)
    for name in names:
        replace(folder / f"{name}.rst", page(name, types.get(name, ())))
    replace(folder / "commands.rst", commands_page())
    listed = "\n".join(f"   {name}" for name in ["commands", *names])
    replace(
        folder / "index.rst",
        f"{heading('Reference', 0)}\nEvery public name, by package.\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n",
    )


def replace(path, text):
    """Write a file where its text is another: what has not changed is not read again."""
    if not path.exists() or path.read_text() != text:
        with replacing(path) as beside:
            beside.write_text(text)


def corrected(app, what, name, obj, options, lines):
    """Footnotes of their own for each docstring, for several share a page; stars of axes are no emphasis."""
    prefix = re.sub(r"\W", "-", name)
    defined = {number for line in lines for number in re.findall(r"^\s*\.\. \[(\w+)\]", line)}
    for i, line in enumerate(lines):
        line = re.sub(r"^(\s*)\.\. \[(\w+)\]", rf"\1.. [#{prefix}-\2]", line)
        line = re.sub(
            r"\[(\w+)\]_",
            lambda m: f"[#{prefix}-{m[1]}]_" if m[1] in defined else f"[{m[1]}]",
            line,
        )
        parts = line.split("``")  # every second one is literal
        parts[::2] = [
            re.sub(r"(?:^|(?<=[ (,]))\*(?=[A-Za-z_]+[),])", r"\\*", part) for part in parts[::2]
        ]
        lines[i] = "``".join(parts)
