"""What graphs become: programs, kernels, bytes of memory, and the ops that Python runs, beside ``program_sizes.txt``.

A change that adds a kernel or leaves a node to Python is seen here. ``pytest --graph-update`` writes the file as it is
now, for the installed PyTensor; lines of other versions stay.
"""

from collections import Counter
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytensor
import pytest
from graphs import GRAPHS, lstm_layers
from sample import sample_in

from symrnn.models import RECIPES, recipe_class
from symrnn.native import native_report
from symrnn.native.module import LoadedModule
from symrnn.training.loop import Training
from symrnn.updates import nesterov_odd_even

pytestmark = pytest.mark.usefixtures("cold")

# Driver of a program that does nothing. What a training step becomes is known before it is machine code, which the
# contract of networks has made and compares.
NOTHING = "define i32 @main(ptr %arrays, ptr %memory, ptr %extents) {\n  ret i32 0\n}"
FILE = Path(__file__).with_name("program_sizes.txt")


def bilstm(_):
    """The step of two bidirectional layers, T 50, B 16, D 32, H 64."""
    xs, loss, params = lstm_layers(2, inputs=32, hidden=64)
    updates, _ = nesterov_odd_even(loss, params, 0.1)
    f = pytensor.function([xs], loss, updates=updates, mode="NATIVE")
    f(np.ones((50, 16, 32), "float32"))
    return f


def small_graph(graph):
    inputs, outputs, [first, *_] = graph()
    f = pytensor.function(inputs, outputs, mode="NATIVE")
    f(*first)
    return f


@cache
def doing_nothing():
    return LoadedModule(NOTHING)


def recipe_step(name, options, folder):
    """The training step of a small version of a network, on the sample of its reader."""
    recipe = recipe_class(name)(**{"steps": 8} | options)
    data = recipe.data(sample_in(folder, RECIPES[name]))
    training = Training(recipe, data, mode="NATIVE")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symrnn.native.compiled.LoadedModule", lambda text: doing_nothing())
        training.function(*recipe.batch(data, 0))
    return training.function


CASES = {graph.__name__: lambda _, graph=graph: small_graph(graph) for graph in GRAPHS}
CASES["bilstm"] = bilstm
for name in RECIPES:
    for options in recipe_class(name).small:
        label = ", ".join([name, *(f"{k} {v}" for k, v in options.items())])
        CASES[label] = partial(recipe_step, name, dict(options))


def size(function) -> str:
    """A line of the file."""
    report = native_report(function)
    left = Counter(type(node.op).__name__ for node, _ in report.fallbacks)
    names = ", ".join(f"{n} {name}" for name, n in sorted(left.items())) or "nothing"
    counts = f"programs {report.programs}, kernels {report.kernels}, bytes {report.arena_bytes}"
    return f"{counts}, by Python {names}"


def recorded() -> dict[tuple[str, str], str]:
    """Lines by graph and PyTensor's version."""
    lines = [line.split(" | ") for line in FILE.read_text().splitlines()] if FILE.exists() else []
    return {(name, version): found for name, version, found in lines}


@pytest.mark.parametrize("name", CASES)
def test_graph_becomes_what_it_became(name, request, tmp_path):
    found, key, lines = size(CASES[name](tmp_path)), (name, pytensor.__version__), recorded()
    if request.config.getoption("--graph-update"):
        known = {k: v for k, v in {**lines, key: found}.items() if k[0] in CASES}
        FILE.write_text("".join(f"{n} | {v} | {line}\n" for (n, v), line in sorted(known.items())))
    elif key in lines:
        assert found == lines[key], (
            "to accept: pytest --graph-update tests/native/test_program_sizes.py"
        )
    elif any(n == name for n, _ in lines):
        pytest.skip(f"no line for pytensor {key[1]}; to add it: pytest --graph-update")
    else:
        pytest.fail(f"{FILE.name} has no line for {name}; to add it: pytest --graph-update")
