"""`symrnn train` and `symrnn predict`, on the toy recipe; one real run is killed and goes on."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import symrnn.training.loop
from symrnn.bench.machine import BLAS_THREADS
from symrnn.commands.cli import cli
from symrnn.data import READERS
from symrnn.models import RECIPES
from symrnn.training.checkpoint import load_checkpoint

REPOSITORY = Path(__file__).parents[2]
FILE = Path("trained/toy.Line.npz")
TOY = REPOSITORY / "tests" / "toy_recipe.py"  # defines the recipes Line and Other


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """The command line in a folder with a file of toy networks."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(TOY, "toy.py")

    def run(*args):
        mode = ["--mode", "FAST_COMPILE"] if args[0] in ("train", "predict") else []
        return CliRunner().invoke(cli, [*args, *mode])

    return run


def test_train_tells_its_progress_tests_and_names_the_next_command(invoke):
    done = invoke("train", "toy.py:Line", "--steps", "60")
    assert done.exit_code == 0, done.output
    assert re.search(r"step 30/60: loss [\d.e-]+, [\d.e+]+ steps/s, \d+ s left", done.stderr)
    reading, hint = done.stdout.splitlines()
    assert re.fullmatch(r"largest error: 0\.\d+", reading)
    said = invoke(*hint.removeprefix("try it: symrnn ").split(), "0")
    assert said.exit_code == 0, said.output
    assert abs(float(said.stdout.removeprefix("0 -> ")) - 1) < 0.2


def test_the_same_command_goes_on_and_fresh_starts_over(invoke):
    invoke("train", "toy.py:Line", "--steps", "3")
    more = invoke("train", "toy.py:Line", "--steps", "5")
    assert "goes on from trained/toy.Line.npz, step 3" in more.stderr
    losses = load_checkpoint(FILE).losses
    again = invoke("train", "toy.py:Line", "--steps", "5", "--fresh")
    assert "goes on" not in again.stderr
    np.testing.assert_array_equal(load_checkpoint(FILE).losses, losses)


def test_options_are_read_as_the_type_of_their_field(invoke):
    invoke(
        "train", "toy.py:Line", "--set", "batch_size=6", "--set", "shuffled=no", "--set", "rule=sgd"
    )
    options = load_checkpoint(FILE).options
    assert (options["batch_size"], options["shuffled"], options["rule"]) == (6, False, "sgd")


def test_another_version_is_pointed_out(invoke, monkeypatch):
    invoke("train", "toy.py:Line", "--steps", "3")
    monkeypatch.setattr("symrnn.training.checkpoint.versions", lambda: {"python": "2.7"})
    assert "results may differ in the last bits" in invoke("train", "toy.py:Line").stderr


def test_your_own_data_are_trained_on(invoke):
    np.savetxt("mine.txt", np.linspace(0, 1, 8))
    assert invoke("train", "toy.py:Line", "--data", "mine.txt").exit_code == 0
    assert load_checkpoint(FILE).data == "mine.txt"
    refused = invoke("train", "toy.py:Line")
    assert refused.exit_code == 2
    assert "was trained on mine.txt, but this run has the embedded data" in refused.stderr


@pytest.fixture
def interrupt(monkeypatch):
    """A function that sets the steps at which Ctrl-C is pressed: after a step, 0 while the first compiles."""
    turn = symrnn.training.loop.Training.__iter__

    def press(*steps):
        def interrupted(training):
            if 0 in steps:
                signal.raise_signal(signal.SIGINT)
            for step in turn(training):
                for _ in range(steps.count(step.number)):
                    signal.raise_signal(signal.SIGINT)
                yield step

        monkeypatch.setattr(symrnn.training.loop.Training, "__iter__", interrupted)

    return press


def test_ctrl_c_saves_and_says_how_to_go_on(invoke, interrupt):
    interrupt(4)
    before = signal.getsignal(signal.SIGINT)
    done = invoke("train", "toy.py:Line")
    assert done.exit_code == 130
    assert (
        "stopped: step 4 of 8 is saved in trained/toy.Line.npz; the same command goes on"
        in done.stderr
    )
    assert load_checkpoint(FILE).steps == 4
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_first_step_or_twice_stops_at_once(invoke, interrupt):
    interrupt(0)
    done = invoke("train", "toy.py:Line")
    assert done.exit_code == 130
    assert done.stderr.endswith("stopped at once; no checkpoint was written\n")
    interrupt(3, 3)
    done = invoke("train", "toy.py:Line", "--every", "2")
    assert done.exit_code == 130
    assert (
        "stopped at once; the last good checkpoint is trained/toy.Line.npz, of step 2"
        in done.stderr
    )


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(invoke):
    options = ["--set", "rule=sgd", "--set", "learning_rate=1e140", "--steps", "30"]
    done = invoke("train", "toy.py:Line", *options, "--every", "1")
    assert done.exit_code == 1
    [step] = re.findall(r"at step (\d+), and the first parameter affected is a;", done.stderr)
    kept = load_checkpoint(FILE)
    assert 0 < kept.steps < int(step)
    assert all(np.isfinite(array).all() for _, array in kept.state)
    assert f"the last good checkpoint is {FILE}, of step {kept.steps}" in done.stderr


WRONG = {  # arguments: what stderr says
    (
        "train",
        "binary_ader",
    ): "there is no network 'binary_ader' to train; did you mean 'binary_adder'?",
    (
        "train",
        "toy.py:Line",
        "--set",
        "batchsize=3",
    ): "got 'batchsize=3'; did you mean 'batch_size'?",
    ("train", "toy.py:Line", "--set", "seed"): "--set takes FIELD=VALUE, but got 'seed'",
    ("train", "toy.py:Line", "--set", "seed=x"): "--set seed must be a whole number, but is 'x'",
    ("train", "toy.py:Line", "--set", "learning_rate=x"): "must be a number, but is 'x'",
    ("train", "toy.py:Line", "--set", "shuffled=2"): "--set shuffled must be yes or no, but is '2'",
    ("train", "toy.py:Line", "--data", "nowhere"): "there is no file nowhere",
    ("predict", "toy.py:Line"): "--checkpoint",
    ("predict", "toy.py:Line", "--checkpoint", "x.npz"): "there is no checkpoint x.npz",
}


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_wrong_use_is_one_sentence(invoke, args):
    done = invoke(*args)
    assert done.exit_code == 2
    assert WRONG[args] in done.stderr
    assert "Traceback" not in done.stderr


def test_predict_refuses_the_checkpoint_of_another_network(invoke):
    invoke("train", "toy.py:Line", "--steps", "3")
    done = invoke("predict", "toy.py:Other", "--checkpoint", str(FILE))
    assert done.exit_code == 2
    assert "of the network Line, not of Other" in done.stderr


def test_predict_takes_the_options_that_leave_the_network_as_it_is(invoke):
    invoke("train", "toy.py:Line")
    command = ["predict", "toy.py:Line", "--checkpoint", "trained/toy.Line.npz", "2"]
    assert invoke(*command, "--set", "steps=3").output == invoke(*command).output
    refused = invoke(*command, "--set", "seed=3")
    assert refused.exit_code != 0
    assert "--set takes FIELD=VALUE, but got 'seed=3'; known are steps" in refused.output


@pytest.mark.parametrize("command", ["train", "predict"])
def test_help_has_an_example_and_the_networks(command):
    told = CliRunner().invoke(cli, [command, "--help"]).stdout
    assert re.search(rf"Example:\n +symrnn {command}", told)
    assert all(f"{name}: " in told and READERS[reader] in told for name, reader in RECIPES.items())


@pytest.mark.parametrize("asked", [{}, {"OMP_NUM_THREADS": "3"}, {"MKL_NUM_THREADS": "2"}], ids=str)
def test_products_take_one_thread_unless_the_environment_says_how_many(asked):
    """Asked of a process, since BLAS reads it when NumPy is imported."""
    code = (
        "import os, sys; from symrnn.commands.cli import cli; assert 'numpy' not in sys.modules\n"
        "try: cli(['train', 'no_such_network'])\n"
        "except SystemExit: print({n: v for n, v in os.environ.items() if n.endswith('_THREADS')})"
    )
    environment = {n: v for n, v in os.environ.items() if not n.endswith("_THREADS")} | asked
    environment["PYTHONPATH"] = str(Path(symrnn.__file__).parents[1])
    told = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    alone = dict.fromkeys(BLAS_THREADS, "1")
    assert ast.literal_eval(told.splitlines()[-1]) == (asked or alone)


@pytest.mark.slow
def test_a_killed_training_goes_on_bit_for_bit(tmp_path):
    def command(folder):
        start = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "symrnn",
            "train",
            f"{TOY}:Line",
            "--every",
            "1",
        ]
        return [*start, "--mode", "FAST_COMPILE", "--steps", "300", "--folder", folder]

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    quiet = {"cwd": REPOSITORY, "stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    process = subprocess.Popen(command(killed), **quiet)
    while not (killed / "toy_recipe.Line.npz").is_file():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert 0 < load_checkpoint(killed / "toy_recipe.Line.npz").steps < 300
    for folder in (killed, whole):
        subprocess.run(command(folder), check=True, **quiet)
    ours, theirs = (load_checkpoint(folder / "toy_recipe.Line.npz") for folder in (killed, whole))
    np.testing.assert_array_equal(ours.losses, theirs.losses)
    for (name, a), (_, b) in zip(ours.state, theirs.state, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
