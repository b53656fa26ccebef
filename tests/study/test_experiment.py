"""Experiment files are read without pytensor, and a wrong one is refused in one sentence."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from symrnn.errors import UserError
from symrnn.study.experiment import (
    Experiment,
    experiment_names,
    experiments_folder,
    grid,
    load_experiment,
)

REPOSITORY = Path(__file__).parents[2]
EXPERIMENT = (Path(__file__).parent / "naive.py").read_text()
TRAIN = """
def train(form):
    return {}


tasks = {"train": {"cases": grid(form=["sgd"]), "quick": [], "modes": ["C"]}}
"""
WRONG = {  # what is wrong: (replaced, by, what the error says)
    "no docstring": ('"""What does', 'x = """What does', "must begin with a docstring"),
    "syntax": ("\nrounds = 2", "\nrounds = = 2", "cannot be read: SyntaxError"),
    "raises": ("\nrounds = 2", "\nrounds = 1 / 0", "ZeroDivisionError: division by zero (line 11)"),
    "imports pytensor": ("rounds = 2", "import pytensor", "must not import pytensor at its top"),
    "misspelt setting": ("rounds = 2", "round = 2", "declares round, which is no setting"),
    "unit left out": ("rounds = 2", "time_limit = 2", "did you mean 'time_limit_s'?"),
    "no quick": ("quick = ", "QUICK = ", "must declare quick"),
    "no build": ("def build", "def _build", "must define build(...)"),
    "no figure": ("def figure", "def _figure", "must define figure(records)"),
    "no answer": ("def answer", "def _answer", "must define answer(records)"),
    "axis not taken": ("def batch(depth, form)", "def batch(depth)", "batch(depth) does not take"),
    "empty cases": (
        "cases = grid(depth=[1, 2, 4]",
        "cases = grid(depth=[]",
        "cases must be a list of dicts",
    ),
    "text as axis": ('form=["sgd", "naive"])\nquick', 'form="sgd")\nquick', "write form=['sgd']"),
    "same case twice": (
        "cases = grid(depth=[1, 2, 4]",
        "cases = grid(depth=[1, 1]",
        "stands in it twice",
    ),
    "no JSON": (
        "cases = grid(depth=[1, 2, 4]",
        "cases = grid(depth=[{1}]",
        "must be numbers, strings or lists",
    ),
    "unknown mode": (
        "FAST_COMPILE",
        "NUMBER",
        "modes has the unknown 'NUMBER'; did you mean 'NUMBA'?",
    ),
    "negative rounds": ("rounds = 2", "rounds = -2", "rounds must be a positive number, but is -2"),
    "missing package": ("rounds = 2", 'needs = ["nosuch.thing"]', "needs nosuch, which is not"),
    "task without function": ("rounds = 2", 'tasks = {"train": {}}', "there is no train()"),
    "task without cases": ("rounds = 2", 'tasks = {"build": {}}', "must have 'cases'"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_file_is_refused_in_one_sentence(wrong, tmp_path):
    replaced, by, says = WRONG[wrong]
    assert replaced in EXPERIMENT
    path = tmp_path / "wrong.py"
    path.write_text(EXPERIMENT.replace(replaced, by, 1))
    load = "import sys; from symrnn.study.experiment import *; Experiment.from_file(sys.argv[1])"
    if wrong == "imports pytensor":
        done = subprocess.run(
            [sys.executable, "-c", load, str(path)], capture_output=True, text=True, cwd=REPOSITORY
        )
        assert says in done.stderr
        return
    with pytest.raises(UserError) as caught:
        Experiment.from_file(path)
    assert says in str(caught.value)
    assert "wrong.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_jobs_run_round_by_round_with_the_forms_side_by_side(folder):
    jobs = load_experiment("naive", folder).jobs()
    order = [(job.round, job.case["depth"], job.case["form"]) for job in jobs]
    assert order[:4] == [(0, 1, "sgd"), (0, 1, "naive"), (0, 2, "sgd"), (0, 2, "naive")]
    assert len({job.key for job in jobs}) == len(jobs) == 12
    assert {job.mode for job in jobs} == {"FAST_COMPILE"}


def test_forms_stand_side_by_side_even_where_the_grid_lists_them_first(folder):
    path = folder / "naive.py"
    by_depth, by_form = (
        'depth=[1, 2, 4], form=["sgd", "naive"]',
        'form=["sgd", "naive"], depth=[1, 2]',
    )
    path.write_text(EXPERIMENT.replace(by_depth, by_form))
    jobs = Experiment.from_file(path).jobs(rounds=1)
    assert [job.case["form"] for job in jobs] == ["sgd", "naive"] * 2


def test_quick_takes_the_quick_cases_and_settings(folder):
    experiment = load_experiment("naive", folder)
    assert len(experiment.jobs(quick=True)) == 2
    assert len(experiment.jobs(quick=True, rounds=3)) == 6


def test_the_last_case_is_profiled_once_a_round(folder):
    experiment = load_experiment("naive", folder)
    jobs = experiment.profiled_jobs()
    assert [(job.case, job.round) for job in jobs] == [
        ({"depth": 4, "form": "naive"}, n) for n in (0, 1)
    ]
    assert all(job.profile for job in jobs)
    plain = {replace(job, profile=False).key for job in jobs}
    assert plain <= {job.key for job in experiment.jobs()}
    [quick] = experiment.profiled_jobs(quick=True, rounds=1)
    assert quick.case["form"] == experiment.reference["form"]


def test_a_task_runs_once_and_cold_unless_it_says_otherwise(folder):
    path = folder / "naive.py"
    path.write_text(EXPERIMENT + TRAIN)
    jobs = [job for job in Experiment.from_file(path).jobs() if job.task == "train"]
    (job,) = jobs
    assert (job.mode, job.state, job.round, job.case) == ("C", "cold", 0, {"form": "sgd"})
    assert len(Experiment.from_file(path).jobs(quick=True)) == 2


def test_a_task_may_have_a_time_limit_of_its_own(folder):
    path = folder / "naive.py"
    train = TRAIN.replace('"quick": []', '"quick": grid(form=["sgd"])').replace(
        '"modes": ["C"]', '"modes": ["C"], "time_limit_s": 900, "quick_time_limit_s": 30'
    )
    path.write_text(EXPERIMENT + "\ntime_limit_s = 60\n" + train)
    experiment = Experiment.from_file(path)
    for quick, limit in ((False, 900), (True, 30)):
        limits = {job.task: job.time_limit_s for job in experiment.jobs(quick=quick)}
        assert limits == {"compile": 60, "train": limit}


def test_a_round_goes_over_all_tasks_before_the_next_begins(folder):
    path = folder / "naive.py"
    path.write_text(EXPERIMENT + TRAIN.replace('"modes"', '"rounds": 2, "modes"'))
    order = [(job.round, job.task) for job in Experiment.from_file(path).jobs()]
    assert order == [
        *[(0, "compile")] * 6, (0, "train"), *[(1, "compile")] * 6, (1, "train")
    ]  # fmt: skip


def test_unknown_experiment_suggests_the_nearest(folder):
    with pytest.raises(UserError, match="did you mean 'naive'"):
        load_experiment("naiv", folder)


def test_a_path_names_an_experiment_too(folder):
    assert load_experiment(str(folder / "naive.py"), None).name == "naive"


def test_experiments_are_found_here_then_beside_the_package(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert experiments_folder().resolve() == folder
    assert experiments_folder(str(folder)) == folder
    monkeypatch.chdir("/")
    assert experiments_folder() == REPOSITORY / "experiments"
    with pytest.raises(UserError, match="must be a folder"):
        experiments_folder("nowhere")


def test_question_and_expectation_come_from_the_docstring(folder):
    experiment = load_experiment("naive", folder)
    assert experiment.question == "What does the naive form cost?"
    assert experiment.about == "Expected: twice as much. Seconds."


@pytest.mark.parametrize("name", experiment_names(REPOSITORY / "experiments"))
def test_our_experiments_load_and_each_asks_a_question(name):
    experiment = load_experiment(name, REPOSITORY / "experiments")
    assert experiment.question.endswith("?")
    assert "Expected:" in experiment.about
    keys = [job.key for job in experiment.jobs()]
    assert len(set(keys)) == len(keys)
    assert experiment.jobs(quick=True)


def test_our_experiments_load_without_pytensor():
    code = (
        "import sys; from symrnn.study.experiment import *; import symrnn.commands.cli\n"
        "for name in experiment_names('experiments'): load_experiment(name, 'experiments')\n"
        "assert not {'pytensor', 'jax', 'numba', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=REPOSITORY)


def test_grid_is_every_combination():
    assert grid(a=[1, 2], b=["x"]) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]
