"""Every network trains alike in the odd/even and a naive form, in float64, within 1e-9 over 100 steps."""

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES
from pytensor.graph.replace import clone_replace

from symrnn.models.airline_passengers import AirlinePassengers
from symrnn.models.binary_adder import BinaryAdder
from symrnn.models.character_model import CharacterModel
from symrnn.models.digit_networks import NETWORKS, digit_network
from symrnn.models.tagger import Tagger
from symrnn.updates import (
    even_values,
    nesterov_naive_clone,
    nesterov_odd_even,
    rmsprop_nesterov,
)

STEPS = 100


def adders_rule(loss, params, form):
    """The adder's rule: its steps are scaled by the gradient's size."""
    return rmsprop_nesterov(loss, params, 0.05, 0.8, form=form)


def plain_rule(loss, params, form):
    """Nesterov's momentum on gradient descent."""
    return form(loss, params, 0.02, 0.9)


class SmallDigits:
    """A network that reads two images of three rows, drawn at random."""

    def __init__(self, network):
        self.network = network
        self.inputs = self.graph().inputs

    def graph(self):
        return digit_network(self.network, steps=3, pixels=2, batch=2, hidden_size=2)

    def data(self):
        return np.random.default_rng(0)

    def batch(self, rng, step):
        return [rng.uniform(0, 5, x.type.shape).astype(x.dtype) for x in self.inputs]


SMALL = {"batch_size": 2, "length": 4, "hidden_size": 3, "embedding_size": 2, "dtype": "float64"}
ROWS = {  # network: (recipe of a small version, rule)
    "airline_passengers": (AirlinePassengers(test_months=114), plain_rule),
    "binary_adder": (BinaryAdder(batch_size=5), adders_rule),
    "character_model": (CharacterModel(**SMALL), plain_rule),
    **{name: (SmallDigits(name), plain_rule) for name in NETWORKS},
    "tagger": (Tagger(**SMALL, depth=1), plain_rule),
}


def trajectory(graph, batches, dictionaries, odd):
    """``(steps, parameters)``: the odd values after each step, which calls a function for each of `dictionaries`."""
    steps = [
        pytensor.function(
            graph.inputs, [], updates=updates, mode=FEW_REWRITES, on_unused_input="ignore"
        )
        for updates in dictionaries
    ]
    values = []
    for batch in batches:
        for step in steps:
            step(*batch)
        values.append(np.concatenate([value.get_value().ravel() for value in odd]))
    return np.array(values)


@pytest.mark.parametrize("network", ROWS)
def test_odd_even_and_naive_forms_follow_one_trajectory(network):
    recipe, rule = ROWS[network]
    data = recipe.data()
    batches = [recipe.batch(data, step) for step in range(STEPS)]
    graph = recipe.graph()
    jump, correct = rule(graph.loss, graph.params, nesterov_odd_even)
    trained = trajectory(graph, batches, [jump, {**correct, **graph.carried}], graph.params)
    graph = recipe.graph()
    naive = rule(graph.loss, graph.params, nesterov_naive_clone)
    even = dict(zip(graph.params, even_values(graph.params, naive), strict=True))
    carried = {state: clone_replace(value, even) for state, value in graph.carried.items()}
    naively = trajectory(graph, batches, [{**naive, **carried}], graph.params)
    assert abs(naively[-1] - naively[0]).max() > 0.1
    np.testing.assert_allclose(trained, naively, rtol=0, atol=1e-9)
