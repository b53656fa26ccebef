"""Duplicates in words, with their cost and their cure."""

import pytensor
import pytensor.tensor as pt
import pytest
from click.testing import CliRunner
from foreign import PYTHON, loss_of, naive_nesterov, stack, weights

from symrnn.commands.explain import explain_command, loaded
from symrnn.duplicates.explained import explanation
from symrnn.errors import UserError

xs = pt.tensor3("xs")


def naive(cell="tanh", layers=1):
    params = weights(cell, layers)
    updates = naive_nesterov("clone", lambda p, **o: loss_of(cell, xs, p, **o), params, 0.1, 0.9)
    return loss_of(cell, xs, params), updates


def test_look_ahead_points_to_the_odd_even_form():
    loss, updates = naive()
    text = explanation([loss, *updates.values()])
    assert text.startswith("3 recurrences in 3 scans, 1 of them computed again; ")
    assert "\n1. 2 times the step of 'scan_fn', in scans of their own\n" in text
    assert "   non-sequence: w_h0 against w_h0 + 0.9*w_h0.v (a look-ahead)\n" in text
    assert text.endswith(
        "   to remove it: store the look-ahead values: odd_even_form(updates), or nesterov_momentum"
    )


def test_packed_duplicates_are_named_by_the_pack():
    loss, updates = naive()
    text = explanation(pytensor.function([xs], loss, updates=updates, mode=PYTHON))
    assert text.startswith("3 recurrences in 2 scans, 1 of them computed again; ")
    assert "2 times the step of 'scan_fn&scan_fn', packed in one Scan (scan_fn&scan_fn)" in text


def test_network_built_twice_points_to_sharing():
    params = weights("tanh", 2)
    text = explanation([stack("tanh", xs, params), stack("tanh", xs, params)])
    assert text.count("   fed the same values\n") == 2
    assert "build the network once, or call share_recurrences(outputs) before the gradient" in text


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
    result = CliRunner().invoke(explain_command, [f"{file}:build"])
    assert result.output == "1 recurrence in 1 scan, none computed twice.\n"


def test_command_names_what_it_cannot_find(tmp_path):
    file = tmp_path / "network.py"
    file.write_text(SOURCE)
    with pytest.raises(UserError, match="did you mean 'twice'"):
        loaded(f"{file}:twce")
    with pytest.raises(UserError, match=r"takes FILE\.py:NAME"):
        loaded("twice")
