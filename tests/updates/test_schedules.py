"""Schedules against PyTorch's schedulers, inside one compiled function."""

import json
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.updates import sgd
from symrnn.updates.schedules import cosine, one_cycle, step_counter, step_decay, warm_up

GOLDEN = json.loads((Path(__file__).parent / "golden" / "trajectories.json").read_text())

SCHEDULES = {  # name: (schedule with torch's base rate of 0.5, given as a number or a variable)
    "one_cycle": lambda step, rate: one_cycle(step, 20, rate).learning_rate,
    "cosine": lambda step, rate: cosine(step, 10, rate, low=0.1),
    "step_decay": lambda step, rate: step_decay(step, 3, rate, factor=0.5),
    "warm_up": lambda step, rate: warm_up(step, 5, rate, start=0.25),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_torchs(name):
    expected = GOLDEN["schedules"][name]["learning_rate"]
    rates = SCHEDULES[name](pt.arange(len(expected)), 0.5).eval()
    np.testing.assert_allclose(rates, expected, rtol=1e-9, atol=1e-12)


def test_momentum_of_one_cycle_is_torchs():
    expected = GOLDEN["schedules"]["one_cycle"]["momentum"]
    momenta = one_cycle(pt.arange(20), 20, 0.5).momentum.eval()
    np.testing.assert_allclose(momenta, expected, rtol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_one_compiled_function_follows_the_schedule_and_its_base_rate(name):
    step, base, w = step_counter(), pytensor.shared(np.asarray(1.0)), pytensor.shared(np.zeros(1))
    rate = SCHEDULES[name](step, base)
    train = pytensor.function([], rate, updates=sgd(w.sum(), [w], rate) | {step: step + 1})
    base.set_value(0.5)
    rates = [float(train()) for _ in GOLDEN["schedules"][name]["learning_rate"]]
    np.testing.assert_allclose(rates, GOLDEN["schedules"][name]["learning_rate"], atol=1e-12)
    np.testing.assert_allclose(w.get_value(), -sum(rates))


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "step_decay"])
def test_after_its_end_a_schedule_stays(name):
    last, later = SCHEDULES[name](pt.constant(np.array([20, 1000])), 0.5).eval()
    assert last == later


def test_warm_up_leads_into_another_schedule():
    step = step_counter()
    rate = warm_up(step, 2, cosine(step, 3, 1.0))
    train = pytensor.function([], rate, updates={step: step + 1})
    np.testing.assert_allclose([train() for _ in range(4)], [0, 0.375, 0.25, 0], atol=1e-12)


def test_the_shortest_schedules_have_one_step():
    steps = pt.arange(3)
    np.testing.assert_allclose(cosine(steps, 1, 1.0, low=0.1).eval(), [1, 0.1, 0.1], atol=1e-12)
    np.testing.assert_allclose(step_decay(steps, 1, 1.0, factor=0.5).eval(), [1, 0.5, 0.25])
    np.testing.assert_allclose(warm_up(steps, 1, 1.0, start=0.25).eval(), [0.25, 1, 1])


def test_a_shared_length_stretches_the_schedule_without_recompiling():
    step, steps = step_counter(), pytensor.shared(np.asarray(4.0))
    rate = pytensor.function([], cosine(step, steps, 1.0), updates={step: step + 1})
    rate(), rate()
    assert abs(rate() - 0.5) < 1e-12  # step 2 of 4
    steps.set_value(6.0)
    assert abs(rate() - 0.5) < 1e-12  # step 3 of 6


WRONG = {
    "rising": (
        lambda: one_cycle(step_counter(), 5, 0.1, rising=0.2),
        r"rising must leave more than one of 5 steps to rise in, and one to fall in, but is 0.2",
    ),
    "step": (lambda: cosine(pt.dscalar("now"), 10, 1.0), r"step must hold integers, but is now"),
    "steps": (lambda: cosine(step_counter(), 0, 1.0), r"steps must be positive, but is 0; give"),
    "every": (lambda: step_decay(step_counter(), -1, 1.0), r"every must be positive, but is -1"),
    "rate": (lambda: warm_up(step_counter(), 5, "fast"), r"rate must be a number or a scalar"),
    "momentum": (
        lambda: one_cycle(step_counter(), 5, 0.1, high_momentum=1.0),
        r"momentum must lie in \[0, 1\), but is 1.0",
    ),
}


@pytest.mark.parametrize("argument", WRONG)
def test_a_wrong_argument_is_one_sentence(argument):
    call, sentence = WRONG[argument]
    with pytest.raises(UserError, match=sentence):
        call()
