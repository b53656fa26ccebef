"""The networks that read text, written by hand in JAX, are the networks of the library, and so is their update."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close

from symrnn.data.word_shapes import tagged_lines
from symrnn.models.character_model import character_model
from symrnn.models.tagger import fed, tagger
from symrnn.training.rules import rule_updates

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
RATES = {"learning_rate": 0.01, "weight_decay": 0.1, "max_norm": 0.01}


@pytest.fixture
def by_hand(monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand import text

    with jax.enable_x64(True):
        yield text


def after_a_step(graph, arrays):
    """The loss and the parameters after one step of AdamW."""
    updates = rule_updates("adamw", graph.loss, graph.params, **RATES)
    outputs = [graph.loss, *(updates[p] for p in graph.params)]
    return pytensor.function(graph.inputs, outputs, mode=FEW_REWRITES)(*arrays)


@pytest.mark.slow
def test_character_model_agrees_with_jax_by_hand(by_hand):
    import jax

    graph = character_model(hidden_size=3, embedding_size=2, batch=2, dtype="float64")
    symbols = np.random.default_rng(0).integers(0, 97, (6, 2)).astype("int32")
    [carried] = graph.carried
    carried.set_value(np.random.default_rng(1).normal(size=(2, 2, 3)))
    arrays = [symbols[:-1], symbols[1:]]
    params = [p.get_value() for p in graph.params]
    given = carried.get_value()
    step = jax.jit(jax.value_and_grad(by_hand.character_loss, has_aux=True))
    (loss, states), grads = step(params, *arrays, given)
    _, moved, *_ = by_hand.adamw(by_hand.initial(params), grads, **RATES)
    assert_all_close(after_a_step(graph, arrays), [np.asarray(v) for v in (loss, *moved)], 1e-10)
    later = pytensor.function(graph.inputs[:1], graph.carried[carried], mode=FEW_REWRITES)
    assert_all_close([later(arrays[0])], [np.asarray(states)], 1e-10)


@pytest.mark.slow
def test_tagger_agrees_with_jax_by_hand(by_hand):
    import jax

    graph = tagger(depth=2, hidden_size=3, embedding_size=2, dtype="float64")
    arrays = fed(tagged_lines("The set\nHTTP\nset_2 is 1", 9), slice(None))
    params = [p.get_value() for p in graph.params]
    loss, grads = jax.jit(jax.value_and_grad(by_hand.tagger_loss))(params, *arrays)
    _, moved, *_ = by_hand.adamw(by_hand.initial(params), grads, **RATES)
    assert_all_close(after_a_step(graph, arrays), [np.asarray(v) for v in (loss, *moved)], 1e-10)
