"""Update rules by name: decay where it belongs, clipping before it, and a schedule that moves the rates."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES

import symrnn.updates
from symrnn.errors import UserError
from symrnn.training.rules import SCHEDULES, rule_updates
from symrnn.updates import RULES
from symrnn.updates.schedules import one_cycle

START = [1.0, -2.0, 3.0]


def trajectory(make_updates, steps=4, dtype="float64"):
    """The parameter after each step, from a loss whose gradient changes with it."""
    w = pytensor.shared(np.array(START, dtype), name="w", shape=(3,))
    updates = make_updates((w**4).sum(), [w])
    train = pytensor.function([], updates=updates, mode=FEW_REWRITES)
    values = []
    for _ in range(steps):
        train()
        values.append(w.get_value())
    return np.stack(values)


def named(rule, **options):
    """What `rule_updates` makes of a loss."""
    options = {"learning_rate": 0.01} | options
    return lambda loss, params: rule_updates(rule, loss, params, **options)


@pytest.mark.parametrize("name", RULES)
def test_rule_by_name_is_the_rule(name):
    rule = RULES[name].build
    expected = trajectory(lambda loss, params: rule(loss, params, 0.01))
    decay = {"weight_decay": 0.01} if RULES[name].has_decay else {}  # its own default
    np.testing.assert_array_equal(trajectory(named(name, **decay)), expected)


@pytest.mark.parametrize("name", [name for name in RULES if not RULES[name].has_decay])
def test_decay_is_l2_in_the_loss(name):
    rule = getattr(symrnn.updates, name)
    expected = trajectory(lambda loss, ws: rule(loss + 0.15 * (ws[0] ** 2).sum(), ws, 0.01))
    found = trajectory(named(name, weight_decay=0.3))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_decay_of_adamw_is_decoupled():
    first = trajectory(named("adamw", weight_decay=0.5), steps=1)
    np.testing.assert_allclose(
        first[0] - trajectory(named("adam"), steps=1)[0], -0.01 * 0.5 * np.array(START), rtol=1e-12
    )


def test_gradients_are_bounded_before_the_decay_is_added():
    moved = trajectory(named("sgd", max_norm=1.0, weight_decay=0.5), steps=1)[0]
    gradient = 4 * np.array(START) ** 3
    expected = START - 0.01 * (gradient / np.linalg.norm(gradient) + 0.5 * np.array(START))
    np.testing.assert_allclose(moved, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_rates_may_be_variables(name):
    numbers = {"learning_rate": 0.02, "weight_decay": 0.3}
    shared = {option: pytensor.shared(np.float32(value)) for option, value in numbers.items()}
    steps = {"schedule": "cosine", "steps": pytensor.shared(np.float32(6))}
    found = trajectory(named(name, **shared, **steps))
    expected = trajectory(named(name, **numbers, **steps | {"steps": 6}))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_follow_the_schedule_to_its_end_in_float32(schedule):
    moved = trajectory(named("sgd", schedule=schedule, steps=20), steps=20, dtype="float32")
    assert moved.dtype == np.float32
    before = np.concatenate([np.array([START]), moved[:-1]])
    rates = (before - moved)[:, 2] / (4 * before[:, 2] ** 3)
    first, highest, last = {
        "constant": (0.01, 0.01, 0.01),
        "cosine": (0.01, 0.01, 6e-5),
        "one_cycle": (0.0004, 0.01, 4e-8),
        "step_decay": (0.01, 0.01, 1e-4),
        "warm_up": (0, 0.01, 0.01),
    }[schedule]
    found = np.array([rates[0], rates.max(), rates[-1]])
    np.testing.assert_allclose(found, [first, highest, last], rtol=0.05, atol=1e-6)


@pytest.mark.parametrize("name", ["adam", "nesterov_momentum"])
def test_one_cycle_moves_the_momentum_too(name):
    rule = getattr(symrnn.updates, name)
    step = pytensor.shared(np.asarray(0))
    rates = one_cycle(step, 10, 0.01)
    given = {"adam": "beta1", "nesterov_momentum": "momentum"}[name]

    def by_hand(loss, params):
        updates = rule(loss, params, rates.learning_rate, **{given: rates.momentum})
        return updates | {step: step + 1}

    found = trajectory(named(name, schedule="one_cycle", steps=10), steps=10)
    np.testing.assert_array_equal(found, trajectory(by_hand, steps=10))


@pytest.mark.parametrize(
    ("rule", "options", "sentence"),
    [
        (
            "amsgrd",
            {},
            r"rule must be one of adadelta, .*, but is 'amsgrd'; did you mean 'amsgrad'",
        ),
        ("adam", {"schedule": "onecycle"}, r"schedule must be .* but is 'onecycle'; did you mean"),
        ("adam", {"schedule": "cosine"}, r"steps must be given for the schedule 'cosine'"),
        ("adam", {"weight_decay": "much"}, r"weight_decay must be a number"),
    ],
)
def test_a_wrong_option_is_one_sentence(rule, options, sentence):
    w = pytensor.shared(np.zeros(2), name="w")
    with pytest.raises(UserError, match=sentence):
        rule_updates(rule, pt.sum(w**2), [w], learning_rate=0.1, **options)
