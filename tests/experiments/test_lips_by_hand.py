"""The lip reading network by hand in JAX is that of the library."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close

from symrnn.models.lip_reading import LipReader

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.slow
def test_loss_and_gradients_of_the_lip_network_agree_with_jax_by_hand(monkeypatch):
    import jax

    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand.lip_network import loss_of

    recipe = LipReader(size="tiny", batch_size=2)
    graph = recipe.graph()
    rng = np.random.default_rng(0)
    labels = rng.integers(1, 5, (2, 4)).astype("int32")
    arrays = [
        rng.standard_normal((8, 2, 8, 8)),
        rng.uniform(0.5, 1.5, (2, 3)),
        labels,
        np.array([2, 4], "int32"),
    ]
    gradients = pytensor.grad(graph.loss, graph.params)
    function = pytensor.function(graph.inputs, [graph.loss, *gradients], mode=FEW_REWRITES)
    ours = [np.asarray(value) for value in function(*arrays)]
    with jax.enable_x64(True):
        params = [param.get_value() for param in graph.params]
        loss, grads = jax.jit(jax.value_and_grad(loss_of(recipe)))(params, *arrays)
        assert_all_close(ours, [np.asarray(value) for value in (loss, *grads)], 1e-9)
