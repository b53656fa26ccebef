"""A checkpoint whose options were changed: nothing is allocated that the file does not hold."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from symrnn.commands.cli import cli

WIDE = """
from dataclasses import dataclass
from toy_recipe import Line
from symrnn.graph import TrainingGraph
from symrnn.init import zeros
from symrnn.params import param
import pytensor.tensor as pt


@dataclass(frozen=True)
class Wide(Line):
    width: int = 3

    def graph(self):
        a = param("a", (self.width,), zeros, None)
        x, y = pt.vectors("x", "y")
        line = a.sum() * x
        return TrainingGraph([x, y], ((line - y) ** 2).mean(), [a], {"line": line})
"""


COMMANDS = {
    "predict": ["1", "--mode", "FAST_COMPILE"],
    "export": ["--to", "python"],
}


@pytest.mark.parametrize("width", [4, 10**12])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_network_larger_than_its_file_is_refused(command, width, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.py").write_text(WIDE)
    options = ["--mode", "FAST_COMPILE"]
    done = CliRunner().invoke(cli, ["train", "wide.py:Wide", "--steps", "1", *options])
    assert done.exit_code == 0, done.output
    [file] = tmp_path.glob("trained/*.npz")
    with np.load(file) as held:
        arrays = dict(held)
    header = json.loads(str(arrays.pop("header")))
    header["options"]["width"] = width
    np.savez(file, header=np.array(json.dumps(header)), **arrays)
    arguments = [command, "wide.py:Wide", "--checkpoint", str(file), *COMMANDS[command]]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 2
    assert f"a must be among at most 3 values, for {file} holds no more" in done.stderr
