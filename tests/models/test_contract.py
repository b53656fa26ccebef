"""What every network with `symrnn train` must do: small versions of each row go through all of it."""

import pkgutil
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES
from pytensor.graph.replace import clone_replace
from sample import sample_in

import symrnn.models
import symrnn.native
from symrnn.data import READERS
from symrnn.errors import UserError
from symrnn.models import RECIPES, recipe_class
from symrnn.params import of_at_most
from symrnn.training.checkpoint import load_checkpoint, recipe_of, save_checkpoint
from symrnn.training.defined import recipes_of
from symrnn.training.loop import Training
from symrnn.updates import even_values, nesterov_naive_clone, nesterov_odd_even

assert symrnn.native  # makes mode="NATIVE" known
MODE = "NATIVE"
STEPS, BREAK = 10, 4  # of a training, and after how many it is broken off
LONG = 100  # steps in which forms must agree


@dataclass(frozen=True)
class Version:
    """A small version of a network, on the sample of its reader."""

    name: str
    options: dict
    folder: Path

    @cached_property
    def recipe(self):
        """Without decay, which would move a parameter that the loss does not depend on."""
        cls = recipe_class(self.name)
        plain = {field.name: 0.0 for field in fields(cls) if field.name == "weight_decay"}
        return cls(**{"steps": STEPS} | self.options | plain)

    @cached_property
    def path(self):
        """What ``--data`` would name."""
        return sample_in(self.folder, RECIPES[self.name])

    @cached_property
    def data(self):
        return self.recipe.data(self.path)

    @cached_property
    def run(self):
        """A training to its end, compiled once; before it, as many steps on the first batch alone."""
        training = Training(self.recipe, self.data, mode=MODE, data_path=str(self.path))
        batch = self.recipe.batch(self.data, 0)
        on_one_batch = [float(training.function(*batch)) for _ in range(STEPS)]
        training.restart(self.recipe, self.data)
        checkpoints = {0: training.checkpoint()}
        for step in training:
            checkpoints[step.number] = training.checkpoint()
        return Run(training, on_one_batch, checkpoints)


@dataclass(frozen=True)
class Run:
    """What came of it; checkpoints by the steps made."""

    training: Training
    on_one_batch: list
    checkpoints: dict


VERSIONS = [
    pytest.param((name, dict(options)), id="-".join([name, *map(str, list(options.values())[:1])]))
    for name in RECIPES
    for options in recipe_class(name).small
]


@pytest.fixture(scope="module", params=VERSIONS)
def version(request, tmp_path_factory):
    return Version(*request.param, tmp_path_factory.mktemp("contract"))


def test_network_is_called_as_its_file_and_every_recipe_has_a_row():
    modules = [module.name for module in pkgutil.iter_modules(symrnn.models.__path__)]
    found = {name: recipes_of(import_module(f"symrnn.models.{name}")) for name in modules}
    defining = [
        name
        for name, recipes in found.items()
        if not all(recipe.__abstractmethods__ for recipe in recipes)  # those are to be inherited
    ]
    assert defining == sorted(RECIPES) == list(RECIPES)
    assert set(RECIPES.values()) <= set(READERS)


def assert_same(ours, theirs):
    """Two parts of checkpoints, bit for bit."""
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    for (name, a), (_, b) in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_run_begins_from_its_seed(version):
    recipe, start = version.recipe, version.run.checkpoints[0]
    again, other = (replace(recipe, seed=seed).graph() for seed in (recipe.seed, 1))
    assert_same([(v.name, v.get_value()) for v in recipe.updates(again)], start.state)
    values = [p.get_value() for p in other.evaluated]
    assert any((a != b).any() for a, (_, b) in zip(values, start.values, strict=True))


def assert_batches_fit(recipe, data):
    """Arrays of the types of the graph's inputs, the same ones whenever a step is asked for."""
    inputs = recipe.graph().inputs
    for step in (0, 7):
        batch, again = (recipe.batch(data, step) for _ in range(2))
        for x, value, same in zip(inputs, batch, again, strict=True):
            x.type.filter(value, strict=True)
            np.testing.assert_array_equal(value, same)


CODECS = {
    "image_autoencoder",
    "image_codec",
}  # `test_picture_codec` asks them the same where the extra is


def skip_without_extra(name):
    """Photographs and the coder of bits come with an extra."""
    if name in CODECS and not (find_spec("skimage") and find_spec("constriction")):
        pytest.skip(f"{name} needs symrnn[codecs] for this")


@pytest.mark.parametrize("name", RECIPES)
def test_embedded_data_fit_the_network(name):
    skip_without_extra(name)
    recipe = recipe_class(name)()
    assert_batches_fit(recipe, recipe.data())


def test_batch_of_the_sample_fits_the_inputs_and_follows_from_the_step(version):
    assert_batches_fit(version.recipe, version.data)


def test_file_that_is_not_there_is_one_sentence(version):
    with pytest.raises(UserError, match="nowhere") as caught:
        version.recipe.data(version.folder / "nowhere")
    assert "\n" not in str(caught.value)


def test_network_draws_no_more_values_than_its_checkpoint_holds(version):
    """So that the options of a forged checkpoint allocate nothing."""
    size = sum(value.size for _, value in version.run.checkpoints[0].values)
    with of_at_most(size, "the file holds no more"):
        version.recipe.graph()
    told = f"among at most {size - 1} values, for the file is short"
    with pytest.raises(UserError, match=told), of_at_most(size - 1, "the file is short"):
        version.recipe.graph()


def test_training_lowers_the_loss_and_reaches_every_parameter(version):
    assert version.run.on_one_batch[-1] < version.run.on_one_batch[0]
    start, end = (version.run.checkpoints[steps].values for steps in (0, STEPS))
    for (name, before), (_, after) in zip(start, end, strict=True):
        assert (before != after).any(), f"{name} is not trained"


def test_training_goes_on_from_a_file_bit_for_bit(version, tmp_path):
    save_checkpoint(tmp_path / "made.npz", version.run.checkpoints[BREAK])
    loaded = load_checkpoint(tmp_path / "made.npz")
    assert recipe_of(loaded, type(version.recipe)) == version.recipe
    # what a new process would compile is what is compiled already: see `test_run_begins_from_its_seed`
    training = version.run.training
    training.restart(version.recipe, version.data)
    training.go_on(loaded)
    assert len(list(training)) == STEPS - BREAK
    ours, theirs = training.checkpoint(), version.run.checkpoints[STEPS]
    np.testing.assert_array_equal(ours.losses, theirs.losses)
    assert_same(ours.state, theirs.state)
    assert_same(ours.values, theirs.values)


def test_network_is_tested_and_predicts(version):
    skip_without_extra(version.name)
    network = version.run.training.network()
    network.mode = FEW_REWRITES  # trained by native code, tested by Python's: one network
    readings = version.recipe.test(network, version.data)
    assert readings
    assert all(np.isfinite(value) for value in readings.values())
    lines = list(version.recipe.predict(network, (), version.path))
    assert lines
    assert all(isinstance(line, str) and "\n" not in line for line in lines)


def trajectory(graph, batches, dictionaries, odd):
    """``(steps, parameters)``: the odd values after each step, which calls a function for each of `dictionaries`."""
    steps = [
        pytensor.function(
            graph.inputs, [], updates=updates, mode="NATIVE", on_unused_input="ignore"
        )
        for updates in dictionaries
    ]
    values = []
    for batch in batches:
        for step in steps:
            step(*batch)
        values.append(np.concatenate([value.get_value().ravel() for value in odd]))
    return np.array(values)


def test_odd_even_and_naive_forms_follow_one_trajectory(version):
    rates = {"learning_rate": 0.1, "momentum": 0.9}
    batches = [version.recipe.batch(version.data, step) for step in range(LONG)]
    graph = version.recipe.graph()
    jump, correct = nesterov_odd_even(graph.loss, graph.params, **rates)
    trained = trajectory(graph, batches, [jump, {**correct, **graph.carried}], graph.params)
    graph = version.recipe.graph()
    naive = nesterov_naive_clone(graph.loss, graph.params, **rates)
    even = dict(zip(graph.params, even_values(graph.params, naive), strict=True))
    carried = {state: clone_replace(value, even) for state, value in graph.carried.items()}
    naively = trajectory(graph, batches, [{**naive, **carried}], graph.params)
    assert abs(naively[-1] - naively[0]).max() > 0.1
    np.testing.assert_allclose(trained, naively, rtol=0, atol=1e-9)
