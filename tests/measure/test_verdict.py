"""What is said follows from the figures, and nothing is said without them."""

import pytest

from symrnn.measure.report_tables import report_tables
from symrnn.measure.verdict import verdict

PHASES = {"build": 0.4, "grad": 0.6, "rewrite": 0.5, "link": 0.5, "first_call": 8.0}
NODE = {
    "op": "Scan",
    "path": "/home/model.py",
    "line": 12,
    "text": "hs = scan(...)",
    "nodes": 2,
    "compilations": 40,
    "self_s": 1.0,
    "total_s": 4.0,
    "shared_s": 0.5,
}
ATTRIBUTION = {
    "direct_s": 6.0,
    "shared_s": 2.0,
    "start_up_s": 0.0,
    "lost_s": 0.0,
    "kinds": {"numba": 8.0},
    "nodes": [NODE],
    "ops": [NODE | {"path": "", "line": 0, "text": ""}],
    "lines": [NODE | {"op": ""}],
}
NUMBA = {"numba": 117, "numba_s": 8.0, "numba_saved": 90, "numba_loaded": 0}


def values(**changed):
    return {"phases_s": PHASES, "compile_events": NUMBA, "attribution": ATTRIBUTION} | changed


def test_the_total_and_the_shares_come_first():
    said = verdict(values())
    assert said.total_s == 10
    assert said.head == (
        "Compiling took 10 s: 80 % first call, 6 % grad, 5 % rewrite, 5 % link, 4 % build."
    )
    assert sum(share for *_, share in said.shares) == pytest.approx(1)


def test_steps_and_counting_are_no_part_of_the_total():
    phases = PHASES | {"step": 99.0, "count": 99.0, "batch": 99.0}
    assert verdict(values(phases_s=phases)).total_s == 10


def test_the_backend_is_named_with_its_dearest_op_and_line():
    (said,) = verdict(values()).sentences
    assert said == (
        "80 % is Numba compiling 117 functions (8.00 s); the dearest op is Scan: 4.50 s in 2 nodes,"
        " the dearest from model.py:12."
    )
    alone = ATTRIBUTION | {"ops": [ATTRIBUTION["ops"][0] | {"nodes": 1}]}
    (said,) = verdict(values(attribution=alone)).sentences
    assert said.endswith("in 1 node, from model.py:12.")


SAYINGS = {  # words: what is known besides
    "compiles the same in 0.40 s, 25 times less": {"native_total_s": 0.4},
    "Numba kept none of it": {"compile_events": NUMBA | {"numba_saved": 0}},
    "50 % is taking gradients (10 s); the gradient of scans upon scans": {
        "phases_s": PHASES | {"grad": 10.0, "first_call": 8.6},
        "before": {"scans": 6, "nodes": 9},
    },
    "is rewriting the graph (9.00 s). It grows with the graph, here 70 nodes.": {
        "phases_s": PHASES | {"rewrite": 9.0},
        "before": {"scans": 0, "nodes": 70},
    },
    "is PyTensor compiling its own modules": {"attribution": ATTRIBUTION | {"start_up_s": 2.0}},
    "is the program building the graph": {"phases_s": PHASES | {"build": 90.0}},
}


@pytest.mark.parametrize("words", SAYINGS)
def test_a_sentence_stands_with_its_figures_alone(words):
    assert any(words in each for each in verdict(values(**SAYINGS[words])).sentences)
    assert not any(words in each for each in verdict(values()).sentences)


def test_native_mode_is_not_praised_where_it_is_no_faster():
    assert len(verdict(values(native_total_s=9.0)).sentences) == 1


def test_there_is_no_verdict_without_phases():
    assert verdict({}) is None
    assert verdict({"phases_s": {"step": 1.0}}) is None


def test_a_phase_of_few_percent_has_a_line_and_no_table():
    rewrites = {"wall_s": 1.0, "begin_s": 0.0, "passes": [], "curve": [], "spans": []}
    titles = [table.title for table in report_tables(values(rewrites=rewrites))]
    assert titles == [
        "Phases",
        "Compiling by op",
        "Compiling by source line",
        "Compiling by node",
    ]
    small = values(phases_s=PHASES | {"rewrite": 900.0})
    assert [table.title for table in report_tables(small)] == ["Phases"]
    rows = {row[0]: row[2] for row in report_tables(small)[0].rows}
    assert rows["rewrite"] == "99 %"
