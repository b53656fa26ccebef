"""Whatever an experiment's file declares, calls or returns: one sentence that names the file, for it alone."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from made_records import make_record

from symrnn.bench.records import append_record
from symrnn.commands.cli import cli
from symrnn.errors import UserError
from symrnn.study.declaration import DECLARATIONS, SETTINGS
from symrnn.study.experiment import experiment_names, load_experiment

NAIVE = (Path(__file__).parent / "naive.py").read_text()
ODD = [
    "5",
    "2.5",
    "True",
    "None",
    "''",
    "'ab'",
    "b'ab'",
    "[5]",
    "[None]",
    "[[]]",
    "{}",
    "{5: 5}",
    "{'a': 5}",
]
ODD += ["()", "print", "1e999", "1e999 - 1e999"]
FREE = {
    "cases",
    "quick",
    "tasks",
    "reference",
    "columns",
    "needs",
    "refusals",
    "modes",
    "states",
    "ratio_of",
}
RIGHT = {  # what is a declaration after all
    "__doc__": ["ab"],
    "reference": [{}, {"a": 5}],
    "columns": [()],
    "needs": [()],
    "refusals": [()],
    "tasks": [{}],
    "ratio_of": ["", "ab"],
}


@pytest.fixture
def invoke(folder, tmp_path):
    """The command line on the folder of experiments."""
    where = ["--experiments", str(folder), "--results", str(tmp_path / "results")]
    return lambda *args: CliRunner().invoke(cli, [*args, *where])


def declared(folder, text):
    """The experiment of the file with this text."""
    (folder / "naive.py").write_text(text)
    return load_experiment("naive", folder)


@pytest.mark.parametrize(
    "name", sorted(DECLARATIONS | {"__doc__", "flags", "environment", "python"})
)
def test_a_declaration_of_any_type_is_read_or_one_sentence(folder, name):
    is_amount = name.removeprefix("quick_") in (
        "rounds",
        "time_limit_s",
        "memory_limit_bytes",
        "steps",
    )
    for text in ODD:
        value = eval(text)
        try:
            experiment = declared(folder, f"{NAIVE}\n\n{name} = {text}\n")
        except UserError as error:
            assert str(error).startswith("naive.py")  # noqa: PT017
            continue
        if not callable(value):
            assert value in RIGHT.get(name, ()) or (is_amount and type(value) in (int, float)), text
        try:
            assert experiment.jobs() + experiment.jobs(quick=True)
        except UserError as error:
            assert str(error).startswith("naive.py")  # noqa: PT017


def test_every_setting_has_been_given_a_rule():
    assert FREE | set(SETTINGS) | {f"quick_{name}" for name in SETTINGS} == DECLARATIONS


SETTING = "\n\ndef train(form):\n    return {}\n\n\ntasks = {'train': %s}\n"
TASKS = {  # a task: what the sentence says
    "5": r"tasks must be dicts by the name of a function, but one is 'train': 5",
    "{'cases': 5, 'quick': []}": "must be a list of dicts, but is 5",
    "{'cases': [5], 'quick': []}": "must be a list of dicts",
    "{'cases': [{5: 1}], 'quick': []}": "axes must be names",
    "{'cases': [{'form': 1}], 'quick': [], 'modes': 5}": "modes must be a list of modes, but is 5",
    "{'cases': [{'form': 1}], 'quick': [], 'modes': 'C'}": "modes must be a list of modes",
    "{'cases': [{'form': 1}], 'quick': [], 'states': []}": "states must be a list of states",
    "{'cases': [{'form': 1}], 'quick': [], 'rounds': 1.5}": "rounds must be a whole number",
    "{'cases': [{'form': 1}], 'quick': [], 'quick_rounds': 0}": "must be a positive number",
}  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_a_task_of_any_type_is_one_sentence(folder, task):
    with pytest.raises(UserError, match=TASKS[task]):
        declared(folder, NAIVE + SETTING % task)


ENDINGS = {  # what a file does: what the sentence says
    "import sys; sys.exit(0)": "SystemExit: 0 (line 1)",
    "import sys; sys.exit()": "SystemExit:",
    "raise SystemExit('bye')": "SystemExit: bye (line 1)",
    "raise GeneratorExit": "GeneratorExit",
    "class Own(BaseException): pass\nraise Own('x')": "Own: x (line 2)",
    "raise RecursionError": "RecursionError",
    "import asyncio; raise asyncio.CancelledError": "CancelledError",
    "raise KeyError('\\x1b[2J')": "KeyError",
    "x = " + "(" * 300: "SyntaxError",
    "x = " + "-" * 9999 + "1": "Error",
    "\0": "null bytes",
}


@pytest.mark.parametrize("text", ENDINGS)
def test_a_file_that_ends_the_program_is_one_sentence_for_it_alone(folder, invoke, text):
    (folder / "ends.py").write_text(text)
    shown = invoke("show", "ends")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("symrnn: ends.py cannot be read: ")
    assert ENDINGS[text] in shown.stderr
    listed = invoke("list")
    assert listed.exit_code == 0
    assert "ends.py cannot be read" in listed.stdout
    assert "What does the naive form cost?" in listed.stdout


def test_ctrl_c_while_a_file_is_read_is_ctrl_c(folder):
    (folder / "slow.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_experiment("slow", folder)


FUNCTIONS = ["answer", "figure", "flags", "environment", "python"]
BODIES = {  # what a function does: what the sentence says of it
    "import sys; sys.exit(0)": "() failed: SystemExit: 0 (line",
    "1 / 0": "() failed: ZeroDivisionError: division by zero (line",
    "raise BaseException('x')": "() failed: BaseException: x (line",
    "return 5": "() must return",
    "return None": "() must return",
    "return ['a', 5]": "() must return",
    "return {'a': 5}": "() must return",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_fails_or_returns_anything_is_one_sentence(
    folder, invoke, tmp_path, function, body
):
    append_record(tmp_path / "results" / "naive", make_record({"depth": 1, "form": "sgd"}))
    defined = f"\n\ndef {function}(*args, **case):\n    {body}\n"
    (folder / "naive.py").write_text(NAIVE + defined)
    command = {"answer": "show", "figure": "figures"}.get(function, "list")
    done = invoke(command, *([] if command == "list" else ["naive"]))
    told = " ".join((done.stdout if command == "list" else done.stderr).split())
    assert done.exit_code == (0 if command == "list" else 2)
    assert f"naive.py: {function}" in told
    assert BODIES[body] in told


@pytest.mark.timeout(60)
def test_a_pipe_among_experiments_or_in_place_of_records_is_no_wait(folder, invoke, tmp_path):
    os.mkfifo(folder / "pipe.py")
    assert experiment_names(folder) == ["naive"]
    assert invoke("list").exit_code == 0
    (tmp_path / "results" / "naive").mkdir(parents=True)
    os.mkfifo(tmp_path / "results" / "naive" / "records.jsonl")
    listed = invoke("list")
    assert listed.exit_code == 0
    assert "cannot read the records" in listed.stdout
    shown = invoke("show", "naive")
    assert shown.exit_code == 2
    assert "it is no regular file" in shown.stderr
    run = invoke("run", "naive", "--quick")
    assert run.exit_code == 2
    assert "it is no regular file" in run.stderr
