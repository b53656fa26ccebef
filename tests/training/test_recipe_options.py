"""Options of recipes: each is held to the rule of its name, before anything is read or compiled."""

from dataclasses import fields

import pytest
from click.testing import CliRunner

from symrnn.commands.cli import cli
from symrnn.models import RECIPES, recipe_class
from symrnn.training.checkpoint import Checkpoint, recipe_of
from symrnn.training.recipe import Recipe

WRONG = {  # an option: what the sentence says
    "steps=0": "steps must be at least 1, but is 0",
    "steps=-1": "steps must be at least 1, but is -1",
    "seed=-1": "seed must be at least 0, but is -1",
    "batch_size=0": "batch_size must be at least 1, but is 0",
    "learning_rate=-1": "learning_rate must be above 0, but is -1.0",
    "learning_rate=0": "learning_rate must be above 0, but is 0.0",
    "learning_rate=nan": "learning_rate must be finite, but is nan",
    "learning_rate=inf": "learning_rate must be finite, but is inf",
    "seed=" + "9" * 400: "seed must be below 2**63",
    "seed=" + "9" * 9999: "--set seed must be a whole number",
}


@pytest.fixture
def train(tmp_path, monkeypatch):
    """`symrnn train` that does not get to the data."""

    def invoke(network, *options):
        monkeypatch.setattr(recipe_class(network), "data", lambda self, path=None: 1 / 0)
        sets = [part for option in options for part in ("--set", option)]
        return CliRunner().invoke(cli, ["train", network, "--folder", str(tmp_path), *sets])

    return invoke


@pytest.mark.parametrize("network", RECIPES)
def test_an_option_out_of_its_range_is_one_sentence_with_the_rule(train, network):
    for option, told in WRONG.items():
        done = train(network, option)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"symrnn: {told}"), option


@pytest.mark.parametrize("network", RECIPES)
def test_every_option_refuses_what_none_of_its_kind_can_be(train, network):
    for field in fields(recipe_class(network)):
        kinds = {int: ["-1"], float: ["-1", "nan", "inf", "-inf"], bool: ["2"], str: []}
        wrong = kinds[type(field.default)] if field.name != "dtype" else ["", "zzz", "int8", "O"]
        for value in wrong:
            done = train(network, f"{field.name}={value}")
            assert done.exit_code == 2, (field.name, value)
            assert field.name in done.stderr, (field.name, value)


@pytest.mark.parametrize("network", RECIPES)
def test_defaults_and_whole_numbers_for_others_are_right(network):
    cls = recipe_class(network)
    cls(learning_rate=1)
    assert cls().seed == 0


@pytest.mark.parametrize("network", RECIPES)
@pytest.mark.parametrize("value", [None, True, [], "x", 2.5, {}])
def test_options_in_a_checkpoint_are_held_to_the_same_rules(network, value):
    cls = recipe_class(network)
    options = {field.name: field.default for field in fields(cls)} | {"batch_size": value}
    made = Checkpoint(cls.__name__, options, "", "", {}, None, (), ())
    with pytest.raises(ValueError, match="batch_size must be a whole number"):
        recipe_of(made, cls)


def test_the_version_that_a_recipe_has_unless_it_lists_others_is_trained_on_two_samples():
    """As few as any reader's sample may hold, of which some are kept for the test."""
    [options] = Recipe.small
    assert options["batch_size"] <= 2
