"""The language models of words by hand in JAX are those of the library, and so is a step of theirs."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close

from symrnn.models import recipe_class

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["awd_lstm", "qrnn"])
def test_word_model_agrees_with_jax_by_hand(name, monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand import words as by_hand

    recipe = recipe_class(name)(
        **{"batch_size": 2, "length": 6, "vocabulary": 12, "hidden_size": 3, "embedding_size": 2},
        **{"dtype": "float64", "rule": "sgd", "schedule": "constant", "learning_rate": 0.5},
        **{"weight_decay": 0.0, "max_norm": 0.01},
    )
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 12, (7, 2)).astype("int32")
    arrays = [drawn[:-1], drawn[1:], *recipe.masks(drawn[:-1], rng)]
    graph = recipe.graph()
    [states] = graph.carried
    states.set_value(rng.normal(size=states.get_value().shape))
    start = [p.get_value() for p in graph.params], states.get_value()
    updates = recipe.updates(graph)
    outputs = [graph.loss, *(updates[p] for p in graph.params), updates[states]]
    ours = pytensor.function(graph.inputs, outputs, mode=FEW_REWRITES)(*arrays)
    with jax.enable_x64(True):
        step = by_hand.sgd_step(by_hand.loss_of(name, recipe), 0.5, 0.01)
        loss, (params, later) = step(start, *arrays)
    assert_all_close([np.asarray(v) for v in (loss, *params, later)], ours, 1e-10)
