"""The command line: one-sentence errors, nearest names, what `run` leaves behind; no job runs."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import symrnn.bench.runner
import symrnn.modes
from symrnn.bench.records import Record, append_record, load_records
from symrnn.bench.runner import Event
from symrnn.commands.cli import cli

REPOSITORY = Path(__file__).parents[2]
EXPERIMENT = (REPOSITORY / "tests" / "study" / "naive.py").read_text()
COMMANDS = ["list", "run", "show", "figures", "report"]


def fake_run_jobs(jobs, results_dir, *, fresh=False, on_event=None, stop_after=None, cluster=None):
    """Records for jobs that nobody ran: the naive form takes twice as long as the other."""
    for done, job in enumerate(jobs):
        if done == stop_after:
            raise KeyboardInterrupt
        seconds = (1 + (job.case["form"] == "naive")) * job.case["depth"]
        record = Record.of(
            job,
            "ok",
            values={"total_s": seconds, "after": {"nodes": 10}},
            versions={"pytensor": "x"},
        )
        append_record(Path(results_dir) / job.experiment, record)
        for kind in ("started", "finished"):
            on_event(Event(kind, job, done=done + 1, total=len(jobs), record=record))


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """The command line in an empty folder with one experiment, and with `fake_run_jobs`."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "naive.py").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(symrnn.bench.runner, "run_jobs", fake_run_jobs)
    return lambda *args: CliRunner().invoke(cli, list(args))


def test_run_shows_ratios_and_answer_and_writes_figures_and_report(invoke):
    done = invoke("run", "naive", "--quick")
    assert done.exit_code == 0, done.output
    assert "total ÷ sgd" in done.stdout
    assert "2.00" in done.stdout
    assert "takes 2 times the time of sgd" in done.stdout
    assert "3/3" in done.stderr
    files = {path.name for path in Path("results/naive").iterdir()}
    assert {"records.jsonl", "naive.svg", "naive.png", "report.md"} <= files


def test_run_where_takes_the_jobs_that_match(invoke):
    done = invoke("run", "naive", "--where", "form=sgd", "--where", "state=cold")
    assert done.exit_code == 0, done.output
    records = load_records("results/naive")
    assert records
    assert {(record.case["form"], record.state) for record in records} == {("sgd", "cold")}


def test_what_was_run_can_be_shown_drawn_and_reported(invoke):
    invoke("run", "naive")
    assert "takes 2 times" in invoke("show", "naive").stdout
    assert invoke("figures", "naive").stdout.split() == [
        "results/naive/naive.svg",
        "results/naive/naive.png",
    ]
    assert invoke("report").stdout.split() == ["results/report.html", "results/report.md"]
    assert "(naive/naive.svg)" in Path("results/report.md").read_text()


@pytest.mark.filterwarnings("always")
def test_a_report_reads_each_file_once_and_warns_once(invoke):
    invoke("run", "naive")
    with Path("results/naive/records.jsonl").open("a") as file:
        print("no record", file=file)
    assert invoke("report").stderr.count("line 15: skipped, since it is no record") == 1


def test_list_tells_question_and_what_is_recorded(invoke):
    assert "0 of 12" in invoke("list").stdout
    invoke("run", "naive")
    told = invoke("list").stdout
    assert "naive" in told
    assert "What does the naive form cost?" in told
    assert "12 of 12" in told


def test_list_says_what_is_wrong_with_a_file_and_goes_on(invoke):
    Path("experiments/broken.py").write_text("cases = []")
    told = invoke("list")
    assert told.exit_code == 0
    assert "broken.py must begin with a docstring" in told.stdout
    assert "What does the naive form cost?" in told.stdout


def test_interrupt_says_what_is_kept_and_how_to_go_on(invoke, monkeypatch):
    def stopped(*args, **kwargs):
        fake_run_jobs(*args, **kwargs, stop_after=3)

    monkeypatch.setattr(symrnn.bench.runner, "run_jobs", stopped)
    done = invoke("run", "naive")
    assert done.exit_code == 130
    assert "stopped: 3 of 14 jobs are recorded in results/naive/records.jsonl" in done.stderr
    assert "goes on from there" in done.stderr
    assert "Traceback" not in done.output
    assert len(load_records("results/naive")) == 3


def test_an_error_while_stopping_is_still_an_interrupt(invoke, monkeypatch):
    def stopped_twice(*args, **kwargs):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError("the child was gone")

    monkeypatch.setattr(symrnn.bench.runner, "run_jobs", stopped_twice)
    done = invoke("run", "naive", "--quick")
    assert done.exit_code == 130
    assert "stopped: 0 of 3 jobs are recorded" in done.stderr


WRONG = {  # arguments: what stderr says
    ("run", "naiv"): "there is no experiment 'naiv' in experiments; did you mean 'naive'?",
    ("rum", "naive"): "there is no command 'rum'; did you mean 'run'?",
    (
        "show",
        "naive",
    ): "nothing is recorded of naive in results/naive; run `symrnn run naive --quick`",
    ("report",): "there are no records in results",
    ("list", "--experiments", "nowhere"): "--experiments must be a folder, but nowhere is none",
    ("run", "nowhere.py"): "there is no file nowhere.py",
    ("run", "naive", "--quik"): "--quick",
    ("run", "naive", "--rounds", "0"): "0",
    (
        "run",
        "naive",
        "--where",
        "from=sgd",
    ): "--where takes AXIS=VALUE, but got 'from=sgd'; did you mean 'form'?",
    ("run", "naive", "--where", "form=sdg"): "--where form=sdg leaves no job; did you mean 'sgd'?",
    ("run", "naive", "--jobs", "0"): "0",
    (
        "run",
        "naive",
        "--jobs",
        "2",
        "--dask",
        "tcp://here:1",
    ): "--jobs is for this machine, but --dask is tcp://here:1; give one of them",
    ("run",): "NAME",
}


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_wrong_use_is_one_sentence_and_exit_code_2(invoke, args):
    done = invoke(*args)
    assert done.exit_code == 2
    assert WRONG[args] in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_run_refuses_a_mode_that_is_none_before_any_job(invoke):
    Path("experiments/naive.py").write_text(EXPERIMENT.replace('modes = ["FAST', 'modes = ["SLOW'))
    done = invoke("run", "naive")
    assert done.exit_code == 2
    assert (
        "naive.py: modes has the unknown 'SLOW_COMPILE'; did you mean 'FAST_COMPILE'?"
        in done.stderr
    )
    assert not Path("results").exists()


def test_run_refuses_a_mode_whose_backend_is_absent_before_any_job(invoke, monkeypatch):
    Path("experiments/naive.py").write_text(EXPERIMENT.replace("FAST_COMPILE", "JAX"))
    monkeypatch.setattr(symrnn.modes, "find_spec", lambda name: None)
    done = invoke("run", "naive")
    assert done.exit_code == 2
    assert done.stderr.strip() == (
        "symrnn: mode JAX, in which naive runs, needs the package jax, which is not installed;"
        " install it with `pip install jax`, or take another mode"
    )
    assert not Path("results").exists()


def test_a_bug_is_one_sentence_too_unless_debug_is_asked_for(invoke, monkeypatch):
    monkeypatch.setattr(symrnn.bench.runner, "run_jobs", lambda *args, **kwargs: 1 / 0)
    done = invoke("run", "naive")
    assert done.exit_code == 2
    assert "ZeroDivisionError: division by zero; `symrnn --debug ...` shows where" in done.stderr
    assert isinstance(invoke("--debug", "run", "naive").exception, ZeroDivisionError)


def test_other_versions_are_pointed_out_before_running(invoke):
    import numpy

    invoke("run", "naive", "--quick")
    record = load_records("results/naive")[0]
    line = record.to_json().replace('"pytensor": "x"', '"numpy": "0.1"')
    Path("results/naive/records.jsonl").write_text(line + "\n")
    told = invoke("run", "naive", "--quick").stderr
    assert f"made with numpy 0.1 (now {numpy.__version__}); --fresh starts over" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(invoke, command):
    told = invoke(command, "--help").stdout
    assert re.search(rf"Example:\n +symrnn {command}", told)


def test_python_m_symrnn_is_symrnn():
    done = subprocess.run(
        [sys.executable, "-m", "symrnn", "lst"], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert done.returncode == 2
    assert done.stderr == "symrnn: there is no command 'lst'; did you mean 'list'?\n"


def test_the_command_line_starts_without_pytensor():
    code = (
        "import sys, symrnn.commands.cli; assert not {'pytensor', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


@pytest.mark.slow
def test_a_real_run_measures_once_and_then_only_what_is_missing(tmp_path):
    (tmp_path / "naive.py").write_text(EXPERIMENT)

    def run(*options):
        command = [sys.executable, "-m", "symrnn", "run", str(tmp_path / "naive.py"), "--quick"]
        options = ["--results", str(tmp_path / "results"), *options]
        done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=REPOSITORY)
        assert done.returncode == 0, done.stderr
        return done

    first = run()
    assert "3/3" in first.stderr
    assert "times the time of sgd" in first.stdout
    records = load_records(tmp_path / "results" / "naive")
    assert [(record.status, record.profile) for record in records] == [
        ("ok", False), ("ok", False), ("ok", True)
    ]  # fmt: skip
    assert "the passes account for" in (tmp_path / "results" / "naive" / "report.html").read_text()
    assert records[0].values["after"]["nodes"] > 0
    assert "3/3" not in run().stderr
    assert load_records(tmp_path / "results" / "naive") == records
    assert "2/2" in run("--fresh", "--where", "form=sgd").stderr


def hear_interrupts():
    """Undo what a shell does to jobs in the background, where Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished_and_leaves_no_child(tmp_path):
    (tmp_path / "naive.py").write_text(EXPERIMENT)
    command = [sys.executable, "-m", "symrnn", "run", str(tmp_path / "naive.py")]
    results = tmp_path / "results"
    with subprocess.Popen(
        [*command, "--results", str(results)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        preexec_fn=hear_interrupts,
    ) as process:
        while "1/14" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait() == 130, told
    kept = len(load_records(results / "naive"))
    assert f"stopped: {kept} of 14 jobs are recorded" in told
    assert "Traceback" not in told
