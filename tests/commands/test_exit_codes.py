"""What a command says by its exit code: a sweep of which nothing came out has failed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import symrnn.bench.runner
from symrnn.bench.records import STATUSES, Record, append_record
from symrnn.commands.cli import cli

EXPERIMENT = (Path(__file__).parents[1] / "study" / "naive.py").read_text()


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """`symrnn run` of two experiments whose jobs end as `statuses` say, by name of the experiment."""
    (tmp_path / "experiments").mkdir()
    for name in ("one", "two"):
        (tmp_path / "experiments" / f"{name}.py").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)

    def run(*names, **statuses):
        def fake(jobs, results_dir, **options):
            for i, job in enumerate(jobs):
                status = statuses[job.experiment][i % len(statuses[job.experiment])]
                values = {"total_s": 1.0} if status == "ok" else {}
                record = Record.of(job, status, message="no" * (status != "ok"), values=values)
                append_record(Path(results_dir) / job.experiment, record)

        monkeypatch.setattr(symrnn.bench.runner, "run_jobs", fake)
        return CliRunner().invoke(cli, ["run", *names, "--quick"])

    return run


@pytest.mark.parametrize("status", [each for each in STATUSES if each != "ok"])
def test_run_fails_where_every_job_failed(invoke, status):
    done = invoke("one", one=[status])
    assert done.exit_code == 1
    assert done.stderr.endswith("symrnn: no job of one finished\n")
    assert Path("results/one/report.html").is_file()  # what there is to say was said


def test_run_is_well_where_any_job_finished(invoke):
    assert invoke("one", one=["crash", "ok"]).exit_code == 0


def test_run_fails_where_one_of_its_experiments_did(invoke):
    done = invoke("one", "two", one=["crash"], two=["ok"])
    assert done.exit_code == 1
    assert "no job of one finished" in done.stderr


def test_records_of_other_jobs_do_not_count(invoke):
    assert invoke("one", one=["ok"]).exit_code == 0
    path = Path("results/one/records.jsonl")
    path.write_text(path.read_text().replace('"key": "', '"key": "other'))
    assert invoke("one", one=["error"]).exit_code == 1


def test_explain_of_a_file_that_exits_is_no_success(tmp_path):
    (tmp_path / "train.py").write_text("import sys\nloss = 1\nsys.exit(0)\n")
    done = CliRunner().invoke(cli, ["explain", f"{tmp_path}/train.py:loss"])
    assert done.exit_code == 2
    assert "ends the program when it is imported" in done.stderr


LIMITS = [("measure", "a.b:c", "--time-limit", "0"), ("measure", "a.b:c", "--time-limit", "-1")]
LIMITS += [("measure", "a.b:c", "--time-limit", "nan"), ("measure", "a.b:c", "--steps", "0")]
LIMITS += [("compare", ".", ".", "--threshold", "-1")]


@pytest.mark.parametrize("args", LIMITS, ids=" ".join)
def test_limits_that_are_none_are_refused(args):
    done = CliRunner().invoke(cli, args)
    assert done.exit_code == 2
    assert args[-2].strip("-").replace("-", "_") in done.stderr.replace("-", "_")
