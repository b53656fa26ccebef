"""`symrnn measure` and `symrnn compare`: what they print, and how they end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from symrnn.bench.records import Job, Record, append_record
from symrnn.commands.cli import cli

MODEL = """
import numpy as np
import pytensor
import pytensor.tensor as pt


def build():
    x, w = pt.vector("x"), pytensor.shared(np.ones(3), name="w", shape=(3,))
    loss = pt.tanh(w * x).sum()
    return [x], [loss], {w: w - 0.1 * pytensor.grad(loss, w)}


def broken():
    raise ValueError("no such thing")
"""


def invoke(*args):
    return CliRunner().invoke(cli, list(map(str, args)))


@pytest.fixture
def folders(tmp_path):
    """Ten rounds of one case, and the same again with one node more and half the rewrite time."""
    for name, nodes, seconds in (("old", 10, 1.0), ("new", 11, 0.5)):
        for round in range(10):
            values = {"after": {"nodes": nodes}, "rewrite_s": seconds + round / 1000}
            record = Record.of(Job("deep", {"depth": 2}, round=round), "ok", values=values)
            append_record(tmp_path / name / "deep", record)
    return tmp_path


def test_compare_exits_1_on_a_regression_and_names_it(folders):
    done = invoke("compare", folders / "old", folders / "new")
    assert done.exit_code == 1, done.output
    larger = next(line for line in done.stdout.splitlines() if "larger" in line)
    assert larger.split() == [
        "deep",
        "depth=2",
        "NUMBA",
        "cold",
        "after.nodes",
        "10",
        "11",
        "larger",
    ]
    assert "faster" in done.stdout
    assert "1 worse, 1 better" in done.stdout


def test_compare_exits_0_when_nothing_got_worse(folders):
    done = invoke("compare", folders / "old", folders / "old")
    assert done.exit_code == 0
    assert "0 worse, 0 better" in done.stdout
    assert "equal" in invoke("compare", folders / "old", folders / "old", "--all").stdout


def test_compare_takes_files_folders_and_folders_of_folders(folders):
    paths = [folders / "old", folders / "old" / "deep", folders / "old" / "deep" / "records.jsonl"]
    assert {invoke("compare", path, folders / "new").exit_code for path in paths} == {1}


def test_compare_refuses_other_versions_unless_asked(folders):
    record = Record.of(
        Job("deep", {"depth": 2}), "ok", values={"rewrite_s": 1.0}, versions={"pytensor": "3"}
    )
    append_record(folders / "a" / "deep", record)
    append_record(folders / "b" / "deep", replace(record, versions={"pytensor": "4"}))
    refused = invoke("compare", folders / "a", folders / "b")
    assert refused.exit_code == 2
    assert "differ in pytensor (3, 4)" in refused.stderr
    allowed = invoke("compare", folders / "a", folders / "b", "--mixed")
    assert allowed.exit_code == 0
    assert "MIXED: pytensor (3, 4)" in allowed.stdout


WRONG = {
    ("compare", ".", "."): "there are no records in .",
    ("compare", "nowhere", "."): "'nowhere' does not exist",
    ("measure", "model"): "must be package.module:function or file.py:function, but is 'model'",
    ("measure", "nowhere.py:build"): "there is no file nowhere.py",
    ("measure", "model.py:build", "--mode", "NUMBER"): "NUMBER",
}


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_wrong_use_is_one_sentence_and_exit_code_2(args, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke(*args)
    assert done.exit_code == 2
    assert WRONG[args] in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_measure_shows_phases_sizes_rewrites_and_lines_and_writes_traces(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    done = invoke(
        "measure", "model.py:build", "--mode", "FAST_COMPILE", "--steps", "3", "--trace", "traces"
    )
    assert done.exit_code == 0, done.output
    for told in (
        "Phases",
        "first call",
        "Size",
        "nodes",
        "Rewrites",
        "Tried, never applied",
        "model.py:9",
    ):
        assert told in done.stdout
    trace, speedscope = sorted(Path("traces").iterdir(), key=lambda path: "speedscope" in path.name)
    assert json.loads(trace.read_text())["traceEvents"]
    assert json.loads(speedscope.read_text())["profiles"]


@pytest.mark.slow
def test_measure_tells_what_went_wrong_in_the_function(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)
    assert "ValueError: no such thing" in invoke("measure", "model.py:broken").stderr
    assert "did you mean 'build'" in invoke("measure", "model.py:biuld").stderr
