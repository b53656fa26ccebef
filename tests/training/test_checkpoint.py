"""Checkpoints: whole or not at all, arrays only, and refused with a sentence when they do not fit."""

import errno
import os
import pickle
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from toy_recipe import Line, Other

from symrnn.errors import UserError
from symrnn.training.checkpoint import load_checkpoint, recipe_of, save_checkpoint
from symrnn.training.loop import Training

MODE = "FAST_COMPILE"


def run(recipe, checkpoint=None, **options):
    """A training that ran to its end."""
    training = Training(recipe, recipe.data(), mode=MODE, checkpoint=checkpoint, **options)
    list(training)
    return training


@pytest.fixture(scope="module")
def made():
    """A checkpoint after three steps."""
    return run(Line(steps=3)).checkpoint()


@pytest.fixture
def path(tmp_path, made):
    """Its file."""
    save_checkpoint(tmp_path / "line.npz", made)
    return tmp_path / "line.npz"


def assert_same(ours, theirs):
    """Two checkpoints, bit for bit."""
    for part in ("state", "values"):
        assert [name for name, _ in getattr(ours, part)] == [n for n, _ in getattr(theirs, part)]
        for (_, a), (_, b) in zip(getattr(ours, part), getattr(theirs, part), strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(ours.losses, theirs.losses)


def test_what_is_saved_is_loaded(path, made):
    loaded = load_checkpoint(path)
    assert_same(loaded, made)
    assert (loaded.recipe, loaded.options, loaded.steps) == ("Line", made.options, 3)
    assert recipe_of(loaded, Line) == Line(steps=3)
    assert not [file for file in path.parent.iterdir() if file != path]


def test_a_run_goes_on_bit_for_bit(path):
    assert_same(run(Line(steps=8), load_checkpoint(path)).checkpoint(), run(Line()).checkpoint())


def test_values_are_those_before_the_jump():
    values = dict(run(Line(steps=3)).checkpoint().values)
    state = dict(run(Line(steps=3)).checkpoint().state)
    for name in "ab":
        assert state[f"{name}.jump"] != 0
        assert values[name] == state[name] - state[f"{name}.jump"]


def without(path, name):
    arrays = dict(np.load(path))
    del arrays[name]
    np.savez(path, **arrays)


def with_one_array(path):
    with path.open("wb") as file:  # of a path alone, save makes another name
        np.save(file, np.zeros(3))


def with_pickle(path, name):
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {name: np.array([print], dtype=object)})


BROKEN = {  # what happened to the file: what the sentence says
    "missing": (lambda path: path.unlink(), "there is no checkpoint"),
    "truncated": (lambda path: os.truncate(path, path.stat().st_size // 2), "it is truncated"),
    "empty": (lambda path: os.truncate(path, 0), "it is truncated"),
    "text": (lambda path: path.write_text("loss"), "or no file of `symrnn train`"),
    "pickle": (lambda path: path.write_bytes(pickle.dumps({"w": 1})), "it holds a pickle"),
    "pickle in a state": (lambda path: with_pickle(path, "state/001"), "it holds a pickle"),
    "pickle beside it": (lambda path: with_pickle(path, "more"), "it holds a pickle"),
    "pickle as the header": (lambda path: with_pickle(path, "header"), "it holds a pickle"),
    "one array": (
        with_one_array,
        "or no file of `symrnn train`",
    ),
    "another npz": (lambda path: np.savez(path, w=np.zeros(3)), "or no file of `symrnn train`"),
    "no losses": (lambda path: without(path, "losses"), "or no file of `symrnn train`"),
    "a state less": (lambda path: without(path, "state/000"), "or no file of `symrnn train`"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_refused(path, how):
    break_it, message = BROKEN[how]
    break_it(path)
    with pytest.raises(UserError, match=message) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_changed_byte_is_noticed_or_harmless(path, made, place):
    content = bytearray(path.read_bytes())
    content[place * len(content) // 100] ^= 0xFF
    path.write_bytes(content)
    with suppress(UserError):
        assert_same(load_checkpoint(path), made)


OTHER_RUNS = {  # recipe, data: what the sentence says
    "network": (Other(), "", "of the network Line, not of Other"),
    "option": (Line(learning_rate=0.1), "", "learning_rate=0.05, but this run has 0.1"),
    "seed": (Line(seed=1), "", "seed=0, but this run has 1"),
    "data": (Line(), "mine.csv", "the embedded data, but this run has mine.csv"),
}


@pytest.mark.parametrize("name", OTHER_RUNS)
def test_a_checkpoint_of_another_run_is_refused(made, name):
    recipe, data, message = OTHER_RUNS[name]
    with pytest.raises(UserError, match=message):
        run(recipe, made, data_path=data)


def test_state_that_does_not_fit_is_refused(made):
    (first, _), *rest = made.state
    wider = replace(made, state=((first, np.zeros(2, "int64")), *rest))
    with pytest.raises(UserError, match=r"its state has seen int64\[2\] instead of seen int64\[\]"):
        run(Line(), wider)
    shorter = replace(made, state=made.state[:-1])
    with pytest.raises(UserError, match=r"has nothing instead of b.jump float64\[\]"):
        run(Line(), shorter)


def test_a_full_disk_keeps_the_old_checkpoint(path, made, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="could not be written: No space left on device"):
        save_checkpoint(path, run(Line()).checkpoint())
    monkeypatch.undo()
    assert_same(load_checkpoint(path), made)
    assert not [file for file in path.parent.iterdir() if file != path]
