"""`symrnn train FILE.py` and `predict`: the documentation's network, and recipes whose methods keep no promise."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from symrnn.commands.cli import cli
from symrnn.training.checkpoint import load_checkpoint

REPOSITORY = Path(__file__).parents[2]
SMALL = [
    "--set",
    "batch_size=2",
    "--set",
    "hidden_size=2",
    "--steps",
    "3",
    "--mode",
    "FAST_COMPILE",
]


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """The command line in a folder with the files of toy networks."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(REPOSITORY / "docs" / "my_network.py", tmp_path)
    shutil.copy(REPOSITORY / "tests" / "toy_recipe.py", tmp_path / "toys.py")
    return lambda *args: CliRunner().invoke(cli, args)


def test_network_of_the_documentation_is_trained_and_predicts(invoke):
    done = invoke("train", "my_network.py", *SMALL)
    assert done.exit_code == 0, done.output
    reading, hint = done.stdout.splitlines()
    assert reading.startswith("mean error: ")
    assert load_checkpoint("trained/my_network.npz").recipe == "RunningSum"
    command = hint.removeprefix("try it: symrnn ").split()
    said = invoke(*command, "1", "2.5", "--mode", "FAST_COMPILE")
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("1 + 2.5 = ")


def test_one_of_several_recipes_is_named(invoke):
    refused = invoke("train", "toys.py")
    assert refused.exit_code == 2
    assert (
        "defines the recipes Line and Other; say which one, for example toys.py:Line"
        in refused.stderr
    )
    assert invoke("train", "toys.py:Other", "--mode", "FAST_COMPILE").exit_code == 0
    assert load_checkpoint("trained/toys.Other.npz").steps == 8
    assert "there is no file your.py" in invoke("train", "your.py").stderr
    assert "there is no file your.py" in invoke("predict", "your.py", "--checkpoint", "x").stderr


HEAD = """
from dataclasses import dataclass
from toys import Line as Base

@dataclass(frozen=True)
class Mine(Base):
"""
BROKEN = {  # a method: what the sentence says
    "def graph(self): return None": "Mine.graph() must return a TrainingGraph, but returned None",
    "def updates(self, graph): return [1]": "Mine.updates() must return a dictionary of updates, but returned [1]",
    "def batch(self, data, step): return None": "Mine.batch() must return arrays, but returned None",
    "def batch(self, data, step): return [data[0]]": (
        "Mine.batch() must return an array for each of the graph's inputs, x, y, but returned 1"
    ),
    "def test(self, network, data): return 0.5": "Mine.test() must return a dictionary of numbers, but returned 0.5",
}


@pytest.mark.parametrize("method", BROKEN)
def test_method_that_returns_something_else_is_named(invoke, method):
    Path("broken.py").write_text(f"{HEAD}    {method}\n")
    done = invoke("train", "broken.py", "--mode", "FAST_COMPILE")
    assert done.exit_code == 2
    assert BROKEN[method] in done.stderr


def test_prediction_that_is_no_lines_is_named(invoke):
    Path("broken.py").write_text(
        f"{HEAD}    def predict(self, network, words, path=None): return 3\n"
    )
    assert invoke("train", "broken.py", "--mode", "FAST_COMPILE").exit_code == 0
    done = invoke("predict", "broken.py", "--checkpoint", "trained/broken.npz")
    assert done.exit_code == 2
    assert "Mine.predict() must return lines to print, but returned 3" in done.stderr
