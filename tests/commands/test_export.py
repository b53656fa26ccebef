"""`symrnn export` writes what a training left."""

import numpy as np
import pytest
from click.testing import CliRunner

from symrnn.commands.cli import cli

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


MINE = """
from dataclasses import dataclass
from symrnn.models.binary_adder import BinaryAdder as Adder


@dataclass(frozen=True)
class BinaryAdder(Adder):
    \"\"\"As the other.\"\"\"
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    arguments = ["--folder", str(folder), "--set", "steps=1", "--set", "samples=100"]
    done = CliRunner().invoke(cli, ["train", "binary_adder", *arguments])
    assert done.exit_code == 0, done.output
    return folder / "binary_adder.npz"


def exported(checkpoint, *arguments):
    return CliRunner().invoke(
        cli, ["export", "binary_adder", "--checkpoint", str(checkpoint), *arguments]
    )


def test_a_trained_network_is_written_as_python(checkpoint, tmp_path):
    path = tmp_path / "adder.py"
    done = exported(checkpoint, "--to", "python", "--path", str(path))
    assert done.exit_code == 0, done.output
    assert done.output.strip() == f"{path} and adder.npz"
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), {"__file__": str(path)} | names, names)
    with np.load(checkpoint) as trained, np.load(path.with_suffix(".npz")) as weights:
        np.testing.assert_array_equal(weights["w_x"], trained["values/001"].astype("float32"))


@pytest.mark.parametrize("form", ["ncnn", "torch"])
def test_a_trained_network_is_written_without_the_packages_that_run_it(form, checkpoint, tmp_path):
    path = tmp_path / {"ncnn": "adder.param", "torch": "adder.py"}[form]
    done = exported(checkpoint, "--to", form, "--path", str(path), "--output", "y")
    assert done.exit_code == 0, done.output
    assert path.stat().st_size > 100


def test_a_trained_network_is_written_as_onnx(checkpoint, tmp_path):
    pytest.importorskip("onnx")
    done = exported(checkpoint, "--to", "onnx", "--path", str(tmp_path / "adder.onnx"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "adder.onnx").read_bytes()


def test_the_batch_of_the_file_is_chosen(tmp_path):
    small = ["image_size=8", "hidden_size=4", "batch_size=3", "steps=10"]
    options = [part for option in small for part in ("--set", option)]
    done = CliRunner().invoke(cli, ["train", "digit_rows", "--folder", str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    arguments = ["--checkpoint", str(tmp_path / "digit_rows.npz"), "--to", "python"]
    path = tmp_path / "digits.py"
    command = ["export", "digit_rows", *arguments, "--path", str(path), "--batch-size", "7"]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    assert "logits (7, 10) from xs (8, 7, 8)" in path.read_text()


@pytest.fixture
def own(checkpoint, tmp_path, monkeypatch):
    """The folder of a network of one's own, its checkpoint beside it under its name."""
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "mine.npz").write_bytes(checkpoint.read_bytes())
    monkeypatch.chdir(tmp_path)
    return {path: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize("form", ["python", "torch"])
def test_a_network_and_its_checkpoint_stay_where_the_file_is_written(form, own):
    arguments = ["export", "mine.py:BinaryAdder", "--checkpoint", "mine.npz", "--to", form]
    for _ in range(2):  # what an earlier export wrote is replaced
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        names = {"python": "mine_BinaryAdder_numpy", "torch": "mine_BinaryAdder_torch"}
        assert done.output == f"{names[form]}.py and {names[form]}.npz\n"
    assert {path: path.read_bytes() for path in own} == own


@pytest.mark.parametrize(
    ("form", "path"),
    [("python", "mine.py"), ("torch", "./mine.py"), ("onnx", "mine.npz"), ("onnx", "mine.py")],
)
def test_what_a_network_is_read_from_is_never_replaced(form, path, own):
    arguments = ["export", "mine.py:BinaryAdder", "--checkpoint", "mine.npz", "--to", form]
    done = CliRunner().invoke(cli, [*arguments, "--path", path])
    assert done.exit_code == 2, done.output
    assert "--path must spare what the network is read from, but would replace mine." in done.output
    assert {path: path.read_bytes() for path in own} == own


def test_an_output_that_is_none_is_refused(checkpoint):
    done = exported(checkpoint, "--to", "ncnn", "--output", "z")
    assert done.exit_code == 2
    assert "--output must be one of y, but is 'z'" in done.output
