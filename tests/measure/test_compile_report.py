"""Reports on anything that people hand in, in text and in HTML."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor import grad

from symrnn.measure import compile_report, graph_size
from symrnn.measure.report_tables import report_tables
from symrnn.tables import Table, as_html, as_text

x = pt.vector("x")
w = pytensor.shared(np.ones(3), name="w")


@pytest.fixture(autouse=True)
def every_table_is_shown(monkeypatch):
    """Whatever share of the time a phase has, which differs from run to run."""
    monkeypatch.setattr("symrnn.measure.report_tables.A_LINE", 0.0)


def model():
    return [x], [pt.exp(x * w).sum(), x * 1]


def test_a_report_has_phases_sizes_rewrites_and_lines():
    report = compile_report(model, mode="FAST_COMPILE", batch=[np.ones(3)], steps=3)
    assert list(report.values["phases_s"]) == ["build", "rewrite", "link", "first_call", "step"]
    assert report.values["before"]["nodes"] > report.values["after"]["nodes"]
    assert len(report.values["step_s"]) == 3
    text = str(report)
    for expected in ("Phases", "Size", "Rewrites", "Tried, never applied", "source line"):
        assert expected in text
    assert "return [x], [pt.exp(x * w).sum(), x * 1]" in text
    assert "test_compile_report.py:" in text
    assert max(len(line) for line in text.splitlines()) < 160


def test_a_report_shows_in_a_notebook():
    html = compile_report(model, mode="FAST_COMPILE")._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 8
    assert "pt.exp(x * w)" in html


def test_of_a_compiled_function_size_and_lines_are_known():
    report = compile_report(pytensor.function([x], pt.exp(x) * 2, mode="FAST_COMPILE"))
    assert report.values["after"]["nodes"] > 0
    titles = [table.title for table in report_tables(report.values)]
    assert titles == ["Size", "Nodes by source line"]
    *_, lines = report_tables(report.values)
    assert tuple(lines.columns) == ("line", "after", "source")  # what it was made from is gone
    called = compile_report(
        pytensor.function([x], pt.exp(x) * 2, mode="FAST_COMPILE"), batch=[np.ones(3)], steps=3
    )
    assert [*called.values["phases_s"]] == ["first_call", "step"]


def test_phases_of_a_function_that_compiles_are_those_of_its_compilation():
    def trained():
        loss = pt.exp(x * w).sum()
        updates = {w: w - 0.1 * pytensor.grad(loss, w)}
        return pytensor.function([x], loss * 1, updates=updates, mode="FAST_COMPILE")

    report = compile_report(trained)
    phases = report.values["phases_s"]
    assert [name for name in phases if name != "count"] == ["build", "grad", "rewrite", "link"]
    assert all(seconds > 0 for seconds in phases.values())
    assert (
        report.values["before"]["nodes"]
        > report.values["after"]["nodes"]
        == graph_size(trained).nodes
    )
    sizes = report.values["before"], report.values["after"]
    for size, name in zip(sizes, ("lines_before", "lines_after"), strict=True):
        assert sum(line["nodes"] for line in report.values[name]) == size["nodes"]
    assert {line["path"] for line in report.values["lines_before"]} == {__file__}
    assert "Rewrites" in str(report)


def test_what_a_function_spends_on_its_own_gradient_is_no_part_of_building():
    def differentiated():
        loss = pt.exp(x * w).sum()
        return [x], [loss, pytensor.grad(loss, w)]

    def differentiated_by_name():
        loss = pt.exp(x * w).sum()
        return [x], [loss, grad(loss, w)]

    for function in (differentiated, differentiated_by_name):
        phases = compile_report(function, mode="FAST_COMPILE").values["phases_s"]
        assert [*phases][:2] == ["build", "grad"]
        assert phases["grad"] > 0
    assert "grad" not in compile_report(model, mode="FAST_COMPILE").values["phases_s"]


def test_a_record_is_shown_without_pytensor():
    code = (
        "import sys; from symrnn.measure.report_tables import report_tables;"
        "from symrnn.tables import as_text; sys.exit('pytensor' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_cells_are_clipped_and_escaped():
    table = Table(("a",), [("<" * 99,)], title="t", note="&")
    assert "…" in as_text(table)
    assert "&lt;" in as_html(table)
    assert as_html(table).endswith(">&amp;</p>")
