"""Nesterov's momentum: every form follows the odd values of the rule as published."""

from collections import Counter
from functools import cache, partial
from itertools import cycle, islice

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, FEW_REWRITES
from hypothesis import given, settings
from hypothesis import strategies as st
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import apply_ancestors
from pytensor.scan.op import Scan
from recurrent_network import network

import symrnn.updates
from symrnn.errors import UserError
from symrnn.updates import (
    adamw,
    even_values,
    momentum,
    nesterov_momentum,
    nesterov_naive_clone,
    nesterov_naive_per_parameter,
    nesterov_naive_rebuild,
    nesterov_odd_even,
    odd_values,
    rmsprop,
    rmsprop_nesterov,
    sgd,
)

CONSTANT = {"learning_rate": (0.1,), "momentum": (0.9,)}
CHANGING = {"learning_rate": (0.1, 0.02, 0.05), "momentum": (0.9, 0.5, 0.0, 0.95, 0.7)}


def reference(net, rates, scaled=lambda grads: grads):
    """Losses at even values, and odd values, as Sutskever et al. write the rule, without end."""
    params = [pt.tensor(name, shape=v.shape, dtype=v.dtype) for name, v in net.values.items()]
    loss = net.loss(params)
    outputs = [loss, *pytensor.grad(loss, params)]
    loss_and_grads = pytensor.function(params, outputs, mode=AS_WRITTEN)
    values, momentum = list(net.values.values()), 0.0
    velocities = [0 * v for v in values]
    for learning_rate, next_momentum in zip(*map(cycle, rates.values())):
        even = [p + momentum * v for p, v in zip(values, velocities)]
        loss, *grads = loss_and_grads(*even)
        corrections = [-learning_rate * g for g in scaled(grads)]
        velocities = [momentum * v + c for v, c in zip(velocities, corrections)]
        values = [p + v for p, v in zip(values, velocities)]
        momentum = next_momentum
        yield float(loss), values


def stored(net, params, **rates):
    loss = net.loss(params)
    updates = nesterov_momentum(loss, params, **rates)
    return [(loss, updates)], odd_values(params, updates)


def odd_even(net, params, **rates):
    loss = net.loss(params)
    jump, correct = nesterov_odd_even(loss, params, **rates)
    return [([], jump), (loss, correct)], params


def cloned(form, net, params, **rates):
    loss = net.loss(params)
    updates = form(loss, params, **rates)
    even = dict(zip(params, even_values(params, updates)))
    return [(clone_replace(loss, even), updates)], params


def rebuilt(attribute, net, params, **rates):
    build_loss = getattr(net, attribute)
    updates = nesterov_naive_rebuild(build_loss, params, **rates)
    return [(build_loss(even_values(params, updates)), updates)], params


# Each makes of (network, parameters, rates) the functions to call in turn, as (outputs, updates),
# the last of which returns the loss at even values; and the odd values after them.
FORMS = {
    "nesterov_momentum": stored,
    "nesterov_odd_even": odd_even,
    "nesterov_naive_clone": partial(cloned, nesterov_naive_clone),
    "nesterov_naive_per_parameter": partial(cloned, nesterov_naive_per_parameter),
    "nesterov_naive_rebuild": partial(rebuilt, "loss"),
    "nesterov_naive_rebuild, closure": partial(rebuilt, "loss_by_closure"),
}
KINDS = {  # how a rate is given
    "number": lambda name, values: values[0],
    "symbolic": lambda name, values: pt.dscalar(name),
    "shared": lambda name, values: pytensor.shared(np.asarray(0.0), name=name),
}


def trained(net, form, kind, rates, rule=sgd, mode=AS_WRITTEN):
    """Losses at even values, and odd values, step by step, without end."""
    given = {name: KINDS[kind](name, values) for name, values in rates.items()}
    functions, odd = FORMS[form](net, net.params(), rule=rule, **given)
    inputs = list(given.values()) if kind == "symbolic" else []
    calls = [
        pytensor.function(inputs, outputs, updates=updates, on_unused_input="ignore", mode=mode)
        for outputs, updates in functions
    ]
    read = pytensor.function([], odd, mode=AS_WRITTEN)
    for values in zip(*map(cycle, rates.values())):
        if kind == "shared":
            for rate, value in zip(given.values(), values):
                rate.set_value(value)
        losses = [call(*values[: len(inputs)]) for call in calls]
        yield float(losses[-1]), read()


def assert_same_trajectory(got, expected, steps, tolerance=1e-11):
    for (loss, values), (expected_loss, expected_values) in islice(zip(got, expected), steps):
        assert abs(loss - expected_loss) < tolerance
        for value, expected_value in zip(values, expected_values, strict=True):
            np.testing.assert_allclose(value, expected_value, rtol=0, atol=tolerance)


@cache
def published(are_changing):
    """200 steps of the reference, which every form follows."""
    return list(islice(reference(network(), CHANGING if are_changing else CONSTANT), 200))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("kind", "rates"),
    [("number", CONSTANT), ("symbolic", CHANGING), ("shared", CHANGING)],
    ids=["number", "symbolic", "shared"],
)
def test_every_form_follows_the_published_rule_over_200_steps(form, kind, rates):
    net = network()
    # How a rate is given changes a leaf of the graph, so that one kind meets every rewrite.
    got = trained(net, form, kind, rates, mode=None if kind == "number" else AS_WRITTEN)
    assert_same_trajectory(got, published(rates is CHANGING), steps=200)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_takes_another_rule_that_corrects(form):
    net, means = network(), [0.0] * 3

    def scaled(grads):
        means[:] = [0.5 * mean + 0.5 * grad**2 for mean, grad in zip(means, grads)]
        return [grad / np.sqrt(mean + 1e-6) for mean, grad in zip(means, grads)]

    rule = partial(rmsprop, rho=0.5, epsilon=1e-6)
    got = trained(net, form, "shared", CHANGING, rule, mode=FEW_REWRITES)
    assert_same_trajectory(got, reference(net, CHANGING, scaled), steps=10, tolerance=1e-9)


@pytest.mark.parametrize("form", [nesterov_momentum, nesterov_naive_clone])
def test_a_rule_that_reads_the_parameters_reads_even_values(form):
    """Weight decay: every form decays the values at which the gradient is taken."""
    w = pytensor.shared(np.array([1.0, -2.0]), name="w")
    rule = partial(adamw, weight_decay=0.5)
    updates = form((w**2).sum(), [w], 0.1, 0.5, rule=rule)
    train = pytensor.function([], updates=updates)
    train(), train()
    odd = odd_values([w], updates)[0].eval() if form is nesterov_momentum else w.get_value()
    # by hand: step 1 moves by 0.1 and 5 %; the jump is half of that; step 2 decays the jumped value
    first = np.array([1.0, -2.0]) * 0.95 - [0.1, -0.1]
    even = first + 0.5 * (first - [1.0, -2.0])
    np.testing.assert_allclose(odd, even * 0.95 - [0.1, -0.1], atol=2e-3)


def test_rmsprop_nesterov_builds_the_form_that_it_is_given():
    params = network().params()
    build_loss = network().loss
    jump, correct = rmsprop_nesterov(build_loss(params), params, form=nesterov_odd_even)
    naive = rmsprop_nesterov(build_loss, params, form=nesterov_naive_rebuild)
    assert list(jump) == params
    assert [key.name for key in naive] == [key.name for key in correct]


def rate_values(high):
    return st.lists(st.floats(0, high), min_size=1, max_size=4).map(tuple)


@given(
    form=st.sampled_from(list(FORMS)),
    kind=st.sampled_from(["symbolic", "shared"]),
    sizes=st.fixed_dictionaries(
        {name: st.integers(1, 3) for name in ("steps", "batch", "inputs", "hidden")}
        | {"layers": st.integers(1, 2), "seed": st.integers(0, 99)}
    ),
    learning_rate=rate_values(0.5),
    momentum=rate_values(0.99),
)
@settings(max_examples=8, deadline=None, derandomize=True)
def test_no_network_and_no_rates_tell_the_forms_apart(form, kind, sizes, learning_rate, momentum):
    net, rates = network(**sizes), {"learning_rate": learning_rate, "momentum": momentum}
    assert_same_trajectory(trained(net, form, kind, rates), reference(net, rates), steps=8)


def test_readout_is_exact_after_the_momentum_has_changed():
    net, momentum = network(), pytensor.shared(np.asarray(0.9))
    functions, odd = stored(net, net.params(), learning_rate=0.1, momentum=momentum)
    train = pytensor.function([], updates=functions[0][1])
    for _ in range(3):
        train()
    momentum.set_value(0.1)
    *_, (_, expected) = islice(reference(net, CONSTANT), 3)
    for value, expected_value in zip(pytensor.function([], odd)(), expected, strict=True):
        np.testing.assert_allclose(value, expected_value, rtol=0, atol=1e-14)


def test_odd_values_that_were_saved_are_stored_as_even_ones():
    params = network().params()
    updates = nesterov_momentum(network().loss(params), params, 0.1)
    pytensor.function([], updates=updates)()
    saved = [param.type() for param in params]
    back = odd_values(params, updates, even=even_values(params, updates, odd=saved))
    values = [np.full(param.get_value().shape, 0.5) for param in params]
    for value, expected in zip(pytensor.function(saved, back)(*values), values, strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-15)


def sizes(outputs, updates):
    """Apply nodes after rewriting; inner nodes and outputs of each scan."""
    fgraph = pytensor.function([], outputs, updates=updates).maker.fgraph
    scans = [node.op.fgraph for node in fgraph.apply_nodes if isinstance(node.op, Scan)]
    return len(fgraph.apply_nodes), Counter((len(s.apply_nodes), len(s.outputs)) for s in scans)


@pytest.mark.parametrize("rule", [momentum, nesterov_momentum, lambda *a: nesterov_odd_even(*a)[1]])
def test_momentum_adds_no_recurrence_and_at_most_one_node_a_parameter(rule):
    net = network(layers=2)
    params = net.params()
    loss = net.loss(params)
    floor_nodes, floor_scans = sizes(loss, sgd(loss, params, 0.1))
    nodes, scans = sizes(loss, rule(loss, params, 0.1))
    assert scans == floor_scans
    assert floor_nodes <= nodes <= floor_nodes + len(params)


def test_jump_holds_one_node_a_parameter():
    params = network().params()
    jump, _ = nesterov_odd_even(network().loss(params), params, 0.1)
    assert sizes([], jump) == (len(params), Counter())


SCANS = {  # form: Scan nodes before rewriting, for one layer and three parameters, loss returned
    "nesterov_momentum": 2,
    "nesterov_odd_even": 2,
    "nesterov_naive_clone": 3,  # forward at odd values; forward and backward at even ones
    "nesterov_naive_rebuild": 3,
    "nesterov_naive_per_parameter": 7,  # forward at odd values; both for each parameter
}


@pytest.mark.parametrize("form", SCANS)
def test_recurrences_before_rewriting(form):
    net = network()
    params = net.params()
    rule = getattr(symrnn.updates, form)
    loss = net.loss(params)
    updates = rule(net.loss if form == "nesterov_naive_rebuild" else loss, params, 0.1)
    updates = updates[1] if form == "nesterov_odd_even" else updates
    applies = apply_ancestors([loss, *updates.values()])
    assert sum(isinstance(node.op, Scan) for node in applies) == SCANS[form]


def test_readout_without_a_jump_names_the_way_out():
    params = network().params()
    with pytest.raises(UserError, match=r"updates must hold the jump of w_x0, but .*; give the"):
        odd_values(params, sgd(network().loss(params), params, 0.1))
