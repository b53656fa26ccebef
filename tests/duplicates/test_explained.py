"""Duplicates in words, with their cost and their cure."""

import inspect
import re

import foreign
import pytensor
import pytensor.tensor as pt
import pytest
from click.testing import CliRunner
from foreign import PYTHON, loss_of, naive_nesterov, stack, weights

from symrnn.cells import RNNCell
from symrnn.commands.cli import cli
from symrnn.commands.explain import explain_command
from symrnn.duplicates.explained import explanation
from symrnn.errors import UserError
from symrnn.measure.source_lines import full_traces, relative
from symrnn.unroll import scan_unroll

xs, ys = pt.tensor3("xs"), pt.tensor3("ys")
SCAN_LINE = next(
    number
    for number, line in enumerate(inspect.getsource(foreign).splitlines(), 1)
    if "pytensor.scan(" in line and "`" not in line
)
LAYER = f"{relative(foreign.__file__)}:{SCAN_LINE}"


@pytest.fixture(autouse=True)
def call_stacks():
    """Kept: steps are named by their lines."""


def naive(cell="tanh", layers=1):
    params = weights(cell, layers)
    updates = naive_nesterov("clone", lambda p, **o: loss_of(cell, xs, p, **o), params, 0.1, 0.9)
    return loss_of(cell, xs, params), updates


def test_look_ahead_points_to_the_odd_even_form():
    loss, updates = naive()
    text = explanation([loss, *updates.values()])
    assert text.startswith("3 recurrences in 3 scans, 1 of them computed again; ")
    assert f"\n1. 2 times the step at {LAYER}, in scans of their own\n" in text
    assert "   non-sequence: w_h0 against w_h0 + 0.9*w_h0.v (a look-ahead)\n" in text
    assert text.endswith(
        "   to remove it: store the look-ahead values: odd_even_form(updates), or nesterov_momentum"
    )


def test_packed_duplicates_are_named_by_the_pack():
    loss, updates = naive()
    text = explanation(pytensor.function([xs], loss, updates=updates, mode=PYTHON))
    assert text.startswith("3 recurrences in 2 scans, 1 of them computed again; ")
    assert re.search(
        r"\n1\. 2 times the step (at \S*foreign.py:\d+|of 'scan_fn&scan_fn'), packed in one Scan\n",
        text,
    )


def test_network_built_twice_points_to_sharing_once():
    params = weights("tanh", 2)
    text = explanation([stack("tanh", xs, params), stack("tanh", xs, params)])
    assert text.count("   fed the same values\n") == 2
    cure = "   to remove it: build the network once, or call share_recurrences(outputs) before the gradient"
    assert text.count(cure) == 1
    assert text.endswith("\n   follows from 1, which feeds it: what removes 1 removes it")


def test_gradients_of_duplicates_are_told_by_what_they_follow_from():
    params = weights("lstm", 2)
    one, other = stack("lstm", xs, params), stack("lstm", xs, params)
    loss = (one @ params[-1]).mean() + (other**2).mean()
    text = explanation([loss, *pytensor.grad(loss, params)])
    paragraphs = text.split("\n\n")[1:]
    assert [p.splitlines()[0] for p in paragraphs] == [
        f"1. 2 times the step at {LAYER}, in scans of their own",
        f"2. 2 times the step at {LAYER}, in scans of their own",
        f"3. 2 times the gradient of the step at {LAYER}, in scans of their own",
        f"4. 2 times the gradient of the step at {LAYER}, in scans of their own",
    ]
    assert [p.splitlines()[-1].strip().partition(":")[0] for p in paragraphs] == [
        "to remove it",
        "follows from 1, which feeds it",
        "follows from 2",
        "follows from 1",
    ]
    assert "batch axis" not in text


STEPS = {  # name of a scan: how its step is called
    None: f"the step at {LAYER},",
    "encoder": f"the step 'encoder' at {LAYER},",
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("closure", [False, True])
def test_a_step_is_named_by_its_line_and_by_the_name_it_was_given(name, closure):
    params = weights("tanh")
    options = {
        "name": name,
        "closure": closure,
    }  # a closure is taken out of the step: a scan made anew
    text = explanation([stack("tanh", xs, params, **options), stack("tanh", ys, params, **options)])
    assert f"1. 2 times {STEPS[name]}" in text


def test_a_layer_of_ours_is_named_by_the_line_that_calls_it():
    cell = RNNCell.create(2, 2, rng=0)
    with full_traces():
        twice = [scan_unroll(cell, xs), scan_unroll(cell, xs)]
        line = inspect.currentframe().f_lineno - 1
    text = explanation(twice)
    assert f"1. 2 times the step 'forward' at {relative(__file__)}:{line}," in text


def test_clean_graph_is_called_clean():
    params = weights("tanh", 2)
    assert explanation(stack("tanh", xs, params)) == (
        "2 recurrences in 2 scans, none computed twice."
    )


def test_seconds_are_measured_when_asked_for():
    params = weights("tanh")
    twice = [stack("tanh", xs, params), stack("tanh", xs, params, name="again")]
    text = explanation(twice, seconds=True, mode=PYTHON)
    assert " s to compile in mode " in text
    assert " s without; median of 3, in this process)" in text


def test_seconds_of_a_compiled_function_are_refused():
    params = weights("tanh")
    twice = [stack("tanh", xs, params), stack("tanh", xs[::-1], params)]
    function = pytensor.function([xs], twice, mode=PYTHON)
    with pytest.raises(UserError, match="give the outputs it was compiled from"):
        explanation(function, seconds=True)


SOURCE = """
import numpy as np, pytensor, pytensor.tensor as pt
xs, w = pt.matrix("xs"), pytensor.shared(np.eye(2), name="w")
def run(w):
    return pytensor.scan(lambda x, h, w: pt.tanh(x + h @ w), xs, pt.zeros(2), w, return_updates=False)
twice = [run(w), run(w)]
def build():
    return {w: run(w)[-1]}
"""


def test_command_explains_a_graph_in_a_file(tmp_path):
    file = tmp_path / "network.py"
    file.write_text(SOURCE)
    result = CliRunner().invoke(explain_command, [f"{file}:twice"])
    assert result.output.startswith("2 recurrences in 2 scans, 1 of them computed again; ")
    assert "1. 2 times the step at network.py:5" in result.output.replace(f"{tmp_path}/", "")
    result = CliRunner().invoke(explain_command, [f"{file}:build"])
    assert result.output == "1 recurrence in 1 scan, none computed twice.\n"


def test_command_names_what_it_cannot_find(tmp_path):
    file = tmp_path / "network.py"
    file.write_text(SOURCE)
    told = CliRunner().invoke(cli, ["explain", f"{file}:twce"])
    assert (told.exit_code, "did you mean 'twice'?" in told.stderr) == (2, True)
    told = CliRunner().invoke(cli, ["explain", "twice"])
    assert (told.exit_code, "must be FILE.py:NAME or package.module:NAME" in told.stderr) == (
        2,
        True,
    )
