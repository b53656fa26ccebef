"""Validation losses that a rule waits for, and what of the data travels with a network."""

from dataclasses import dataclass

import numpy as np
import pytest
from toy_recipe import Line

from symrnn.errors import UserError
from symrnn.training.checkpoint import load_checkpoint, save_checkpoint
from symrnn.training.loop import Training
from symrnn.updates import nt_asgd
from symrnn.updates.averaged import NOTHING

MODE = "FAST_COMPILE"


@dataclass(frozen=True)
class Averaged(Line):
    """A line by NT-ASGD, told every second step that it became worse."""

    def updates(self, graph):
        return nt_asgd(graph.loss, graph.params, self.learning_rate, patience=1)

    def notes(self, data):
        return f"{len(data[0])} points"

    def validation_loss(self, network, data):
        # of the means: the values that are evaluated
        return 10.0 - self.test(network, data)["largest error"]

    @property
    def validation_steps(self):
        return 2


def slots(training):
    return {v.name: v.get_value() for v in training.updates}


def test_validation_losses_reach_the_rule_and_averaging_begins():
    recipe = Averaged(steps=12)
    training = Training(recipe, recipe.data(), mode=MODE)
    told = []
    for step in training:
        value = float(slots(training)["validation_loss"])
        told.append(value)
        assert (value < NOTHING) == (step.number % 2 == 0)
    assert slots(training)["averaging"] == 1
    means = [slots(training)[f"{name}.mean"] for name in "ab"]
    np.testing.assert_array_equal(training.values(), means)
    assert (np.array(means) != [p.get_value() for p in training.graph.params]).all()


def test_a_run_with_validation_goes_on_bit_for_bit_with_its_notes(tmp_path):
    recipe = Averaged(steps=12)
    whole = Training(recipe, recipe.data(), mode=MODE)
    for step in whole:
        if step.number == 6:
            save_checkpoint(tmp_path / "line.npz", whole.checkpoint())
    loaded = load_checkpoint(tmp_path / "line.npz")
    assert loaded.notes == whole.network().notes == "12 points"
    again = Training(recipe, recipe.data(), mode=MODE, checkpoint=loaded)
    assert len(list(again)) == 6
    assert slots(again).keys() == slots(whole).keys()
    for name, value in slots(again).items():
        np.testing.assert_array_equal(value, slots(whole)[name], err_msg=name)


def test_a_recipe_without_validation_says_so():
    @dataclass(frozen=True)
    class Blind(Averaged):
        validation_loss = Line.validation_loss

    recipe = Blind(steps=2)
    with pytest.raises(UserError, match=r"Blind must define validation_loss\(\)"):
        list(Training(recipe, recipe.data(), mode=MODE))
