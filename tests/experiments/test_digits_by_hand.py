"""The networks written by hand in JAX are the networks of the library."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close

from symrnn.models.digit_networks import NETWORKS
from symrnn.models.digit_rows import DigitReader

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_loss_and_gradients_agree_with_jax_by_hand(network, monkeypatch):
    import jax

    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand.digit_rows import loss_of

    recipe = DigitReader(network=network, batch_size=4, hidden_size=3)
    graph, arrays = recipe.graph(), recipe.batch(recipe.data(), 0)
    gradients = pytensor.grad(graph.loss, graph.params)
    function = pytensor.function(graph.inputs, [graph.loss, *gradients], mode=FEW_REWRITES)
    ours = [np.asarray(value) for value in function(*arrays)]
    with jax.enable_x64(True):
        params = [param.get_value() for param in graph.params]
        loss, grads = jax.jit(jax.value_and_grad(loss_of(network)))(params, *arrays)
        assert_all_close(ours, [np.asarray(value) for value in (loss, *grads)], 1e-10)
