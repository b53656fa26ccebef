"""A module imports only what lies below it; `import symrnn` imports nothing heavy."""

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "symrnn"

LEVELS = [  # lowest first; a module may import from its own level and from those before it
    ["errors", "typing", "versions", "modes", "building", "collector", "replacing"],
    ["tables", "user_files"],
    ["graph", "params", "init", "data", "convolution", "words"],
    ["ops"],
    ["cells"],
    ["unroll"],
    ["losses", "updates"],
    ["training"],
    ["models", "lasagne"],
    ["export"],
    ["study", "compat", "gates"],
    ["commands", "__main__"],
]
GROUND = {
    "collector",
    "replacing",
    "errors",
    "typing",
    "versions",
    "modes",
    "building",
    "tables",
    "user_files",
    "graph",
    "params",
    "init",
    "convolution",
    "words",
}
BESIDE = {  # these know no builder, and no builder knows them: what they import besides the ground
    "native": set(),
    "bench": set(),
    "measure": {"bench", "native"},
    "duplicates": {"measure"},
    "guard": {"measure"},
    "doctor": {"measure", "duplicates"},
    "record": {"measure", "bench"},
}
ABOVE = ("export", "study", "compat", "commands", "__main__")  # may import the instruments too
EXCEPTIONS = {"symrnn/__init__.py": {"record"}}  # where an environment variable asks for it


def part(name):
    """The part of symrnn that a dotted name belongs to."""
    return name.split(".")[1] if "." in name else ""


@cache
def imports(path):
    """The dotted names that a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names}
                if node.module == "symrnn"
                else {node.module}
            )
    return found


FILES = sorted(PACKAGE.rglob("*.py"))


def named(path):
    return str(path.relative_to(PACKAGE))


def allowed(path):
    """The parts of symrnn that a file may import."""
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        return EXCEPTIONS.get("symrnn/__init__.py", set())
    if own in BESIDE:
        return GROUND | {own} | BESIDE[own]
    level = next(i for i, names in enumerate(LEVELS) if own in names)
    below = {name for names in LEVELS[: level + 1] for name in names}
    return below | (set(BESIDE) if own in ABOVE else set())


def test_modules_import_only_what_lies_below():
    """Of all files in one test: to start and report a test takes longer than to read a file."""
    wrong = {}
    for path in FILES:
        used = {part(name) for name in imports(path) if name.split(".")[0] == "symrnn"} - {""}
        if used - allowed(path):
            wrong[named(path)] = used - allowed(path)
    assert wrong == {}


def test_every_part_has_its_level():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    known = {name for names in LEVELS for name in names} | set(BESIDE) | {"__init__"}
    assert parts <= known


PACKAGES = [  # inside lasagne and the facade, what is public is what the originals had
    path
    for path in FILES
    if path.name == "__init__.py" and len(path.relative_to(PACKAGE).parts) < 3
]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_package_says_what_it_is_and_what_is_public(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    module = importlib.import_module(package)
    for name in module.__all__:
        if not hasattr(module, name):
            importlib.import_module(f"{package}.{name}")


def test_only_the_figures_import_matplotlib():
    users = [
        named(path)
        for path in FILES
        if any(name.split(".")[0] == "matplotlib" for name in imports(path))
    ]
    assert users == ["study/figures.py", "study/matrices.py"]


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "bench").glob("*.py")), ids=lambda path: path.name
)
def test_runners_of_children_do_not_import_pytensor(path):
    assert not any(name.split(".")[0] == "pytensor" for name in imports(path))


@pytest.mark.parametrize(
    "module", ["symrnn", "symrnn.bench.runner", "symrnn.commands.cli", "symrnn.guard.pytest_plugin"]
)
def test_light_modules_stay_light(module):
    heavy = "{'pytensor', 'numba', 'jax', 'matplotlib', 'sklearn'}"
    code = f"import sys, {module}; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_building_a_network_imports_no_backend():
    code = "import sys, symrnn.unroll, symrnn.native; print({'numba', 'jax'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
