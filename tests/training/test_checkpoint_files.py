"""Checkpoints and the file system: what changes behind a run, places that cannot be written, files made to harm."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import toy_recipe
from click.testing import CliRunner
from toy_recipe import Line

from symrnn.commands.cli import cli
from symrnn.errors import UserError
from symrnn.training.checkpoint import (
    FORMAT,
    Checkpoint,
    check_writable,
    load_checkpoint,
    save_checkpoint,
)
from symrnn.training.loop import Training

TOY = f"{toy_recipe.__file__}:Line"
HEADER = {"format": FORMAT, "recipe": "Line", "options": {"seed": 0}, "data": "", "mode": ""}
HEADER |= {"versions": {"python": "3"}, "data_hash": "", "state": ["a"], "values": ["a"]}


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """The command line in an empty folder, with the toy network; ``fails`` if it is compiled."""
    monkeypatch.chdir(tmp_path)
    command = ["train", TOY, "--mode", "FAST_COMPILE"]
    return lambda *args: CliRunner().invoke(cli, [*command, *args])


def write(path, header=HEADER, **arrays):
    """A checkpoint file, true or not."""
    text = header if isinstance(header, str) else json.dumps(header)
    arrays = {"losses": np.zeros(1), "state/000": np.zeros(()), "values/000": np.zeros(())} | arrays
    np.savez(path, **{"header": np.array(text)} | arrays)


def test_the_crafted_file_is_a_checkpoint_where_nothing_is_wrong(tmp_path):
    write(tmp_path / "line.npz")
    assert load_checkpoint(tmp_path / "line.npz").steps == 1


def other(**fields):
    return {"header": HEADER | fields}


CRAFTED = {  # what is wrong: (how the file is written, what the sentence says)
    "deep header": ({"header": "[" * 60_000}, "its header is no JSON"),
    "deep options": ({"header": '{"a":' * 60_000}, "its header is no JSON"),
    "a list": ({"header": "[]"}, "of another format"),
    "null": ({"header": "null"}, "of another format"),
    "number as format": (other(format=1), "of another format"),
    "null options": (other(options=None), "its options are no texts and numbers"),
    "list as options": (other(options=[1]), "its options are no texts and numbers"),
    "object in options": (other(options={"seed": {}}), "its options are no texts and numbers"),
    "null versions": (other(versions=None), "its versions are no texts and numbers"),
    "number as recipe": (other(recipe=1), "a field of its header is no text"),
    "list as data": (other(data=["a"]), "a field of its header is no text"),
    "null mode": (other(mode=None), "a field of its header is no text"),
    "object as hash": (other(data_hash={}), "a field of its header is no text"),
    "text as state": (other(state="a"), "its state has no list of names"),
    "number as state": (other(state=3), "its state has no list of names"),
    "names of numbers": (other(values=[1]), "a field of its header is no text"),
    "too many names": (other(values=["a"] * 10**5), "it has no values/001"),
    "another field": (other(colour="red"), "another number of fields"),
    "bytes as header": ({"header": "x", "losses": np.zeros(1)} | {"header": "\x00"}, "no JSON"),
    "losses of no rank": ({"losses": np.array(1.0)}, r"its losses are float64\[\]"),
    "losses of rank 2": ({"losses": np.zeros((2, 2))}, r"its losses are float64\[2, 2\]"),
    "losses of texts": ({"losses": np.array(["a"])}, r"its losses are <U1\[1\]"),
    "losses of integers": ({"losses": np.zeros(3, int)}, r"its losses are int64\[3\]"),
    "losses of complex": ({"losses": np.zeros(3, complex)}, r"its losses are complex128\[3\]"),
}  # fmt: skip


@pytest.mark.parametrize("what", CRAFTED)
def test_a_crafted_file_is_refused(tmp_path, what):
    fields, told = CRAFTED[what]
    write(tmp_path / "line.npz", **fields)
    with pytest.raises(UserError, match=told) as caught:
        load_checkpoint(tmp_path / "line.npz")
    assert "is no checkpoint that can be read" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("array", [np.array(b"x"), np.zeros(3), np.array(["{}"])])
def test_a_header_that_is_no_text_is_refused(tmp_path, array):
    write(tmp_path / "line.npz")
    arrays = dict(np.load(tmp_path / "line.npz")) | {"header": array}
    np.savez(tmp_path / "line.npz", **arrays)
    with pytest.raises(UserError, match="it has no header"):
        load_checkpoint(tmp_path / "line.npz")


def test_a_checkpoint_of_before_has_no_hash_and_goes_on(tmp_path):
    write(tmp_path / "line.npz", {name: HEADER[name] for name in HEADER if name != "data_hash"})
    assert load_checkpoint(tmp_path / "line.npz").data_hash == ""


def test_data_that_changed_since_are_noticed(invoke):
    np.savetxt("mine.txt", np.linspace(0, 1, 8))
    command = ["--data", "mine.txt", "--steps"]
    assert invoke(*command, "3").exit_code == 0
    assert invoke(*command, "5").exit_code == 0  # the same content goes on
    np.savetxt("mine.txt", np.linspace(0, 2, 8))
    refused = invoke(*command, "8")
    assert refused.exit_code == 2
    assert "was trained on mine.txt, but what is in it has changed since" in refused.stderr
    assert invoke(*command, "8", "--fresh").exit_code == 0
    np.savetxt("mine.txt", np.linspace(0, 2, 8))
    assert invoke(*command, "9").exit_code == 0


def test_data_that_change_while_training_are_those_it_began_with(tmp_path):
    path = tmp_path / "mine.txt"
    np.savetxt(path, np.linspace(0, 1, 8))
    recipe = Line(steps=3)
    training = Training(recipe, recipe.data(path), mode="FAST_COMPILE", data_path=str(path))
    np.savetxt(path, np.linspace(0, 2, 8))
    checkpoint = training.checkpoint()
    with pytest.raises(UserError, match="has changed since"):
        Training(recipe, recipe.data(path), data_path=str(path), checkpoint=checkpoint)


@pytest.fixture
def no_training(monkeypatch):
    """An error where a training begins: what is wrong must be noticed before."""

    def compiled(*args, **options):
        raise AssertionError("it began to train")

    monkeypatch.setattr("symrnn.training.loop.compiled", compiled)


@pytest.mark.usefixtures("no_training")
def test_a_place_that_cannot_be_written_is_noticed_before_training(invoke, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "taken" / "toy_recipe.Line.npz").mkdir(parents=True)
    for folder in ("file", "file/within"):
        done = invoke("--folder", folder)
        assert done.exit_code == 2
        assert (
            "must be a folder to hold the checkpoint toy_recipe.Line.npz, but is none"
            in done.stderr
        )
    assert "must be a file, but something else is there" in invoke("--folder", "taken").stderr
    assert (tmp_path / "file").read_text() == "mine"

    def refuse(path, data):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)  # whoever runs tests may be root
    done = invoke("--folder", "new")
    assert done.exit_code == 2
    assert (
        "the checkpoint new/toy_recipe.Line.npz could not be written: Permission denied"
        in done.stderr
    )


def test_a_folder_that_became_a_file_is_one_sentence(tmp_path):
    """At a later save: nothing that cleans up may hide the sentence."""
    (tmp_path / "file").write_text("mine")
    checkpoint = Training(Line(), Line().data(), mode="FAST_COMPILE").checkpoint()
    with pytest.raises(UserError, match="could not be written"):
        save_checkpoint(tmp_path / "file" / "line.npz", checkpoint)


def test_what_killed_processes_left_is_removed(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    path = tmp_path / "line.npz"
    dead, alive = (path.with_name(f".{pid}.line.npz") for pid in (gone.pid, os.getppid()))
    others = [path.with_name(name) for name in (".old.line.npz", f".{gone.pid}.other.npz")]
    for file in (dead, alive, *others):
        file.write_bytes(b"half a checkpoint")
    check_writable(path)
    assert sorted(tmp_path.iterdir()) == sorted([alive, *others])


def test_folders_within_folders_are_made(tmp_path):
    made = Checkpoint("Toy", {"seed": 0}, "", "", {}, np.zeros(3), (), (("w", np.ones(2)),))
    for place in ("a/b/c/toy.npz", "a/d/toy.npz", "a/d/toy.npz"):
        save_checkpoint(tmp_path / place, made)
        assert load_checkpoint(tmp_path / place).steps == 3
    assert [path.name for path in (tmp_path / "a/d").iterdir()] == ["toy.npz"]


def test_names_of_patterns_are_names(tmp_path):
    (tmp_path / f".{2**22 + 1}.line.npz").write_bytes(b"")
    check_writable(tmp_path / "[a-z]*.npz")
    assert len(list(tmp_path.iterdir())) == 1


def test_options_of_another_type_are_refused(invoke):
    """What a crafted file says of the recipe is held to the rules of its options."""
    assert invoke("--steps", "3").exit_code == 0
    loaded = load_checkpoint("trained/toy_recipe.Line.npz")
    save_checkpoint(
        "trained/toy_recipe.Line.npz", replace(loaded, options=loaded.options | {"seed": None})
    )
    done = CliRunner().invoke(cli, ["predict", TOY, "--checkpoint", "trained/toy_recipe.Line.npz"])
    assert done.exit_code == 2
    assert "seed must be" in done.stderr
