"""Reports on anything that people hand in, in text and in HTML."""

import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.measure import compile_report
from symrnn.measure.report_tables import report_tables
from symrnn.measure.stages import FunctionSpec
from symrnn.measure.target import function_specs
from symrnn.tables import Table, as_html, as_text

x, y = pt.vectors("x", "y")
w = pytensor.shared(np.ones(3), name="w")
loss = ((x - w) ** 2).sum()
spec = FunctionSpec([x], [loss])

TARGETS = {  # name: (target, inputs, outputs, updates) of the one function it means
    "a variable": (x + y, [x, y], 1, 0),
    "variables": ([x + y, x * w], [x, y], 2, 0),
    "inputs and an output": (([y, x], x + y), [y, x], 1, 0),
    "inputs and outputs": (([y, x], [x + y, x]), [y, x], 2, 0),
    "with updates": (([x], [loss], {w: w + 1}), [x], 1, 1),
    "with updates as pairs": (([x], [loss], [(w, w + 1)]), [x], 1, 1),
    "without outputs": (([x], [], {w: w + x}), [x], 0, 1),
    "a spec": (spec, [x], 1, 0),
    "a training graph": (TrainingGraph([x], loss, [w]), [x], 2, 0),
    "a function that returns one": (lambda: ([x], loss), [x], 1, 0),
}


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_handed_in_becomes_a_function(name):
    target, inputs, outputs, updates = TARGETS[name]
    (found,) = function_specs(target)
    assert list(found.inputs) == inputs
    assert (len(found.outputs), len(found.updates)) == (outputs, updates)


def test_several_functions_stay_several():
    assert function_specs([spec, spec]) == [spec, spec]


@pytest.mark.parametrize("target", [3, [], [3], "x", None, lambda: None])
def test_what_is_no_graph_is_refused_with_a_way_out(target):
    with pytest.raises(UserError, match="return the outputs of your graph"):
        function_specs(target)


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
    assert html.count("<table>") == html.count("</table>") == 5
    assert "pt.exp(x * w)" in html


def test_of_a_compiled_function_size_and_lines_are_known():
    report = compile_report(pytensor.function([x], pt.exp(x) * 2, mode="FAST_COMPILE"))
    assert report.values["after"]["nodes"] > 0
    titles = [table.title for table in report_tables(report.values)]
    assert titles == ["Size", "Nodes by source line"]


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
