"""Python files run, agree with PyTensor, and are formatted as ruff formats."""

import importlib.util
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from export.ways_to_write import WAYS, Weights, values_for
from helpers import AS_WRITTEN

from symrnn.errors import UserError
from symrnn.export import export_python
from symrnn.models import RECIPES, recipe_class
from symrnn.training.network import inputs_of

TOLERANCE = 1e-5
LIBRARIES = ["numpy", *(["torch"] if find_spec("torch") else [])]
NETWORKS = {
    f"{name}_{i}": (name, options)
    for name in RECIPES
    for i, options in enumerate(recipe_class(name).small)
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("written")


def ran(path, library, values):
    """What the file at `path` computes."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    values = [v.astype("float32") if v.dtype == "float64" else v for v in values]
    if library == "numpy":
        results = getattr(module, path.stem)(*values)
    else:
        import torch

        title = "".join(word[:1].upper() + word[1:] for word in path.stem.split("_"))
        with torch.no_grad():
            results = getattr(module, title)()(*map(torch.from_numpy, values))
    return [np.asarray(r) for r in (results if isinstance(results, tuple) else (results,))]


def assert_agrees(path, library, inputs, outputs, **options):
    values = values_for(inputs)
    export_python(inputs, outputs, path, library=library, **options)
    expected = pytensor.function(inputs, outputs, mode=AS_WRITTEN)(*values)
    for found, value in zip(ran(path, library, values), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, value, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_hand_written_layers_agree_in_python(way, library, folder):
    assert_agrees(folder / f"{library}_{way.__name__}.py", library, *way(Weights()))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_projects_networks_agree_in_python(network, library, folder):
    name, options = NETWORKS[network]
    graph = recipe_class(name)(**options).graph()
    outputs = list(graph.outputs.values())
    inputs = inputs_of(outputs, graph.inputs)
    path = folder / f"{library}_{network}.py"
    assert_agrees(path, library, inputs, outputs, names=list(graph.outputs))


def test_what_was_written_is_formatted(folder):
    """In the order of the file, after all that write."""
    for path in [folder / "curve.py"]:
        x = pt.matrix("x")
        long = sum((pt.sin(k * x) / (1 + x**k) for k in range(1, 6)), x)
        export_python([x], [long, pt.clip(x[1:, ::-1], -1, 2) // 3], path)
    commands = [
        ["format", "--isolated", "--diff"],
        ["check", "--isolated", "--line-length=88", "--select=E,F,W,I,B,UP,C4,RET"],
    ]
    for command in commands:
        run = subprocess.run(
            [sys.executable, "-m", "ruff", *command, str(folder)], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_names_are_the_users(tmp_path):
    xs = pt.tensor("characters", shape=(None, 3))
    w = pytensor.shared(np.ones((3, 2)), name="readout.w")
    text, weights = export_python([xs], [pt.tanh(xs @ w)], names=["said"], name="my network")
    assert list(weights) == ["readout_w"]
    assert "def my_network(characters):" in text
    assert "return np.tanh(characters @ readout_w)" in text
    assert '"""said (T, 2) from characters (T, 3)."""' in text


def test_a_program_and_an_archive_of_somebody_else_stay(tmp_path):
    x, w = pt.matrix("x"), pytensor.shared(np.ones((3, 2)), name="w")
    path = tmp_path / "mine.py"
    path.write_text('"""Mine, in NumPy"""\n')
    with pytest.raises(UserError, match=r"path must be free .* but .*mine\.py is another program"):
        export_python([x], x @ w, path)
    assert path.read_text() == '"""Mine, in NumPy"""\n'
    path.unlink()
    archive = tmp_path / "mine.npz"
    for _ in range(2):
        archive.write_bytes(b"a checkpoint")
        with pytest.raises(UserError, match=r"free \.npz beside it .* but .*mine\.npz is another"):
            export_python([x], x @ w, path)
        assert archive.read_bytes() == b"a checkpoint"
        export_python([x], x + 1, path)  # which has no weights, and takes no archive for its own
    archive.unlink()
    for library in ("numpy", "torch", "numpy"):
        export_python([x], x @ w, path, library=library)
    [found] = ran(path, "numpy", [np.ones((1, 3))])
    np.testing.assert_array_equal(found, [[3, 3]])


def test_a_file_whose_name_is_no_identifier_finds_its_weights(tmp_path):
    x, w = pt.matrix("x"), pytensor.shared(np.ones((3, 2), "float32"), name="w")
    for _ in range(2):
        export_python([x], x @ w, tmp_path / "my-net.v2.py")
    names = {}
    path = tmp_path / "my-net.v2.py"
    exec(compile(path.read_text(), str(path), "exec"), {"__file__": str(path)} | names, names)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["my-net.v2.npz", "my-net.v2.py"]
    assert "my_net_v2" in names
    assert "those of my-net.v2.npz beside" in path.read_text()


def test_the_weights_that_are_returned_are_copies():
    x, w = pt.matrix("x"), pytensor.shared(np.ones((3, 2), "float32"), name="w")
    _, weights = export_python([x], x @ w)
    assert not np.shares_memory(weights["w"], w.get_value(borrow=True))


def test_another_library_and_a_path_of_no_python_are_refused(tmp_path):
    x = pt.vector("x")
    with pytest.raises(UserError, match="library must be one of numpy, torch"):
        export_python([x], x, library="tensorflow")
    with pytest.raises(UserError, match=r"path must end in \.py"):
        export_python([x], x, tmp_path / "x.txt")
