"""Verdicts on samples whose answer is known: by hand, from SciPy, or recorded on a machine."""

from itertools import product

import numpy as np
import pytest

from symrnn.bench.spread import spread
from symrnn.bench.stats import (
    MANY,
    compare_samples,
    fewest_rounds,
    interval,
    ratio_and_draws,
    ratios,
)
from symrnn.errors import UserError

FAST = [1.0, 1.1, 1.2, 1.05, 0.95, 1.03, 1.15, 1.08]
SLOW = [2 * seconds for seconds in reversed(FAST)]


def test_spread_is_the_range_of_few_and_the_quartiles_of_many():
    assert (spread([1, 2, 9]).low, spread([1, 2, 9]).high) == (1, 9)
    assert (spread(range(1, 6)).low, spread(range(1, 6)).high) == (2, 4)
    assert spread([None]) is None


@pytest.mark.parametrize(
    ("old", "new", "verdict"), [(FAST, SLOW, "slower"), (SLOW, FAST, "faster")]
)
@pytest.mark.parametrize("is_paired", [True, False])
def test_a_clear_difference_is_decided(old, new, verdict, is_paired):
    comparison = compare_samples(old, new, is_paired=is_paired)
    assert (comparison.verdict, comparison.why) == (verdict, "")
    assert comparison.interval[0] <= comparison.ratio.median <= comparison.interval[1]


UNDECIDED = {
    "too few rounds": (FAST[:4], SLOW[:4], "4 rounds, and a decision takes 5"),
    "equal samples": (FAST, FAST, "the ranks overlap (p = 1)"),
    "one constant": ([1.0] * 9, [1.0] * 9, "the ranks overlap (p = 1)"),
    "an outlier only": (FAST, [*FAST[:-1], 50.0], "the ranks overlap"),
    "a sure difference that is small": (
        [1.000, 1.001, 1.002, 1.003, 1.004],
        [1.020, 1.021, 1.022, 1.023, 1.024],
        "within 5%",
    ),
}


@pytest.mark.parametrize("name", UNDECIDED)
def test_a_doubt_is_named(name):
    old, new, why = UNDECIDED[name]
    comparison = compare_samples(old, new)
    assert comparison.verdict == "no decision"
    assert comparison.why.startswith(why)


def test_five_rounds_are_the_fewest_that_can_decide():
    old, new = np.arange(1.0, 9.0), np.arange(101.0, 109.0)
    decided = [n for n in range(1, 9) if compare_samples(old[:n], new[:n]).verdict == "slower"]
    assert decided[0] == fewest_rounds() == 5


def test_pairing_removes_the_drift_of_the_machine():
    drift = np.array([1.0, 1.5, 2.0, 3.0, 5.0, 8.0])
    paired = compare_samples(drift, 1.1 * drift, is_paired=True)
    assert paired.ratio.median == pytest.approx(1.1)
    assert paired.interval == pytest.approx((1.1, 1.1))
    assert compare_samples(drift, 1.1 * drift).interval[0] < 1


EXACTLY = {  # whether the two are paired: samples few enough to draw in every possible way
    True: ([1.0, 1.0, 1.0, 1.0, 1.0], [0.9, 1.1, 1.3, 1.6, 2.0]),
    False: ([1.0, 1.2, 1.5], [0.9, 2.0, 3.1]),
}


@pytest.mark.parametrize("is_paired", EXACTLY)
def test_the_interval_is_that_of_all_possible_draws(is_paired):
    old, new = map(np.array, EXACTLY[is_paired])
    medians = [
        np.median(list(product(values, repeat=len(values))), axis=1)
        for values in ([new / old] if is_paired else [new, old])
    ]
    drawn = medians[0] if is_paired else np.divide.outer(*medians)
    _, draws = ratio_and_draws(old, new, is_paired)
    found = interval(*draws, np.random.default_rng(1))
    assert found == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))


def test_of_many_comparisons_only_what_ranks_decide_has_an_interval():
    """16,000 bootstraps, for two files of 2,000 cases, would take minutes."""
    steady, slower = [1.0 + n / 100 for n in range(30)], [2.0 + n / 100 for n in range(30)]
    undecided = compare_samples(steady, steady, comparisons=MANY + 1)
    assert (undecided.interval, undecided.verdict) == (None, "no decision")
    assert undecided.why == compare_samples(steady, steady, comparisons=MANY).why
    assert compare_samples(steady, steady, comparisons=MANY).interval
    decided = compare_samples(steady, slower, comparisons=MANY + 1)
    assert decided.verdict == "slower"
    assert decided.interval[0] > 1


def test_the_interval_of_one_round_is_its_ratio():
    comparison = compare_samples([2.0], [3.0])
    assert comparison.interval == (1.5, 1.5)
    assert comparison.why == "1 round, and a decision takes 5"


@pytest.mark.parametrize("samples", [[], [1.0, float("nan")], [0.0], [-1.0], [[1.0]]])
def test_samples_that_are_none_are_refused(samples):
    with pytest.raises(UserError, match="old must be a list of positive numbers"):
        compare_samples(samples, FAST)


def test_rounds_that_cannot_be_paired_are_refused():
    with pytest.raises(UserError, match="but have 2 and 3; leave out rounds"):
        ratios([1.0, 2.0], [1.0, 2.0, 3.0])


def test_equals_drawn_from_skewed_times_are_seldom_called_different():
    rng = np.random.default_rng(0)
    alarms = sum(
        compare_samples(*rng.lognormal(0, 0.15, (2, 8))).verdict != "no decision"
        for _ in range(300)
    )
    assert alarms <= 6  # 2 %: expected is below ALPHA
