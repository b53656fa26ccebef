"""`symrnn measure` and `symrnn compare`: what they print, and how they end."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

import symrnn
from symrnn.bench.records import Job, Record, append_record
from symrnn.commands.cli import cli
from symrnn.commands.measure import check_new, jobs_of, rounds_in_words, typical, with_native
from symrnn.errors import UserError
from symrnn.measure.report_tables import SIZES

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


def undifferentiable():
    x = pt.vector("x")
    return pytensor.grad(pt.exp(x).sum(), pytensor.shared(1.0, name="w"))


def nothing():
    return 3


x, y = pt.matrix("x"), pt.matrix("y", shape=(4, None))
uncallable = [x, y], pt.dot(x, y)
forward = pt.exp(x)
"""


@pytest.fixture(autouse=True)
def every_table_is_shown(monkeypatch):
    """Whatever share of the time a phase has, which differs from run to run."""
    monkeypatch.setattr("symrnn.measure.report_tables.A_LINE", 0.0)


def invoke(*args):
    return CliRunner().invoke(cli, list(map(str, args)))


WRONG = {
    ("compare", ".", "."): "there are no records in .",
    ("compare", "nowhere", "."): "'nowhere' does not exist",
    ("measure", "model"): "must be FILE.py:NAME or package.module:NAME, but is 'model'",
    ("measure", "nowhere.py:build"): "there is no file nowhere.py",
    ("explain", "model"): "must be FILE.py:NAME or package.module:NAME, but is 'model'",
    ("explain", "nowhere.py:build"): "there is no file nowhere.py",
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


@pytest.fixture
def model(tmp_path, monkeypatch):
    """In the folder of ``model.py``."""
    monkeypatch.chdir(tmp_path)
    Path("model.py").write_text(MODEL)


FAILURES = {  # (target, options): what the sentence says, titles of the tables that stay
    ("model.py:broken",): ("ValueError: no such thing (in phase build)", ["Phases"]),
    ("model.py:biuld",): ("model.py has no 'biuld'; did you mean 'build'?", []),
    ("model.py:nothing",): ("target must be a variable, ", ["Phases"]),
    ("model.py:undifferentiable",): ("(in phase grad)", ["Phases"]),
    ("model.py:build", "--mode", "NUMBER"): ("but is 'NUMBER'; did you mean 'NUMBA'?", []),
    ("model.py:uncallable", "--mode", "fast_compile"): (
        "(in phase first_call); the tables hold what was known by then",
        ["Phases", "Size", "Rewrites", "Nodes by source line"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("args", FAILURES, ids=" ".join)
def test_what_was_measured_before_a_failure_is_shown_and_the_phase_is_named(args, model):
    done = invoke("measure", *args, "--trace", "traces")
    told, titles = FAILURES[args]
    last = done.stderr.strip().splitlines()[-1]
    assert (done.exit_code, last.startswith(f"symrnn: {args[0]} could not be measured")) == (
        2,
        True,
    )
    assert told in last
    assert "Traceback" not in done.stderr
    shown = [line.strip() for line in done.stdout.splitlines()]
    assert [title for title in titles if title not in shown] == []
    assert bool(list(Path().glob("traces/*.trace.json"))) == bool(titles)


@pytest.mark.slow
def test_arrays_that_were_made_up_are_named_when_the_first_call_fails(model):
    told = invoke("measure", "model.py:uncallable", "--mode", "FAST_COMPILE").stderr
    assert (
        "the arrays were made up, with 3 for every size that is not known; define a function batch()"
        in told
    )
    Path("model.py").write_text(
        MODEL + "def batch():\n    return np.ones((2, 4)), np.ones((4, 2))\n"
    )
    assert invoke("measure", "model.py:uncallable", "--mode", "FAST_COMPILE").exit_code == 0


def test_measure_lists_what_native_mode_leaves_to_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("left.py").write_text(
        "import pytensor.tensor as pt\n\nx = pt.vector('x')\nplaces = pt.nonzero(x)[0] * 2\n"
    )
    done = invoke("measure", "left.py:places", "--mode", "NATIVE", "--steps", "3")
    assert done.exit_code == 0, done.output
    title = done.stdout.index("Left to Python by native mode")
    (row,) = (line.split() for line in done.stdout[title:].splitlines() if "left.py:4" in line)
    assert row[:3] == ["Nonzero", "left.py:4", "1"]
    assert "nodes left to Python: 1," in done.stdout[title:]


GRADIENTS = {"build": True, "forward": False}  # name: whether it takes a gradient


@pytest.mark.slow
@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_is_a_phase_where_one_is_taken(name, model):
    done = invoke("measure", f"model.py:{name}", "--mode", "FAST_COMPILE", "--steps", "3")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert any(row[:1] == ["grad"] for row in rows) == GRADIENTS[name]
    assert ["grad", "0.000"] not in rows


@pytest.mark.slow
def test_a_backend_that_is_absent_is_one_sentence(model):
    missing = [
        name for name, package in (("PYTORCH", "torch"), ("MLX", "mlx")) if not find_spec(package)
    ]
    if not missing:
        pytest.skip("every backend is installed")
    done = invoke("measure", "model.py:build", "--mode", missing[0])
    assert "ModuleNotFoundError" not in done.stderr
    assert re.search(
        rf"mode {missing[0]} needs the package \w+, which is not installed", done.stderr
    )


@pytest.mark.slow
def test_a_mode_that_the_file_registers_is_measured_in(model):
    registered = "from pytensor.compile.mode import Mode, register_mode\nregister_mode('MINE', Mode(linker='py'))\n"
    Path("model.py").write_text(registered + MODEL)
    done = invoke("measure", "model.py:build", "--mode", "mine", "--steps", "3")
    assert done.exit_code == 0, done.stderr
    assert "first call" in done.stdout


@pytest.mark.slow
def test_traces_are_written_where_only_the_head_of_the_tables_is_read(model):
    command = [
        sys.executable,
        "-m",
        "symrnn",
        "measure",
        "model.py:build",
        "--mode",
        "FAST_COMPILE",
        "--trace",
        "traces",
    ]
    root = str(Path(symrnn.__file__).parents[1])
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    process.stdout.close()  # as `head` does once it has seen enough
    told = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert sorted(path.suffixes[-2] for path in Path("traces").iterdir()) == [
        ".speedscope",
        ".trace",
    ]
    assert "Traceback" not in told
    assert "BrokenPipe" not in told


def record_of(total_s, round=0, name="model.py:build", status="ok"):
    values = {"phases_s": {"build": total_s}, "build_s": total_s, "after": {"nodes": 3}}
    return Record.of(Job(name, path=name, round=round, profile=True), status, values=values)


def test_the_typical_round_is_the_median_one_or_one_that_failed():
    rounds = [record_of(s, i) for i, s in enumerate([3.0, 1.0, 2.0])]
    assert typical(rounds) is rounds[2]
    broken = record_of(1.0, 9, status="crash")
    assert typical([*rounds, broken]) is broken
    assert (
        rounds_in_words(rounds, "model.py:build")
        == "Of 3 rounds this is the median one; they took 1.00 s to 3.00 s.\n"
    )
    assert rounds_in_words(rounds[:1], "model.py:build") == ""


def test_targets_take_turns():
    jobs = jobs_of(["old:f", "new:f"], 2, {"mode": "NATIVE"})
    assert [(job.experiment, job.round) for job in jobs] == [
        ("old:f", 0),
        ("new:f", 0),
        ("old:f", 1),
        ("new:f", 1),
    ]


def test_a_folder_keeps_one_measurement_of_a_target(tmp_path):
    record = record_of(1.0)
    append_record(tmp_path, record)
    with pytest.raises(UserError, match="--save must be a folder without a measurement of model"):
        check_new([Job("model.py:build", path="model.py:build", profile=True)], tmp_path)
    check_new([Job("model.py:other", path="model.py:other", profile=True)], tmp_path)


def test_native_mode_is_measured_where_compiling_is_most(monkeypatch):
    asked = []

    def native(job):
        asked.append((job.mode, job.profile))
        return record_of(0.5)

    monkeypatch.setattr("symrnn.commands.measure.measured_live", native)
    phases = {"phases_s": {"first_call": 9.0}}
    slow = replace(
        record_of(9.0),
        values=phases | {"compile_events": {"numba": 9, "numba_s": 8.0, "numba_saved": 9}},
    )
    assert with_native(Job("f.py:f"), slow)["native_total_s"] == 0.5
    assert asked == [("NATIVE", False)]
    quick = replace(slow, values=phases | {"compile_events": {"numba": 9, "numba_s": 1.0}})
    assert "native_total_s" not in with_native(Job("f.py:f"), quick)
    assert "native_total_s" not in with_native(Job("f.py:f", mode="NATIVE"), slow)


NODES = {"model.py:build": 5, "model.py:forward": 3, "model.py:same": 5}


@pytest.fixture
def counted(model, monkeypatch):
    """`symrnn measure` whose records hold the sizes in `NODES`, without a process."""

    def sized(job):
        size = dict.fromkeys(SIZES, 0) | {"nodes": NODES[job.experiment]}
        values = {**record_of(1.0).values, "after": size}
        return Record.of(job, "ok", values=values)

    monkeypatch.setattr("symrnn.commands.measure.measured_live", sized)


@pytest.mark.parametrize("shape", [(), ("--json",)], ids=["tables", "json"])
@pytest.mark.parametrize(("old", "code"), [("forward", 1), ("same", 0)])
def test_measure_exits_1_where_it_is_worse_than_what_it_is_held_against(old, code, shape, counted):
    done = invoke("measure", "model.py:build", "--against", f"model.py:{old}", *shape)
    assert done.exit_code == code, done.output
    if shape:
        told = json.loads(done.stdout)
        (nodes,) = (each for each in told["changes"] if each["metric"] == "after.nodes")
        assert (told["worse"], nodes["old"], nodes["new"]) == (code, NODES[f"model.py:{old}"], 5)
    else:
        assert f"{code} worse, 0 better" in done.stdout


def test_a_smaller_target_is_no_failure(counted):
    done = invoke("measure", "model.py:forward", "--against", "model.py:build")
    assert done.exit_code == 0, done.output
    assert "0 worse, 1 better" in done.stdout


def test_nothing_is_held_against_itself(counted):
    done = invoke("measure", "model.py:build", "--against", "model.py:build")
    assert done.exit_code == 2
    assert "--against must be another target than the one to measure" in done.stderr


@pytest.mark.slow
def test_rounds_are_saved_compared_and_printed_as_json(model):
    options = ["--mode", "FAST_COMPILE", "--steps", "3", "--save"]
    told = json.loads(invoke("measure", "model.py:build", *options, "a", "--json").stdout)
    assert told["verdict"]["total_s"] > 0
    assert told["records"][0]["values"]["compile_peak_bytes"] > 0
    against = ["--against", "model.py:forward", "--rounds", "2"]
    done = invoke("measure", "model.py:build", *options, "b", *against)
    assert done.exit_code == 1, done.output  # it is larger
    assert done.stdout.index("Compiling took") < done.stdout.index("Phases")
    assert "Of 2 rounds this is the median one" in done.stdout
    assert "model.py:build against model.py:forward:" in done.stdout
    assert "larger" in done.stdout
    compared = invoke("compare", "a", "b")
    assert "0 worse, 0 better" in compared.stdout
    assert "only in new: model.py:forward" in compared.stdout
