"""A line of a library is told with its package: by every page, table and sentence that names lines."""

import contextlib
import re

import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.guard import budget
from symrnn.guard.block_budget import dearest_lines
from symrnn.measure.compile_events import CompileEvents
from symrnn.measure.file_names import file_name, in_library
from symrnn.measure.python_node_table import python_node_table
from symrnn.measure.report_tables import line_table
from symrnn.measure.source_lines import SourceLine, relative, source_line
from symrnn.measure.verdict import place
from symrnn.record.compiled import UNKNOWN, Compiled

INSTALLED = "/env/lib/python3.12/site-packages/pymc/model/core.py"
NAMES = {  # path: what is shown of it
    INSTALLED: "pymc/model/core.py",
    "/usr/lib/python3/dist-packages/scipy/stats.py": "scipy/stats.py",
    "/env/lib/python3.12/site-packages/single.py": "single.py",
    "/env/site-packages/a/.venv/lib/python3.12/site-packages/b/c.py": "b/c.py",
    "/home/me/my-packages/train.py": "train.py",  # no folder of installed packages
    "/home/me/train.py": "train.py",
    "<ipython-input-3-abc>": "<ipython-input-3-abc>",
}


@pytest.mark.parametrize("path", NAMES)
def test_a_file_is_named_with_its_package(path):
    assert file_name(path) == NAMES[path]
    assert (in_library(path) is None) == (not path.startswith(("/env", "/usr")))


def test_packages_of_a_checkout_are_seen_by_their_folders(tmp_path):
    inner = tmp_path / "lasagne" / "layers"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").touch()
    assert file_name(f"{inner}/base.py") == "lasagne/layers/base.py"
    assert file_name(f"{tmp_path}/train.py") == "train.py"


def over_budget(path):
    """The line for which most was compiled."""
    events = CompileEvents()
    unit = events.ledger.of(made_on(path))
    with events.ledger.block("numba", unit):
        events.ledger.compilations[unit] += 1
    [sentence] = dearest_lines(events)
    return re.fullmatch("  1 of them for (.*)  x @ w", sentence)[1]


def asked(path):
    return Compiled(process=1, number=1, **{**UNKNOWN, "asked": ((path, 7, "x @ w"),)})


def left_to_python(path):
    node = {"op": "Dot", "path": path, "line": 7, "reason": "", "times": 1.0}
    [(_, line, *_)] = python_node_table(
        {"python_nodes": [node | {"call_s": 0.0, "step_s": 0.0}]}
    ).rows
    return line


def grown(path):
    [(line, *_)] = line_table(
        [{"path": path, "line": 7, "text": "", "nodes": 1, "inner_nodes": 0}], []
    ).rows
    return line


def made_on(path):
    y = pt.exp(pt.vector("x"))
    y.tag.trace = [[(path, 7, "build", "x @ w")]]
    return y.owner


SHOWN = {
    "measure": lambda path: place({"path": path, "line": 7}),
    "measure's lines": grown,
    "measure's nodes left to Python": left_to_python,
    "source lines": lambda path: str(SourceLine(path, 7, "", 1, 0)),
    "explain, export, doctor": lambda path: source_line(made_on(path)),
    "record": lambda path: asked(path).where,
    "budgets": over_budget,
    "doctor's warnings, traces": lambda path: f"{relative(path)}:7",
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_line_of_a_library_is_shown_with_its_package(name):
    assert SHOWN[name](INSTALLED) == "pymc/model/core.py:7"


def test_lines_of_two_files_of_one_name_are_two():
    """``a/model.py:7`` and ``b/model.py:7`` were one row, with the nodes of the later one."""
    lines = [
        {
            "path": f"/home/{folder}/model.py",
            "line": 7,
            "text": folder,
            "nodes": n,
            "inner_nodes": 0,
        }
        for folder, n in (("a", 2), ("b", 5))
    ]
    table = line_table(lines, [])
    assert table.rows == [("model.py:7", "5", "0", "b"), ("model.py:7", "2", "0", "a")]


NO_ANSWERS = [contextlib.__file__, INSTALLED, pytensor.__file__, "<frozen runpy>"]


@pytest.mark.parametrize("path", NO_ANSWERS)
def test_a_budget_names_a_line_that_its_reader_can_edit(path):
    """Python's own library was taken for the user's, and so was what is installed for one user alone."""
    y = pt.exp(pt.vector("x"))
    y.tag.trace = [[("/home/me/train.py", 3, "build", ""), (path, 7, "inner", "")]]
    assert budget.editable_line(y.owner) == "/home/me/train.py:3"
