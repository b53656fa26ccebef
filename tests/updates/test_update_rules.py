"""Conformance: every update rule against another implementation, and what its graph holds."""

import json
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.graph.traversal import applys_between

from symrnn.updates import (
    adadelta,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    apply_momentum,
    apply_nesterov_momentum,
    momentum,
    nadam,
    nesterov_momentum,
    nesterov_naive_clone,
    nesterov_naive_per_parameter,
    nt_asgd,
    odd_values,
    rmsprop,
    rmsprop_nesterov,
    sgd,
    validation_slot,
)
from symrnn.updates.gradients import slot_in

GOLDEN = json.loads((Path(__file__).parent / "golden" / "trajectories.json").read_text())


class Row(NamedTuple):
    rule: object
    arguments: dict
    golden: str  # name in golden/trajectories.json
    nodes: int  # apply nodes per parameter before rewriting, given its gradient
    defaults: dict | None = (
        None  # rates where none are given; asked of the row that is called as the rule
    )
    state: tuple = ()  # slots per parameter
    scalars: tuple = ()  # slots that all parameters share
    vectors: tuple = ()  # those among them that hold several numbers
    read: object = lambda params, updates: params  # what the golden trajectory holds


def over(apply, rule=sgd):
    """The rule that `apply` makes of another one."""

    def applied(loss_or_grads, params, learning_rate, momentum):
        return apply(rule(loss_or_grads, params, learning_rate), params, momentum)

    return applied


def triggered(loss_or_grads, params, learning_rate):
    """NT-ASGD that is told a loss above all others at once, so that it averages from the second step on."""
    updates = nt_asgd(loss_or_grads, params, learning_rate)
    validation_slot(updates).set_value(2.0)
    next(key for key in updates if key.name == "checked").set_value([1.0] * 6)
    return updates


def means(params, updates):
    """What NT-ASGD evaluates."""
    return [slot_in(updates, param, "mean") for param in params]


def rates(learning_rate, epsilon=0.01, **others):
    """An epsilon so large that a wrong place for it would show."""
    return {"learning_rate": learning_rate, "epsilon": epsilon, **others}


SGD = {"learning_rate": 0.1}
MOMENTUM = {"learning_rate": 0.1, "momentum": 0.9}
EPSILON = {"epsilon": 1e-6}
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
ASGD = ("validation_loss", "averaging", "averaged")
# Defaults are Lasagne's where it has the rule, those of the paper or of PyTorch elsewhere.
UPDATES = {
    "sgd": Row(sgd, SGD, "sgd", 3, {}),
    "momentum": Row(momentum, MOMENTUM, "momentum", 8, {"momentum": 0.9}, ("velocity",)),
    "momentum, torch": Row(momentum, MOMENTUM, "momentum_torch", 8, state=("velocity",)),
    "apply_momentum": Row(over(apply_momentum), MOMENTUM, "momentum", 8, state=("velocity",)),
    "nesterov, torch": Row(nesterov_momentum, MOMENTUM, "nesterov_even_torch", 8, state=("jump",)),
    "nesterov_momentum": Row(
        nesterov_momentum,
        MOMENTUM,
        "nesterov_odd",
        8,
        {"momentum": 0.9},
        ("jump",),
        read=odd_values,
    ),
    "apply_nesterov": Row(
        over(apply_nesterov_momentum), MOMENTUM, "nesterov_odd", 8, state=("jump",), read=odd_values
    ),
    "nesterov_naive_clone": Row(nesterov_naive_clone, MOMENTUM, "nesterov_odd", 8, state=("jump",)),
    "nesterov_naive_per_parameter": Row(
        nesterov_naive_per_parameter, MOMENTUM, "nesterov_odd", 8, state=("jump",)
    ),
    "nt_asgd": Row(nt_asgd, SGD, "sgd", 10, {"patience": 5}, ("mean",), ASGD, ("checked",)),
    "nt_asgd, torch": Row(
        triggered, SGD, "asgd_means", 10, None, ("mean",), ASGD, ("checked",), means
    ),
    "adagrad": Row(adagrad, rates(0.5), "adagrad", 10, {"learning_rate": 1.0} | EPSILON, ("accu",)),
    "rmsprop, torch": Row(
        rmsprop, rates(0.05, epsilon=0), "rmsprop_no_epsilon", 14, state=("accu",)
    ),
    "rmsprop": Row(
        rmsprop,
        rates(0.05),
        "rmsprop",
        14,
        {"learning_rate": 1.0, "rho": 0.9} | EPSILON,
        ("accu",),
    ),
    "rmsprop_nesterov": Row(
        rmsprop_nesterov,
        rates(0.05, momentum=0.8, rho=0.5),
        "rmsprop_nesterov",
        19,
        {"learning_rate": 0.05, "momentum": 0.8, "rho": 0.5} | EPSILON,
        ("accu", "jump"),
        read=odd_values,
    ),
    "rmsprop_nesterov, naive": Row(
        partial(rmsprop_nesterov, form=nesterov_naive_clone),
        rates(0.05, momentum=0.8, rho=0.5),
        "rmsprop_nesterov",
        19,
        state=("accu", "jump"),
    ),
    "adadelta": Row(
        adadelta,
        rates(1.0),
        "adadelta",
        25,
        {"learning_rate": 1.0, "rho": 0.95} | EPSILON,
        ("accu", "delta"),
    ),
    "adam": Row(adam, rates(0.1), "adam", 19, {"learning_rate": 0.001} | ADAM, ("m", "v"), ("t",)),
    "amsgrad": Row(
        amsgrad,
        rates(0.1),
        "amsgrad",
        20,
        {"learning_rate": 0.001} | ADAM,
        ("m", "v", "v_max"),
        ("t",),
    ),
    "adamw": Row(
        adamw,
        rates(0.1, weight_decay=0.3),
        "adamw",
        22,
        {"learning_rate": 0.001, "weight_decay": 0.01} | ADAM,
        ("m", "v"),
        ("t",),
    ),
    "adamax, torch": Row(
        adamax, rates(0.1, epsilon=0), "adamax_no_epsilon", 15, None, ("m", "u"), ("t",)
    ),
    "adamax": Row(
        adamax, rates(0.1), "adamax", 15, {"learning_rate": 0.002} | ADAM, ("m", "u"), ("t",)
    ),
    "nadam": Row(
        nadam,
        rates(0.1, momentum_decay=0.1),
        "nadam",
        24,
        {"learning_rate": 0.002, "momentum_decay": 0.004} | ADAM,
        ("m", "v"),
        ("t", "mu_product"),
    ),
}


def adam_l2(loss, params, **arguments):
    """Adam on a loss with the squared weights in it, for comparison with AdamW."""
    return adam(loss + 0.15 * sum((param**2).sum() for param in params), params, **arguments)


CHANGING = [name for name in UPDATES if "changing" in GOLDEN["trajectories"][UPDATES[name].golden]]


def problem(dtype="float64"):
    """The loss of golden/make_golden.py, and its parameters."""
    x, y, w, b = (np.asarray(GOLDEN["problem"][name], dtype) for name in "xywb")
    w, b = (pytensor.shared(v, name=name, shape=v.shape) for name, v in [("w", w), ("b", b)])
    return 0.5 * ((pt.tanh(x @ w + b) - y) ** 2).sum(), [w, b]


def problem_of_one():
    """The same with one parameter, ``[w, b]`` flattened."""
    x, y, w, b = (np.asarray(GOLDEN["problem"][name]) for name in "xywb")
    both = np.concatenate([w.ravel(), b])
    param = pytensor.shared(both, name="w and b", shape=both.shape)
    w, b = param[: w.size].reshape(w.shape), param[w.size :]
    return 0.5 * ((pt.tanh(x @ w + b) - y) ** 2).sum(), [param]


def trajectory(row, updates, params, rates):
    """What the golden file records: parameters, flattened, after some steps under `rates`."""
    step = pytensor.function([], updates=updates)
    read = pytensor.function([], row.read(params, updates), mode="FAST_COMPILE")
    recorded = [int(n) for n in GOLDEN["trajectories"][row.golden]["constant"]]
    states = {}
    for i, values in zip(range(1, max(recorded) + 1), rates):
        for rate, value in values.items():
            rate.set_value(value)
        step()
        states[i] = np.concatenate([value.ravel() for value in read()])
    return np.array([states[i] for i in recorded])


@pytest.mark.parametrize("name", UPDATES)
def test_rule_follows_the_golden_trajectory(name):
    row = UPDATES[name]
    loss, params = problem()
    updates = row.rule(loss, params, **row.arguments)
    expected = list(GOLDEN["trajectories"][row.golden]["constant"].values())
    np.testing.assert_allclose(trajectory(row, updates, params, cycle([{}])), expected, rtol=1e-9)


@pytest.mark.parametrize("name", CHANGING)
def test_one_compiled_function_follows_the_golden_trajectory_of_changing_rates(name):
    row = UPDATES[name]
    loss, params = problem()
    rates = {"learning_rate": [f * row.arguments["learning_rate"] for f in GOLDEN["factors"]]}
    if "momentum" in row.arguments:
        rates["momentum"] = GOLDEN["momenta"]
    shared = {name: pytensor.shared(np.asarray(0.5), name=name) for name in rates}
    changes = (dict(zip(shared.values(), values)) for values in zip(*map(cycle, rates.values())))
    updates = row.rule(loss, params, **row.arguments | shared)
    expected = list(GOLDEN["trajectories"][row.golden]["changing"].values())
    np.testing.assert_allclose(trajectory(row, updates, params, changes), expected, rtol=1e-9)


def with_every_pair_of_ops(names):
    """Few rules that have between them every op of all, with each op that it is applied to."""
    pairs = {}
    for name in names:
        (loss, params), row = problem_of_one(), UPDATES[name]
        values = row.rule(loss, params, **row.arguments).values()
        pairs[name] = {
            (str(node.op), str(x.owner and x.owner.op))
            for node in applys_between([], values)
            for x in node.inputs
        }
    chosen = []
    for name in sorted(names, key=lambda name: -len(pairs[name])):
        if pairs[name] - set().union(*(pairs[other] for other in chosen)):
            chosen.append(name)
    return chosen


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Loop fusion failed")
@pytest.mark.parametrize("mode", ["NUMBA", "JAX"])
def test_rules_follow_their_golden_trajectories_on_a_real_backend(mode):
    """All in one function, to compile once; Numba, to which each is a kernel of a second, few."""
    pytest.importorskip(mode.lower())
    names = [name for name in UPDATES if not any(word in name for word in (",", "apply", "naive"))]
    names = with_every_pair_of_ops(names) if mode == "NUMBA" else names
    updates, reads, expected = {}, [], []
    for name in names:
        row, (loss, params) = UPDATES[name], problem_of_one() if mode == "NUMBA" else problem()
        own = row.rule(loss, params, **row.arguments)
        updates |= own
        reads += row.read(params, own)
        expected.append(GOLDEN["trajectories"][row.golden]["constant"]["2"])
    step = pytensor.function([], updates=updates, mode=mode)
    step(), step()
    got = pytensor.function([], reads, mode="FAST_COMPILE")()
    got = np.concatenate([value.ravel() for value in got]).reshape(len(names), -1)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


def test_decay_in_the_loss_is_not_decay_beside_adam():
    loss, params = problem()
    row = Row(adam_l2, rates(0.1), "adam_l2", 0)
    updates = row.rule(loss, params, **row.arguments)
    expected = list(GOLDEN["trajectories"]["adam_l2"]["constant"].values())
    np.testing.assert_allclose(trajectory(row, updates, params, cycle([{}])), expected, rtol=1e-9)
    decoupled = list(GOLDEN["trajectories"]["adamw"]["constant"].values())
    assert abs(np.subtract(expected[-1], decoupled[-1])).max() > 0.05


@pytest.mark.parametrize("rate", [float, np.float64, pt.dscalar, pytensor.shared])
@pytest.mark.parametrize("name", UPDATES)
def test_float32_parameters_stay_float32_under_any_rate(name, rate):
    row = UPDATES[name]
    loss, params = problem("float32")
    rate = pt.dscalar() if rate is pt.dscalar else rate(row.arguments["learning_rate"])
    updates = row.rule(loss, params, **row.arguments | {"learning_rate": rate})
    assert all(value.dtype == key.dtype for key, value in updates.items())
    assert {key.dtype for key in updates if key.ndim and key.name not in row.vectors} == {"float32"}


@pytest.mark.parametrize("name", UPDATES)
def test_a_float32_parameter_behind_a_switch_stays_float32(name):
    row = UPDATES[name]
    p = pytensor.shared(np.array([1.0, -2.0], "float32"), name="p")
    loss = pt.switch(pt.gt(p, 0), p, 0.3 * p).sum()
    assert pytensor.grad(loss, p).dtype == "float64"  # PyTensor's own, of floatX
    updates = row.rule(loss, [p], **row.arguments)
    assert all(value.dtype == key.dtype for key, value in updates.items())


@pytest.mark.parametrize("name", UPDATES)
def test_state_has_the_type_of_its_parameter(name):
    row = UPDATES[name]
    w = pytensor.shared(np.ones((1, 3)), name="w", shape=(1, None))
    updates = row.rule([w * 2], [w], **row.arguments)
    own = [key for key in updates if key.ndim and key.name not in row.vectors]
    assert {key.name for key in own} == {"w", *(f"w.{s}" for s in row.state)}
    assert {key.name for key in updates if not key.ndim} == set(row.scalars)
    assert {key.name for key in updates if key.ndim} - {key.name for key in own} == set(row.vectors)
    assert all(key.type == w.type for key in own)


@pytest.mark.parametrize("name", UPDATES)
def test_nodes_per_parameter(name):
    row = UPDATES[name]
    assert nodes(row, params=2) - nodes(row, params=1) == row.nodes


def nodes(row, params):
    """Apply nodes of the rule's own algebra, for so many parameters."""
    params = [pytensor.shared(np.ones(3), name=f"w{i}", shape=(3,)) for i in range(params)]
    grads = [pt.vector(shape=(3,)) for _ in params]
    updates = row.rule(grads, params, **row.arguments)
    return len(set(applys_between(grads, updates.values())))
