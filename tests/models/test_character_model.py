"""The character model: a carried state, a gradient that ends with the batch, and what it writes."""

from dataclasses import replace

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.data.streams import streams
from symrnn.data.text import SYMBOLS
from symrnn.errors import UserError
from symrnn.models.character_model import (
    CharacterModel,
    bits_per_character,
    character_model,
    character_model_loss,
    drawn,
    sampled,
    zero_states,
)
from symrnn.training.loop import Training
from symrnn.training.network import Network

SMALL = {"hidden_size": 3, "embedding_size": 2, "batch": 2, "dtype": "float64"}
TEXT = np.random.default_rng(0).integers(0, SYMBOLS, 41).astype("int32")


def network(**options):
    return Network(character_model(**SMALL | options), mode=FEW_REWRITES)


@pytest.mark.parametrize(("cell", "depth"), [("lstm", 2), ("gru", 1)])
def test_two_windows_read_on_are_one_long_window(cell, depth):
    net, parts = network(cell=cell, depth=depth), streams(TEXT, 2, 10)
    whole, states = net(("nats", "states"), *parts, zero_states(net, 2))
    halves, carried = [], zero_states(net, 2)
    for begin in (0, 10):
        window = [part[begin : begin + 10] for part in parts]
        nats, carried = net(("nats", "states"), *window, carried)
        halves.append(nats)
    assert_all_close([np.concatenate(halves), carried], [whole, states], 1e-12)


def test_training_carries_the_state_from_batch_to_batch():
    graph, parts = character_model(**SMALL), streams(TEXT, 2, 10)
    train = pytensor.function(graph.inputs, graph.loss, updates=dict(graph.carried), mode=FEW_REWRITES)  # fmt: skip
    losses = [train(*(part[begin : begin + 10] for part in parts)) for begin in (0, 10)]
    net = network()
    nats, states = net(("nats", "states"), *parts, zero_states(net, 2))
    np.testing.assert_allclose(losses, [nats[:10].mean(), nats[10:].mean()], rtol=1e-12)
    [carried] = graph.carried
    np.testing.assert_allclose(carried.get_value(), states, rtol=1e-12)


def test_gradient_ends_with_the_batch():
    graph = character_model(**SMALL)
    gradients = pytensor.grad(graph.loss, graph.params)
    window = [part[10:] for part in streams(TEXT, 2, 10)]
    [carried] = graph.carried
    carried.set_value(np.random.default_rng(0).normal(size=carried.get_value().shape))
    from_state = evaluate(graph.inputs, gradients, window)
    carried.set_value(np.zeros_like(carried.get_value()))
    from_zero = evaluate(graph.inputs, gradients, window)
    assert not np.allclose(from_state[1], from_zero[1])  # the state itself is seen
    assert carried not in graph.params


def test_network_built_again_on_its_parameters_is_the_same():
    graph = character_model(**SMALL)
    options = {name: value for name, value in SMALL.items() if name != "batch"}
    again = character_model_loss([p * 1 for p in graph.params], graph, **options)
    values = evaluate(graph.inputs, [graph.loss, again], streams(TEXT, 2, 10))
    assert_all_close(values[:1], values[1:], 0)


def test_streams_follow_the_text():
    parts = streams(np.arange(30), 3, 4)
    assert parts.characters[:, 1].tolist() == list(range(8, 16))
    assert np.array_equal(parts.targets, parts.characters + 1)
    assert parts.text.tolist() == list(range(25))
    with pytest.raises(UserError, match="more than batch_size \\* length = 12 characters, but one"):
        streams(np.arange(12), 3, 4)


def test_bits_are_those_of_all_targets_in_their_streams():
    net, part = network(), streams(TEXT, 2, 5)
    nats, _ = net(("nats", "states"), *part, zero_states(net, 2))
    expected = nats.mean() / np.log(2)
    assert abs(bits_per_character(net, part, 5) - expected) < 1e-12
    assert abs(expected - np.log2(SYMBOLS)) < 0.2


def test_draws_follow_the_softmax_at_a_temperature():
    logits, rng = np.log([0.6, 0.3, 0.1]), np.random.default_rng(0)
    draws = [drawn(logits, 0.5, rng) for _ in range(20_000)]
    squares = np.array([0.36, 0.09, 0.01])
    np.testing.assert_allclose(np.bincount(draws) / 20_000, squares / squares.sum(), atol=0.015)
    assert drawn(logits, 0, rng) == 0


def test_samples_go_on_from_the_prompt():
    net, prompt = network(), TEXT[:7]
    greedy = sampled(net, prompt, 4, 0, None)
    text = prompt
    for symbol in greedy:
        logits, _ = net(("next", "states"), text[:, None], zero_states(net, 1))
        assert symbol == logits[-1, 0].argmax()
        text = np.append(text, symbol).astype("int32")


@pytest.mark.slow
def test_recipe_learns_a_text_and_writes(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("the cat sat on the mat. " * 200)
    recipe = CharacterModel(
        steps=80, batch_size=4, length=12, hidden_size=16, dtype="float64", learning_rate=0.05
    )
    training = Training(recipe, recipe.data(path), mode="JAX")
    losses = [step.loss for step in training]
    readings = recipe.test(training.network(), training.data)
    assert losses[-1] < 0.5 * losses[0]
    assert readings["bits per character"] < 3
    assert readings["of an order-5 n-gram"] < 0.5
    short = replace(recipe, sampled=20, temperature=0.1)
    told = "\n".join(short.predict(training.network(), ("the", "cat"), None))
    assert told.startswith("the cat")
    assert len(told) > 20
    again = "\n".join(short.predict(training.network(), ("the", "cat"), None))
    assert told == again


def test_a_temperature_below_zero_is_refused():
    with pytest.raises(UserError, match="temperature must be at least 0, but is -1"):
        CharacterModel(temperature=-1)


def test_batches_go_round_the_text():
    recipe = CharacterModel(batch_size=2, length=10)
    data = type("Data", (), {"train": streams(TEXT, 2, 10)})
    first, second, third = (recipe.batch(data, step) for step in range(3))
    assert np.array_equal(first[0], third[0])
    assert np.array_equal(second[0][0], first[1][-1])
