"""Quantities, spreads and ratios of records."""

from dataclasses import replace

import pytest

from symrnn.study.quantities import ratio, reading, select, spread_of


def test_a_sum_of_quantities_is_read_as_one(records):
    assert reading(records[0], "build_s+grad_s") == 2.0


def test_a_failed_record_has_no_values(records):
    failed = select(records, status="time_limit")[0]
    assert reading(failed, "total_s") is None
    assert reading(failed, "build_s+grad_s") is None


def test_ratio_is_taken_pair_by_pair(records):
    found = ratio(records, "total_s", {"form": "naive"}, {"form": "sgd"}, depth=2)
    assert found.median == pytest.approx(2.05)
    assert (found.low, found.high, found.samples) == (2.0, 2.1, 2)


def test_ratio_to_a_job_over_the_limit_is_none(records):
    assert ratio(records, "total_s", {"form": "naive"}, {"form": "sgd"}, depth=4) is None


AROUND = [
    {"round": 7},
    {"mode": "C"},
    {"state": "warm"},
    {"machine": {"cpu": "b"}},
    {"versions": {"pytensor": "3.3.7"}},
]


@pytest.mark.parametrize("around", AROUND)
def test_ratio_never_mixes_runs(around, records):
    naive = [replace(record, **around) for record in select(records, form="naive")]
    assert (
        ratio(select(records, form="sgd") + naive, "total_s", {"form": "naive"}, {"form": "sgd"})
        is None
    )


def test_ratio_may_cross_versions_when_asked(records):
    newer = [replace(r, versions={"pytensor": "3.3.7"}) for r in select(records, form="naive")]
    both = select(records, form="sgd") + newer
    assert (
        ratio(both, "total_s", {"form": "naive"}, {"form": "sgd"}, across_versions=True).samples
        == 4
    )


def test_ratio_may_compare_modes(records):
    other = [replace(record, mode="C") for record in records]
    found = ratio(records + other, "total_s", {"mode": "C"}, {"mode": "NUMBA"}, form="sgd")
    assert (found.median, found.samples) == (1.0, 6)


def test_spread_of_leaves_failures_out(records):
    assert spread_of(records, "total_s", form="naive").samples == 4


def test_a_job_over_its_limit_keeps_what_it_had_finished(records):
    over = select(records, status="time_limit")
    kept = [replace(record, values={"build_s": 2.0, "total_s": 9.0}) for record in over]
    assert spread_of(kept, "build_s").median == 2.0
    assert spread_of(kept, "total_s") is None
