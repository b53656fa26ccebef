"""A module imports only what lies below it; `import symrnn` imports nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "symrnn"

LEVELS = [  # lowest first; a module may import from its own level and from those before it
    ["errors", "typing", "lanes"],
    ["graph", "params", "init", "polynomial", "recurrences", "share", "data"],
    ["ops"],
    ["cells"],
    ["path", "bptt", "layer", "deep", "autodiff"],
    ["unroll", "losses", "updates"],
    ["training"],
    ["models", "lasagne"],
    ["study", "compat"],
    ["terminal", "instruments", "trainer", "cli", "pytest_plugin", "__main__"],
]
BESIDE = {  # what measures knows no networks, and what runs children knows no PyTensor
    "measure": {
        "errors",
        "typing",
        "lanes",
        "graph",
        "polynomial",
        "recurrences",
        "share",
        "measure",
        "bench",
    },
    "bench": {"errors", "bench"},
}


def part(name):
    """The part of symrnn that a dotted name belongs to."""
    return name.split(".")[1] if "." in name else ""


def imports(path):
    """The dotted names that a file imports, at any depth."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                f"{node.module}.{alias.name}" if node.module == "symrnn" else node.module
                for alias in node.names
            )


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_what_lies_below(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    used = {part(name) for name in imports(path) if name.split(".")[0] == "symrnn"} - {""}
    if own == "__init__":
        assert not used
    elif own in BESIDE:
        assert used <= BESIDE[own]
    else:
        level = next(i for i, names in enumerate(LEVELS) if own in names)
        below = {name for names in LEVELS[: level + 1] for name in names}
        assert used <= below | ({"measure", "bench"} if level >= 8 else set())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_figures_import_matplotlib(path):
    users = {path.name for name in imports(path) if name.split(".")[0] == "matplotlib"}
    assert users <= {"figures.py"}


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "bench").glob("*.py")), ids=lambda path: path.name
)
def test_runners_of_children_do_not_import_pytensor(path):
    assert not any(name.split(".")[0] == "pytensor" for name in imports(path))


@pytest.mark.parametrize("module", ["symrnn", "symrnn.bench.runner", "symrnn.cli"])
def test_light_modules_stay_light(module):
    heavy = "{'pytensor', 'numba', 'jax', 'matplotlib', 'sklearn'}"
    code = f"import sys, {module}; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
