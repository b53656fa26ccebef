"""The residual network by hand in JAX is that of the library."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import assert_all_close

import symrnn.native
from symrnn.bench.records import load_records
from symrnn.models.wide_resnet import ImageClassifier

assert symrnn.native  # makes mode="NATIVE" known
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.mark.slow
def test_loss_and_moments_of_the_residual_network_agree_with_jax_by_hand(monkeypatch):
    """Its gradients are compared where it is measured: see the recorded sample."""
    import jax

    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand.residual_network import KEPT, loss_of

    recipe = ImageClassifier(blocks=1, channels=2, batch_size=2)
    graph = recipe.graph()
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((2, 32, 32, 3)), np.array([2, 7], "int32")]
    after = [graph.carried[average] for average in graph.averages]
    function = pytensor.function(graph.inputs, [graph.loss, *after], mode="NATIVE")
    ours = [np.asarray(value) for value in function(*arrays)]
    with jax.enable_x64(True):
        params = [param.get_value() for param in graph.params]
        loss, found = jax.jit(loss_of(recipe))(params, *arrays)
        pairs = zip(graph.averages, found, strict=True)
        carried = [KEPT * average.get_value() + (1 - KEPT) * now for average, now in pairs]
        assert_all_close(ours, [np.asarray(value) for value in (loss, *carried)], 1e-9)


def test_a_step_of_the_recorded_sample_is_that_of_jax_and_of_pytorch():
    records = load_records(Path(__file__).parent / "recorded" / "wide_resnet.jsonl")
    apart = {r.task: r.values["largest_difference"] for r in records if r.task.startswith("by_")}
    assert set(apart) == {"by_hand", "by_torch"}
    assert max(apart.values()) < 1e-5
