"""The examples in a package's docstrings as text files that pytest runs, without importing the package's own code.

Usage: docstring_examples.py PACKAGE FOLDER

`PACKAGE` is the folder of a package's sources, a checkout's ``lasagne``, say. Then, for the same names elsewhere::

    python -m symrnn.compat -m pytest -c /dev/null --rootdir FOLDER --doctest-glob="*.txt" FOLDER
"""

import ast
import sys
from doctest import DocTestParser
from pathlib import Path

# what a module of that time has imported, and how NumPy wrote its scalars then
PRELUDE = """>>> import importlib
>>> globals().update(vars(importlib.import_module({module!r})))
>>> import numpy as np, theano, theano.tensor as T
>>> _ = np.set_printoptions(legacy="1.25")

"""


def examples(package):
    """``{name: docstring}`` of all that has an example; a name is the module's, a colon, and the object's.

    Tests are left out.
    """
    found = {}
    for path in sorted(package.rglob("*.py")):
        inside = path.relative_to(package.parent).with_suffix("").parts
        if "tests" in inside:
            continue
        module = ".".join(part for part in inside if part != "__init__")
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                if DocTestParser().get_examples(text):
                    found[f"{module}:{getattr(node, 'name', '')}"] = text
    return found


def main(package, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in examples(package).items():
        module = name.partition(":")[0]
        path = folder / f"{name.replace(':', '-')}.txt"
        path.write_text(PRELUDE.format(module=module) + text + "\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
