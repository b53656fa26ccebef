"""A record of a file of others may hold anything that its types allow: it is passed over, and the rest is told."""

from dataclasses import replace

import pytest
from made_records import make_record

from symrnn.bench.compare import compare_records
from symrnn.bench.records import Record
from symrnn.bench.stats import compare_samples
from symrnn.study.growth import growth
from symrnn.study.report import accounted, section
from symrnn.study.rewriting import rewrite_s

ODD = [None, -1.0, [], [None], [[1.0]], {"a": 1.0}, {"nodes": {"a": 1}, "rewrite": {"a": 1}}]
ODD += [{"nodes": [1, 2], "rewrite": [None]}, {"nodes": None, "rewrite": None}]
NAMES = ["total_s", "rewrite_s", "step_s", "peak_rss_bytes", "phases_s", "phases_cpu_s"]
NAMES += ["after_import_s", "before", "after", "compile_events"]


def rounds(**values):
    """Three depths, twice; the first record has other values."""
    known = {"phases_s": {"build": 0.5}, "phases_cpu_s": {"rewrite": 1.0}, "after_import_s": 0.5}
    made = [
        make_record({"depth": depth, "form": "sgd"}, depth, round=round)
        for round in (0, 1)
        for depth in (1, 2, 4)
    ]
    made = [replace(each, values={**each.values, **known}) for each in made]
    return [replace(made[0], values={**made[0].values, **values}), *made[1:]]


def allowed(name, value):
    """Whether a line may say so."""
    try:
        Record.from_json(rounds(**{name: value})[0].to_json())
    except ValueError:
        return False
    return True


CASES = [(name, value) for name in NAMES for value in ODD if allowed(name, value)]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_an_odd_value_is_passed_over_and_the_rest_is_told(name, value, experiment):
    records = rounds(**{name: value})
    told = section(experiment, records)
    assert "nan" not in told.answer
    assert told.counts.startswith("6 jobs in 2 rounds (6 finished)")
    assert accounted(records).startswith("The phases account for 100.0 %")
    exponent = growth(records, "depth", "total_s")
    assert (exponent.exponent, exponent.samples) == (1.0, 5 if name == "total_s" else 6)
    assert rewrite_s(records[0]) == (None if name == "phases_cpu_s" else 1.0)
    for pair in ((rounds(), records), (records, rounds())):
        assert compare_records(*pair).regressions == []


def test_one_round_against_two_that_are_equal_to_it_decides_nothing():
    for pair in (([1.0], [1.0, 2.0]), ([1.0, 2.0], [2.0])):
        assert compare_samples(*pair).why == "1 round, and a decision takes 5"
