"""Every row of `symrnn.updates.RULES` meets the whole contract of a rule; a row that lacks a part of it fails."""

import doctest
import inspect
import re
from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES
from pytensor.scan.op import Scan
from recurrent_network import network
from test_update_rules import UPDATES

import symrnn.updates
from symrnn.updates import RULES, NamedRule, get_or_compute_grads

FORMS = {  # other graphs of `nesterov_momentum`, and what makes a rule of another: functions that no program names
    "apply_momentum",
    "apply_nesterov_momentum",
    "nesterov_naive_clone",
    "nesterov_naive_per_parameter",
    "nesterov_naive_rebuild",
    "nesterov_odd_even",
}


def test_every_public_rule_has_a_name():
    public = [getattr(symrnn.updates, name) for name in symrnn.updates.__all__]
    rules = {
        function.__name__
        for function in public
        if inspect.isfunction(function) and {"params"} < set(inspect.signature(function).parameters)
    }
    readouts = {"odd_values", "even_values", get_or_compute_grads.__name__}
    assert rules - FORMS - readouts == set(RULES)
    assert all(rule.build is getattr(symrnn.updates, name) for name, rule in RULES.items())


def test_every_file_of_rules_shows_examples():
    """What is no rule as well: constraints, schedules, gradients."""
    files = Path(symrnn.updates.__file__).parent.glob("*.py")
    assert [path.name for path in files if ">>>" not in path.read_text()] == ["named_rule.py"]


@pytest.mark.parametrize("name", RULES)
def test_rule_has_a_golden_trajectory_of_its_own(name):
    """In the conformance table, whose tests hold its values, dtypes, state and size."""
    assert UPDATES[name].rule is RULES[name].build


@pytest.mark.parametrize("name", RULES)
def test_rule_states_its_formula_and_its_state_and_shows_an_example(name):
    build = RULES[name].build
    words = inspect.getdoc(build)
    assert "\n* ``" in words  # formulas are items of a list
    assert re.search(r"State:\s|state as in", words)
    [test] = doctest.DocTestFinder(recurse=False).find(build, name)
    assert test.examples


@pytest.mark.parametrize("name", RULES)
def test_row_names_the_rates_that_the_rule_has(name):
    rates = set(inspect.signature(RULES[name].build).parameters)
    named = next((rate for rate in ("momentum", "beta1") if rate in rates), None)
    assert RULES[name] == NamedRule(RULES[name].build, named, "weight_decay" in rates)


@pytest.mark.parametrize("name", RULES)
def test_rule_has_the_rates_of_its_source_where_none_are_given(name):
    """The trajectories give theirs, so that none of them would notice."""
    given = inspect.signature(RULES[name].build).parameters.values()
    numbers = {each.name: each.default for each in given if isinstance(each.default, int | float)}
    assert numbers == UPDATES[name].defaults


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RULES)
def test_rule_keeps_shape_and_dtype_of_what_it_updates(name, dtype):
    params = [
        pytensor.shared(np.ones(shape, dtype), name=f"w{i}", shape=static)
        for i, (shape, static) in enumerate([((2, 3), (2, 3)), ((1, 3), (1, None)), ((), ())])
    ]
    updates = RULES[name].build(sum((p**2).sum() for p in params), params, 0.1)
    assert set(params) <= set(updates)
    before = {key: key.get_value() for key in updates}
    pytensor.function([], updates=updates, mode=FEW_REWRITES)()
    for key, value in before.items():
        assert (key.get_value().shape, key.get_value().dtype) == (value.shape, value.dtype)
        assert updates[key].type.dtype == key.type.dtype
    assert all(np.isfinite(param.get_value()).all() for param in params)
    assert all((param.get_value() != before[param]).any() for param in params)


@pytest.mark.parametrize("name", RULES)
def test_rule_adds_no_recurrence_to_the_networks_own(name):
    net = network(layers=2)
    params = net.params()
    loss = net.loss(params)
    updates = RULES[name].build(loss, params, 0.1)
    fgraph = pytensor.function([], loss, updates=updates, mode=FEW_REWRITES).maker.fgraph
    scans = [node for node in fgraph.apply_nodes if isinstance(node.op, Scan)]
    assert len(scans) == 4  # one forward and one back for each layer
