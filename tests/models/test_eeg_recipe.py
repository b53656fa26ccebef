"""EEG recipes: what is fitted to the training part, what leakage is worth, series whose split is given, predictions."""

from dataclasses import replace

import numpy as np
import pytensor
import pytest
from sample import sample_in

import symrnn.native
from symrnn.data.eeg_recordings import Segments
from symrnn.errors import UserError
from symrnn.models import eeg_recipe, recipe_class
from symrnn.models.eeg_cnn_gru import EEGCNNGRU
from symrnn.training.loop import Training

assert symrnn.native  # makes mode="NATIVE" known
LEARNER = EEGCNNGRU(  # on what the generator makes by default; small, for many short steps
    steps=200, batch_size=48, filters=16, dropout=0.0, learning_rate=0.01
)


@pytest.fixture(scope="module")
def training():
    """A network that is compiled once; each test starts it anew."""
    return Training(LEARNER, None, mode="NATIVE")


def accuracy(training, **options):
    """The share of the held-out segments said right after training."""
    recipe = replace(LEARNER, **options)
    training.restart(recipe, recipe.data())
    for _ in training:
        pass
    return training.tested()["accuracy"]


def test_emotions_of_other_recordings_are_known(training):
    assert accuracy(training) > 0.9


def test_shuffled_ratings_are_chance_on_other_recordings(training):
    assert accuracy(training, labels="shuffled") < 0.4


def test_shuffled_ratings_are_learnt_where_segments_of_a_recording_stand_on_both_sides(training):
    assert accuracy(training, labels="shuffled", split="segment") > 0.6


def test_scaling_is_fitted_to_the_training_part_alone():
    recipe = EEGCNNGRU(split="subject", folds=4)
    train, test, classes = recipe.data()
    np.testing.assert_allclose(train.xs.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(train.xs.std(axis=(0, 1)), 1, atol=1e-4)
    assert np.abs(test.xs.std(axis=(0, 1)) - 1).max() > 0.01
    assert set(train.subjects).isdisjoint(test.subjects)
    assert classes == ("HVHA", "HVLA", "LVHA", "LVLA")


@pytest.fixture
def series(tmp_path):
    """A folder of .ts files, and a recipe for it."""
    sizes = {"samples": 24, "channels": 2, "classes": 2, "filters": 8, "pool": 2, "hidden_size": 8}
    recipe = EEGCNNGRU(**sizes, batch_size=4, steps=150, dropout=0.0, learning_rate=0.02)
    return sample_in(tmp_path, "ts"), recipe


def test_series_are_taken_whole_on_the_split_they_come_with(series):
    path, recipe = series
    train, test, classes = recipe.data(path)
    assert train.xs.shape == (12, 24, 2)
    assert test.labels.tolist() == [0, 1, 0, 1]
    assert classes == ("down", "up")
    training = Training(recipe, recipe.data(path), mode="NATIVE")
    for _ in training:
        pass
    assert training.tested() == {"segments": 4, "accuracy": 1, "accuracy by recording": 1, "F1": 1}
    lines = list(recipe.predict(training.network(), ("3", "0"), path))
    assert [line[:17] for line in lines] == ["recording 3: up w", "recording 0: down"]
    assert lines[0].endswith(" %, is up")
    with pytest.raises(
        UserError, match="give numbers of recordings held out, 0, 1, 2, 3, but got '4'"
    ):
        list(recipe.predict(training.network(), ("4",), path))


def test_options_that_are_not_the_sizes_of_the_series_are_named_with_the_way_out(series):
    path, recipe = series
    with pytest.raises(UserError) as caught:
        replace(recipe, samples=128, channels=32).data(path)
    assert str(caught.value) == (
        "samples and channels must be those of the data, 24 and 2, but are 128 and 32;"
        " add --set samples=24 --set channels=2"
    )
    with pytest.raises(
        UserError, match="classes=4, or, for the data that they are of, --data PATH"
    ):
        recipe.data()


def test_means_and_deltas_are_what_the_network_reads(series):
    path, recipe = series
    plain = recipe.data(path).train.xs
    recipe = replace(recipe, mean_of=3, deltas=True)
    xs = recipe.data(path).train.xs
    assert xs.shape == (12, 8, 4)
    assert recipe.graph().inputs[0].type.shape == (8, 4, 4)
    means = plain.reshape(12, 8, 3, 2).mean(axis=2)
    for found, expected in ((xs[..., :2], means), (xs[:, 1:, 2:], np.diff(means, axis=1))):
        centred, wanted = (each - each.mean(axis=(0, 1)) for each in (found, expected))
        ratio = centred.std(axis=(0, 1)) / wanted.std(axis=(0, 1))
        np.testing.assert_allclose(centred, wanted * ratio, atol=1e-4)
    assert (xs[:, 0, 2:] == xs[0, 0, 2:]).all()  # no sample before the first


def test_noise_and_shifts_are_drawn_anew_each_step_for_training_alone(series):
    path, recipe = series
    data = recipe.data(path)
    noisy = replace(recipe, noise=0.5, shift=3)
    by_seed = [noisy.batch(data, step)[0] - recipe.batch(data, step)[0] for step in (0, 1, 0)]
    assert (by_seed[0] != by_seed[1]).any()
    np.testing.assert_array_equal(by_seed[0], by_seed[2])
    assert by_seed[0].dtype == np.dtype(pytensor.config.floatX)
    still = Segments(data.train.xs * 0 + 1, *data.train[1:])
    flat = replace(noisy, noise=0.0).batch(data._replace(train=still), 0)[0]
    assert (flat == 1).all()  # whatever moves into a stretch is its own first or last sample


def test_probabilities_do_not_depend_on_how_many_are_asked_for(series):
    path, recipe = series
    data = recipe.data(path)
    network = Training(recipe, data, mode="NATIVE").network()
    whole = recipe.probabilities(network, data.train)
    assert whole.shape == (12, 2)
    np.testing.assert_allclose(whole.sum(axis=1), 1)
    few = recipe.probabilities(network, data.train.take(np.array([5])))
    np.testing.assert_allclose(few[0], whole[5], atol=1e-12)


def test_series_are_found_by_either_of_the_two_files(series):
    path, recipe = series
    whole = recipe.data(path)
    for name in ("Toy_TRAIN.ts", "Toy_TEST.ts"):
        np.testing.assert_equal(recipe.data(path / name), whole)


@pytest.mark.parametrize(
    ("name", "found"),
    [("notes.md", "is another file"), ("s01.bdf", "there is none"), ("", "holds none")],
)
def test_path_that_is_no_eeg_is_refused_with_what_it_may_be(name, found, tmp_path):
    (tmp_path / "notes.md").write_text("# EEG")
    message = f"{name} must be DEAP's sXX.dat or .* NAME_TEST.ts, but {found}"
    with pytest.raises(UserError, match=message):
        EEGCNNGRU().data(tmp_path / name)


def test_members_of_a_committee_are_trained_as_each_would_be_alone(series):
    path, recipe = series
    recipe = replace(recipe, steps=4, noise=0.1, readout="mean")
    data = recipe.data(path)
    alone, together = (
        Training(replace(recipe, members=members), data, mode="NATIVE") for members in (1, 2)
    )
    for _ in zip(alone, together, strict=True):
        pass
    count = len(alone.values())
    first, second = together.values()[:count], together.values()[count:]
    for mine, theirs, other in zip(alone.values(), first, second, strict=True):
        np.testing.assert_allclose(theirs, mine, atol=1e-10)
        assert (other != theirs).any()
    masks = replace(recipe, members=2, dropout=0.5).batch(data, 0)[1:3]
    for mask in masks:  # each member has its own
        ours, theirs = np.split(mask, 2)
        assert (ours != theirs).any()


def test_recording_says_what_its_segments_say_together():
    segments = Segments(
        np.zeros((4, 1, 1)), np.array([1, 1, 0, 0]), np.array([7, 7, 9, 9]), np.ones(4)
    )
    shares = np.array([[0.9, 0.1], [0.0, 1.0], [0.6, 0.4], [0.6, 0.4]])
    whole, labels = eeg_recipe.by_recording(shares, segments)
    np.testing.assert_allclose(whole, [[0.45, 0.55], [0.6, 0.4]])
    assert labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "video"}, "split must be one of segment, recording, subject, but is 'video'"),
        ({"labels": "false"}, "labels must be one of true, shuffled, but is 'false'"),
        ({"scaling": "none"}, "scaling must be one of z_score, min_max, but is 'none'"),
        ({"prepare": "eyes+nose"}, "a step must be one of rate, .* but is 'nose'"),
        ({"fold": 5}, "fold must be at least 0 and below folds, 5, but is 5"),
        ({"shift": 128}, "shift must be below the samples that the network reads, 128, but is 128"),
        ({"mean_of": 16}, r"samples must be at least pool\*\*blocks, 16, but is 8"),
    ],
)
def test_wrong_option_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        recipe_class("eeg_cnn_lstm")(**options)
