"""The gates that a page shows are those of the network: states by another path, and the page itself."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from click.testing import CliRunner
from helpers import (
    AS_WRITTEN,
    CELLS,
    assert_elements_are_closed_in_order,
    evaluate,
    make_cell,
)

from symrnn.commands.cli import cli
from symrnn.errors import UserError
from symrnn.gates import first_call, page_of_walks, walks
from symrnn.graph import TrainingGraph
from symrnn.models import recipe_class
from symrnn.training import Network, Training, save_checkpoint
from symrnn.unroll import scan_states, stack

RNG = np.random.default_rng(0)


def read(name, **options):
    """A walk of a cell over masked sequences, and the states that PyTensor computes."""
    xs, mask = pt.tensor("xs", shape=(None, None, 3)), pt.matrix("mask", dtype="bool")
    hs, last = scan_states(make_cell(name), xs, mask=mask, **options)
    arrays = [RNG.normal(size=(5, 2, 3)), np.arange(5)[:, None] < [5, 3]]
    found = walks([xs, mask], [hs], arrays, item=1)
    return found, evaluate([xs, mask], [hs, *last], arrays, mode=AS_WRITTEN)


@pytest.mark.parametrize("name", sorted({*CELLS} - {"residual_gru"}))  # no known cell's algebra
@pytest.mark.parametrize("reverse", [False, True])
def test_states_are_those_of_the_network(name, reverse):
    [walk], (hs, *last) = read(name, reverse=reverse)
    assert walk.is_reversed == reverse
    # the mask leaves out the fourth and the fifth step
    np.testing.assert_allclose(walk.gates["h"], hs[:3, 1], atol=1e-6)
    end = 0 if reverse else 2
    np.testing.assert_allclose(walk.gates[walk.memory][end], last[-1][1], atol=1e-6)
    begins = walk.before[::-1] if reverse else walk.before
    ends = walk.gates[walk.memory][::-1] if reverse else walk.gates[walk.memory]
    assert not begins[0].any()
    np.testing.assert_array_equal(begins[1:], ends[:-1])


def test_gates_obey_the_equations():
    [lstm], _ = read("lstm")
    at = lstm.gates
    cell = at["forget"] * lstm.before + at["input"] * at["candidate"]
    np.testing.assert_allclose(at["cell"], cell)
    np.testing.assert_allclose(at["h"], at["output"] * np.tanh(cell))
    [gru], _ = read("gru")
    mixed = gru.gates["update"] * gru.before + (1 - gru.gates["update"]) * gru.gates["candidate"]
    np.testing.assert_allclose(gru.gates["h"], mixed)


def test_layers_above_each_other_read_both_ways():
    xs = pt.tensor("xs", shape=(None, None, 3))
    layers = [[make_cell("gru", size, 2) for _ in range(2)] for size in (3, 4)]
    found = walks([xs], [stack(layers, xs)], [RNG.normal(size=(4, 1, 3))])
    assert [walk.name for walk in found] == ["GRU 1", "GRU 2", "GRU 3", "GRU 4"]
    assert [walk.is_reversed for walk in found] == [False, True, False, True]
    below = np.concatenate([found[0].gates["h"], found[1].gates["h"]], axis=1)
    np.testing.assert_allclose(found[2].xs, below)


def test_a_scan_that_is_no_layer_is_walked_through():
    import pytensor

    xs = pt.tensor("xs", shape=(None, None, 3))
    sums = pytensor.scan(
        lambda x, s: x + s, xs, pt.zeros((xs.shape[1], 3), dtype=xs.dtype), return_updates=False
    )
    [walk] = walks([xs], [stack([[make_cell("rnn")]], sums)], [np.ones((4, 1, 3))])
    np.testing.assert_allclose(walk.xs[:, 0], [1, 2, 3, 4])


def test_a_recipe_is_heard_before_anything_is_compiled():
    recipe = recipe_class("binary_adder")()
    network = Network(recipe.graph())
    asked = first_call(recipe, network, ("13", "29"))
    [walk] = walks(*asked)
    assert (walk.kind, walk.xs.shape) == ("RNN", (7, 2))
    assert network.functions == {}


def test_a_recipe_that_asks_nothing_is_told():
    recipe = recipe_class("binary_adder")()
    silent = type("Silent", (type(recipe),), {"predict": lambda *_: ["nothing"]})()
    with pytest.raises(UserError, match=r"Silent.predict\(\) must ask the network something"):
        first_call(silent, Network(TrainingGraph([], pt.zeros(()), [], {})), ())


def lstm_page(text="a<b/script>", steps=None):
    [walk], _ = read("lstm")
    return page_of_walks([walk], title=f"on {text}", text=text[:3])


def test_the_page_holds_the_gates_and_runs_nothing_that_was_read():
    page = lstm_page()
    assert_elements_are_closed_in_order(re.sub(r"<(image|input)[^>]*>", "", page))
    held = json.loads(re.search(r'application/json">(.*?)</script>', page)[1])
    assert held["steps"] == ["a", "<", "b"]
    assert list(held["gates"]) == ["input", "forget", "output", "candidate", "cell", "h"]
    assert len(held["gates"]["cell"]) == len(held["steps"])
    assert page.count("data:image/png") == 7  # what it reads, too
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "binary_adder.npz"
    recipe = recipe_class("binary_adder")(steps=1, samples=9, tests=3, batch_size=3)
    training = Training(recipe, recipe.data(), mode="FAST_COMPILE")
    save_checkpoint(path, training.checkpoint())
    return path


def test_the_command_writes_a_page(checkpoint, tmp_path):
    target = tmp_path / "page.html"
    words = ["explain-cell", "binary_adder", "--checkpoint", str(checkpoint), "--on", "13 29"]
    done = CliRunner().invoke(cli, [*words, "--path", str(target)])
    assert done.output == f"{target}\n"
    page = target.read_text()
    assert "The gates of binary_adder on “13 29”" in page
    assert str(checkpoint.parent) not in page
    refused = CliRunner().invoke(cli, [*words, "--item", "1"])
    assert "--item must be below the size of the batch, 1, but is 1" in refused.output


def test_the_command_on_a_page_draws_the_same_page(checkpoint, tmp_path):
    """Without --set and --item it drew that of another network, or another sequence."""
    target = tmp_path / "page.html"
    options = ["--set", "steps=2", "--item", "1"]
    words = ["explain-cell", "binary_adder", "--checkpoint", str(checkpoint), *options]
    done = CliRunner().invoke(cli, [*words, "--path", str(target)])
    assert done.exit_code == 0, done.output
    shown = "symrnn explain-cell binary_adder --checkpoint binary_adder.npz --set steps=2 --item 1"
    assert shown in target.read_text()


WRONG = {  # arrays, options, what is said
    "none": ([], {}, "arrays must be one an input, 1, but are 0"),
    "two": ([np.ones((5, 2, 3))] * 2, {}, "arrays must be one an input, 1, but are 2"),
    "an axis less": (
        [np.ones((5, 2))],
        {},
        r"xs has shape \(None, None, 3\) and is given \(5, 2\)",
    ),
    "another width": ([np.ones((5, 2, 4))], {}, r"is given \(5, 2, 4\)"),
    "no such item": ([np.ones((5, 2, 3))], {"item": 2}, "below the size of the batch, 2, but is 2"),
    "half an item": ([np.ones((5, 2, 3))], {"item": 0.5}, "item must be a whole number"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_the_inputs_is_refused_in_a_sentence(case):
    arrays, options, said = WRONG[case]
    xs = pt.tensor("xs", shape=(None, None, 3))
    hs, _ = scan_states(make_cell("lstm"), xs)
    with pytest.raises(UserError, match=said):
        walks([xs], [hs], arrays, **options)


STEP = """<script>
const step = document.querySelector(".step"), unit = document.querySelector(".unit");
step.value = 2; step.dispatchEvent(new Event("input")); unit.value = 1; unit.dispatchEvent(new Event("input"));
document.title = document.querySelector(".said").textContent.slice(0, 24) + "|"
  + document.querySelectorAll(".chart polyline[points]").length + "|"
  + (document.documentElement.scrollWidth <= innerWidth) + "|"
  + getComputedStyle(document.body).backgroundColor;
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
@pytest.mark.parametrize(("width", "is_dark"), [(375, True), (1400, False)])
def test_steps_are_walked_in_a_browser(width, is_dark, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(lstm_page().replace("</body>", f"{STEP}</body>"))
    dark = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if is_dark else []
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *dark]
    command = ["chromium", *options, f"--window-size={width},900", f"--user-data-dir={tmp_path}"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120)
    colour = "rgb(22, 22, 22)" if is_dark else "rgb(255, 255, 255)"
    assert f"<title>Step 3, “b”, unit 2: cel|6|true|{colour}</title>" in done.stdout


def test_a_layer_without_a_step_is_refused_in_a_sentence():
    xs = pt.tensor("xs", shape=(None, None, 3))
    hs, _ = scan_states(make_cell("lstm"), xs)
    with pytest.raises(UserError, match=r"but a layer \(LSTM\) reads .* shape \(0, 2, 3\)"):
        walks([xs], [hs], [np.ones((0, 2, 3))])


def test_a_scan_without_a_step_is_refused_in_a_sentence():
    xs = pt.tensor("xs", shape=(None, None, 3))
    sums = pytensor.scan(lambda x, s: s + x * s, xs, pt.ones((2, 3)), return_updates=False)
    with pytest.raises(UserError, match=r"but a scan reads .* shape \(0, 2, 3\)"):
        walks([xs], [sums], [np.ones((0, 2, 3))])
