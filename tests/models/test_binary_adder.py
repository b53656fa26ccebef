"""The binary adder: gradient against central differences, JAX by hand, and what it says."""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.errors import UserError
from symrnn.models.binary_adder import (
    BinaryAdder,
    binary_adder,
    binary_adder_loss,
    encoded,
    written_out,
)
from symrnn.training.network import Network

BY_HAND = Path(__file__).parents[2] / "experiments" / "by_hand" / "binary_adder.py"


def one_batch(size=6):
    recipe = BinaryAdder(batch_size=size)
    return recipe.batch(recipe.data(), 0)


def test_gradient_is_that_of_central_differences():
    graph, batch = binary_adder(), one_batch()
    loss = pytensor.function(graph.inputs, graph.loss, mode=FEW_REWRITES)
    grads = evaluate(graph.inputs, pytensor.grad(graph.loss, graph.params), batch)
    for param, grad in zip(graph.params, grads, strict=True):
        value = param.get_value()
        place = np.unravel_index(abs(grad).argmax(), grad.shape)
        losses = []
        for step in (1e-5, -1e-5):
            moved = value.copy()
            moved[place] += step
            param.set_value(moved)
            losses.append(loss(*batch))
        param.set_value(value)
        assert abs((losses[0] - losses[1]) / 2e-5 - grad[place]) < 1e-7, param


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-10)])
def test_jax_by_hand_is_the_same_network(dtype, tolerance):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    graph = binary_adder(dtype=dtype)
    batch = [array.astype(dtype) for array in one_batch()]
    params = [param.get_value() for param in graph.params]
    loss, *grads = evaluate(
        graph.inputs, [graph.loss, *pytensor.grad(graph.loss, graph.params)], batch
    )
    by_hand = jax.jit(jax.value_and_grad(run_path(str(BY_HAND))["loss"]))(params, *batch)
    assert_all_close(
        [loss, *grads], [np.asarray(each) for each in (by_hand[0], *by_hand[1])], tolerance
    )


def test_network_built_again_on_its_parameters_is_the_same():
    graph = binary_adder(hidden_size=4)
    again = binary_adder_loss([p * 1 for p in graph.params], graph)
    loss, same = evaluate(graph.inputs, [graph.loss, again], one_batch())
    assert loss == same


def adding_values():
    """Parameters that add: three states that stand for at least one, two and three ones, carry among them."""
    w_x = np.full((2, 3), 40.0)
    w_h = np.zeros((3, 3))
    w_h[1] = 20.0  # the state "at least two" carries
    b = 20.0 + np.array([-20.0, -60.0, -100.0])
    return np.array([-1.0] * 3), w_x, w_h, b, np.array([[1.0], [-1.0], [1.0]]), np.zeros(1)


def test_the_network_can_add_and_its_test_and_prediction_say_so():
    recipe = BinaryAdder()
    network = Network(recipe.graph(), adding_values(), mode=FEW_REWRITES)
    assert recipe.test(network, recipe.data()) == {"additions": 1000, "wrong": 0}
    assert list(recipe.predict(network, ("13", "29"))) == [
        "x1:   1011000   13",
        "x2: + 1011100   29",
        "t:  = 0101010   42",
        "y:  = 0101010   42",
        "right",
    ]
    assert len(list(recipe.predict(network, ()))) == 25


def test_a_wrong_sum_is_counted_and_told():
    recipe = BinaryAdder()
    network = Network(recipe.graph(), [0 * value for value in adding_values()], mode=FEW_REWRITES)
    drawn = recipe.data()
    assert recipe.test(network, drawn)["wrong"] == (drawn.test.sum(axis=1) != 0).sum()
    assert list(written_out(1, 2, 4))[-2:] == ["y:  = 0010000    4", "wrong"]


def test_additions_are_encoded_least_significant_bit_first():
    xs, targets = encoded(np.array([[6, 3]]))
    assert xs[:3, 0].tolist() == [[0, 1], [1, 1], [1, 0]]
    assert targets[:, 0].tolist() == [1, 0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("words", [("1",), ("1", "64"), ("1", "-2"), ("one", "2")])
def test_what_cannot_be_added_is_refused(words):
    with pytest.raises(UserError, match="give two whole numbers from 0 to 63"):
        list(BinaryAdder().predict(None, words))
