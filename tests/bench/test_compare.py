"""Comparisons of record files: counts to the last node, times only beyond doubt."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from symrnn.bench.compare import as_one_target, case_name, compare_records
from symrnn.bench.records import Job, Record
from symrnn.bench.stats import compare_samples
from symrnn.errors import UserError

MACHINE = {"cpu": "A", "cores": 2, "memory_bytes": 1, "os": "L", "blas_threads": 1, "flags": ""}
VERSIONS = {"python": "3.11.7", "pytensor": "3.0.7"}
STEADY = [1.0, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995, 1.015]  # seconds, eight rounds


def records(case=None, *, nodes=10, seconds=STEADY, status="ok", numba=3, **details):
    """A record for each round."""
    sizes = {"nodes": nodes, "inner_nodes": 4, "components": 1}
    details = {"machine": MACHINE, "versions": VERSIONS, **details}
    return [
        Record.of(
            Job("x", case or {"form": "a"}, round=n),
            status,
            values={
                "after": sizes,
                "compile_events": {"numba": numba},
                "rewrite_s": s,
                "step_s": [9.0, s, 0.1],
            },
            **details,
        )
        for n, s in enumerate(seconds)
    ]


def verdicts(comparison):
    return {change.metric: change.verdict for change in comparison.changes}


def test_equals_are_equal_or_undecided():
    comparison = compare_records(records(), records())
    assert verdicts(comparison) == {
        "after.nodes": "equal",
        "after.inner_nodes": "equal",
        "after.components": "equal",
        "compile_events.numba": "equal",
        "rewrite_s": "no decision",
        "step_s": "no decision",
    }
    assert comparison.regressions == comparison.improvements == []


def test_one_node_more_is_a_regression_even_in_one_round():
    comparison = compare_records(records(seconds=[1.0]), records(nodes=11, seconds=[1.0]))
    (change,) = comparison.regressions
    assert (change.metric, change.old, change.new) == ("after.nodes", 10, 11)
    (change,) = compare_records(records(nodes=11), records()).improvements
    assert change.verdict == "smaller"


def test_one_more_compiled_function_is_a_regression():
    (change,) = compare_records(records(), records(numba=4)).regressions
    assert change.metric == "compile_events.numba"


def test_counts_come_before_times():
    metrics = [change.metric for change in compare_records(records(), records()).changes]
    assert metrics.index("rewrite_s") > metrics.index("compile_events.numba")


def test_a_slowdown_beyond_the_threshold_is_a_regression():
    slower = [1.2 * s for s in STEADY]
    (rewrite, step) = compare_records(records(), records(seconds=slower)).regressions
    assert (rewrite.metric, rewrite.verdict) == ("rewrite_s", "slower")
    assert rewrite.ratio.median == pytest.approx(1.2)
    assert rewrite.interval[0] < 1.2 < rewrite.interval[1]
    assert step.metric == "step_s"  # the median of its samples
    assert not compare_records(records(), records(seconds=slower), threshold=0.3).regressions


def test_processor_time_is_preferred_where_it_is_known():
    def with_cpu(factor):
        cpu = {"rewrite": 0.5 * factor, "step": 9.0}
        return [replace(r, values={**r.values, "phases_cpu_s": cpu}) for r in records()]

    comparison = compare_records(with_cpu(1), with_cpu(1))
    metrics = [change.metric for change in comparison.changes]
    assert "phases_cpu_s.rewrite" in metrics
    assert "rewrite_s" not in metrics
    assert "step_s" in metrics


def test_one_more_try_of_a_rewrite_is_a_regression_of_profiled_jobs():
    def profiled(tried):
        counts = {"passes": 9, "tried": tried}
        return [replace(r, values={"rewrite_counts": counts}) for r in records()]

    (change,) = compare_records(profiled(100), profiled(101)).regressions
    assert (change.metric, change.verdict) == ("rewrite_counts.tried", "larger")


def test_more_memory_is_larger_not_slower():
    heavy = [replace(r, values={"peak_rss_bytes": 2e9 * r.values["rewrite_s"]}) for r in records()]
    light = [replace(r, values={"peak_rss_bytes": 1e9 * r.values["rewrite_s"]}) for r in records()]
    (change,) = compare_records(light, heavy).regressions
    assert (change.metric, change.verdict) == ("peak_rss_bytes", "larger")


def test_many_comparisons_take_more_rounds():
    cases = [{"n": n} for n in range(20)]
    old = [r for case in cases for r in records(case, seconds=STEADY[:5])]
    new = [r for case in cases for r in records(case, seconds=[2 * s for s in STEADY[:5]])]
    comparison = compare_records(old, new)
    assert comparison.regressions == []
    assert comparison.changes[-1].why == "5 rounds, and a decision takes 8"


def test_what_fails_now_is_broken_and_what_runs_again_is_repaired():
    slow = records(status="time_limit")
    (change,) = compare_records(records(), slow).regressions
    assert (change.metric, change.old, change.new) == ("status", "ok", "time_limit")
    (change,) = compare_records(slow, records()).improvements
    assert change.verdict == "repaired"
    undecided = compare_records(slow, records(status="crash"))
    assert verdicts(undecided) == {"status": "no decision"}
    assert undecided.changes[0].why == "it failed in both"


def test_a_case_that_failed_twice_is_told():
    crashed = records(status="crash")
    (change,) = compare_records(crashed, crashed).changes
    assert (change.metric, change.verdict, change.why) == (
        "status",
        "no decision",
        "it failed in both",
    )


def test_counts_that_vary_are_no_decision_unless_apart():
    mixed = records(nodes=10)[:2] + records(nodes=12)[2:]
    (change,) = (c for c in compare_records(records(), mixed).changes if c.metric == "after.nodes")
    assert (change.verdict, change.why) == ("no decision", "varies: [10] and [10, 12]")
    assert compare_records(mixed, records(nodes=13)).regressions[0].metric == "after.nodes"


def test_two_measured_targets_are_compared_under_one_name_and_experiments_are_not():
    old, new = (
        [replace(each, experiment=name) for each in records(nodes=nodes)]
        for name, nodes in (("old.py:train", 10), ("new.py:train", 11))
    )
    comparison = compare_records(as_one_target(old, new), new)
    assert comparison.changes[0].case == "new.py:train form=a NUMBA cold"
    assert verdicts(comparison)["after.nodes"] == "larger"
    other = [replace(each, experiment="depth") for each in new]
    differ = r"in common, .*\(old 1, such as old.py:train form=a NUMBA cold; new 1, such as depth form=a "
    with pytest.raises(UserError, match=differ):
        compare_records(as_one_target(old, other), other)
    with pytest.raises(UserError, match="such as none"):
        compare_records([], new)
    several = [*old, replace(old[0], experiment="other.py:train")]
    assert as_one_target(several, new) == several


def test_cases_of_one_side_only_are_listed():
    a, b, c = (records({"form": form}) for form in "abc")
    comparison = compare_records(a + b, b + c)
    assert comparison.only_old == ("x form=a NUMBA cold",)
    assert comparison.only_new == ("x form=c NUMBA cold",)
    with pytest.raises(UserError, match="measure both alike: the same experiment or target"):
        compare_records(a, c)


@pytest.mark.parametrize(
    ("details", "difference"),
    [
        ({"versions": VERSIONS | {"pytensor": "3.3.7"}}, "pytensor (3.0.7, 3.3.7)"),
        ({"machine": MACHINE | {"cpu": "B"}}, "cpu (A, B)"),
        ({"machine": MACHINE | {"jobs_at_once": 2}}, "jobs_at_once (2, None)"),
        ({"machine": MACHINE | {"flags": "floatX=float32"}}, "flags (, floatX=float32)"),
    ],
)
def test_other_machines_and_versions_are_refused_unless_allowed_and_then_marked(
    details, difference
):
    with pytest.raises(UserError) as error:
        compare_records(records(), records(**details))
    assert difference in str(error.value)
    allowed = compare_records(records(), records(**details), allow_mixed=True)
    assert allowed.mixed == (difference,)


FOLDER = Path(__file__).parent / "recorded"
RECORDED = json.loads((FOLDER / "samples.json").read_text())
ROUNDS = 8


def blocks(form):
    """Recorded samples, eight rounds at a time."""
    samples = RECORDED["equals"][form]
    return [samples[n : n + ROUNDS] for n in range(0, len(samples) - ROUNDS + 1, ROUNDS)]


@pytest.mark.parametrize("is_paired", [True, False])
def test_of_twenty_recorded_comparisons_of_equals_at_most_one_is_a_false_alarm(is_paired):
    pairs = list(zip(blocks("a"), blocks("b"), strict=True))
    assert len(pairs) == 20
    verdicts = [compare_samples(*pair, is_paired=is_paired).verdict for pair in pairs]
    assert verdicts.count("no decision") >= 19


@pytest.mark.parametrize("is_paired", [True, False])
def test_a_useless_pass_is_found_in_recorded_samples(is_paired):
    old, new = RECORDED["planted"]["a"], RECORDED["planted"]["useless"]
    assert compare_samples(old, new, is_paired=is_paired).verdict == "slower"


def test_of_twenty_recorded_files_of_equals_at_most_one_shows_a_regression():
    found = [
        compare_records(records(seconds=a), records(seconds=b)).regressions
        for a, b in zip(blocks("a"), blocks("b"), strict=True)
    ]
    assert sum(map(bool, found)) <= 1


def test_a_useless_pass_is_found_among_the_other_times_of_a_job():
    """The pass makes rewriting 9 % slower; what it does not touch varies as equals do."""

    def measured(form, equal):
        samples = zip(RECORDED["planted"][form], RECORDED["equals"][equal], strict=False)
        others = ("link_s", "first_call_s", "peak_rss_bytes")
        return [
            replace(
                record,
                values={
                    "phases_cpu_s": {"build": o, "grad": o, "rewrite": s},
                    **dict.fromkeys(others, o),
                },
            )
            for (s, o), record in zip(samples, records(seconds=range(40)), strict=True)
        ]

    comparison = compare_records(measured("a", "a"), measured("useless", "b"))
    (change,) = comparison.regressions
    assert (change.metric, change.verdict) == ("phases_cpu_s.rewrite", "slower")
    assert 1.05 < change.ratio.median < 1.15
    assert len(comparison.changes) == 6


ALIKE = [  # cases of one name, were it written without quotation marks
    ({"n": 1}, {"n": "1"}),
    ({"n": None}, {"n": "null"}),
    ({"a": 1, "b": 2}, {"a": "1 b=2"}),
    ({"a": "1 b=2"}, {"a": 1, "b": 2}),
    ({"a b": 1}, {"a": "b=1"}),
    ({"a": '"x"'}, {"a": "x"}),
    ({"a": [1, 2]}, {"a": "[1, 2]"}),
    ({"a": "[" * 100_000}, {"a": "[" * 99_999}),
    ({"a": "1\tb"}, {"a": "1\\tb"}),
]


@pytest.mark.parametrize(("case", "other"), ALIKE, ids=lambda case: str(case)[:20])
def test_different_cases_have_different_names(case, other):
    records = [Record.of(Job("deep", each), "ok", values={}) for each in (case, other)]
    assert len({case_name(record) for record in records}) == 2
