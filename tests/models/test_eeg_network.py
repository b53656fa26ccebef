"""The network for EEG: its values against a loop over steps, and beside JAX by hand; its sizes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate
from oracle import step_gru, step_lstm

from symrnn.errors import UserError
from symrnn.models import recipe_class
from symrnn.models.eeg_network import EEGShape, agreed, eeg_network, pooled, same_conv

B = 3
SHAPE = EEGShape(
    samples=13, channels=2, classes=3, blocks=2, filters=4, window=3, pool=2, hidden_size=5
)
RNG = np.random.default_rng(8)
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def arrays_for(graph):
    """An array for each input, masks of any size."""
    *reals, labels = graph.inputs
    values = [RNG.uniform(-2, 2, size=var.type.shape) for var in reals]
    return [*values, RNG.integers(0, 3, labels.type.shape).astype("int32")]


def conv_by_loop(xs, w, window):
    """The definition, a step and an entry of the window at a time; ``w (K, C, F)``."""
    before = window // 2
    ys = np.zeros((*xs.shape[:2], w.shape[2]))
    for t in range(len(xs)):
        for k in range(window):
            if 0 <= t + k - before < len(xs):
                ys[t] += xs[t + k - before] @ w[k]
    return ys


def logits_by_loop(cell, graph, xs, block_masks, masks, readout):
    """The network in NumPy; the rectifier before the maximum, as it is usually written."""
    values = iter([param.get_value() for param in graph.params])
    for mask in block_masks:
        w, b = next(values), next(values)
        ys = conv_by_loop(xs, w.reshape(SHAPE.window, -1, SHAPE.filters), SHAPE.window)
        ys = np.maximum(ys + b, 0)[: len(xs) // SHAPE.pool * SHAPE.pool]
        xs = mask * ys.reshape(-1, SHAPE.pool, *ys.shape[1:]).max(axis=1)
    weights = {name: next(values) for name in ("w_x", "w_h", "b")}
    states, hs = [np.zeros((B, SHAPE.hidden_size))] * (2 if cell == "lstm" else 1), []
    for x in xs:
        states = {"lstm": step_lstm, "gru": step_gru}[cell](weights, x, *states)
        hs.append(states[0])
    w, b, w_y, b_y = values
    h = hs[-1] if readout == "last" else np.mean(hs, axis=0)
    return masks[1] * np.maximum((masks[0] * h) @ w + b, 0) @ w_y + b_y


@pytest.mark.parametrize("readout", ["last", "mean"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_logits_are_those_of_a_loop_over_steps(cell, readout):
    shape = EEGShape(**vars(SHAPE) | {"readout": readout})
    graph = eeg_network(cell, shape, batch=B, seed=1)
    for param in graph.params:  # biases that are not zero
        param.set_value(RNG.normal(size=param.type.shape))
    xs, block_masks, masks, labels = arrays_for(graph)
    logits, loss = evaluate(
        graph.inputs, [graph.outputs["logits"], graph.loss], [xs, block_masks, masks, labels]
    )
    expected = logits_by_loop(cell, graph, xs, block_masks, masks, readout)
    log_p = expected - np.log(np.exp(expected).sum(axis=1, keepdims=True))
    assert_all_close([logits, loss], [expected, -log_p[np.arange(B), labels].mean()], 1e-10)


def test_committee_says_the_mean_of_its_members_and_its_loss_is_their_sum():
    graph = eeg_network("gru", replace(SHAPE, members=3), batch=B)
    xs, block_masks, masks, labels = arrays_for(graph)
    logits, loss = evaluate(
        graph.inputs, [graph.outputs["logits"], graph.loss], [xs, block_masks, masks, labels]
    )
    alone = eeg_network("gru", SHAPE, batch=B)
    count = len(alone.params)
    chosen = np.arange(B), labels
    shares, nats = [], []
    for i in range(3):
        mine = replace(graph, params=graph.params[i * count : (i + 1) * count])
        own = block_masks[2 * i : 2 * i + 2], masks[2 * i : 2 * i + 2]
        powers = np.exp(logits_by_loop("gru", mine, xs, *own, "last"))
        shares.append(powers / powers.sum(axis=1, keepdims=True))
        nats.append(-np.log(shares[-1][chosen]).mean())
    assert_all_close([np.exp(logits), loss], [np.mean(shares, axis=0), sum(nats)], 1e-10)
    names = [param.name for param in graph.params]
    assert len(set(names)) == len(names) == 3 * count


def test_committee_that_is_sure_has_finite_logits():
    sure = pt.as_tensor(np.array([[1e4, 0.0]]))
    logits = agreed([sure, sure]).eval()
    assert np.isfinite(logits).all()
    assert logits[0, 0] == 0


@pytest.mark.parametrize("window", [1, 2, 3, 4])
def test_convolution_has_as_many_steps_as_its_input(window):
    xs, w = RNG.normal(size=(6, B, 2)), RNG.normal(size=(window * 2, 4))
    ys = same_conv(pt.as_tensor(xs), pt.as_tensor(w), window=window)
    assert_all_close(
        evaluate([], [ys], []), [conv_by_loop(xs, w.reshape(window, 2, 4), window)], 1e-12
    )


@pytest.mark.parametrize(("steps", "pool", "left"), [(6, 2, 3), (7, 2, 3), (5, 1, 5), (4, 4, 1)])
def test_pooling_leaves_the_maxima_and_no_rest(steps, pool, left):
    xs = RNG.normal(size=(steps, B, 2))
    [found] = evaluate([], [pooled(pt.as_tensor(xs), pool)], [])
    expected = [xs[i * pool : (i + 1) * pool].max(axis=0) for i in range(left)]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_loss_and_gradients_agree_with_jax_by_hand(cell, monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from by_hand.eeg_network import loss_of

    recipe = recipe_class(f"eeg_cnn_{cell}")(window=3, pool=2, classes=3)
    graph = eeg_network(cell, SHAPE, batch=B)
    arrays = arrays_for(graph)
    gradients = pytensor.grad(graph.loss, graph.params)
    function = pytensor.function(graph.inputs, [graph.loss, *gradients], mode=FEW_REWRITES)
    ours = [np.asarray(value) for value in function(*arrays)]
    with jax.enable_x64(True):
        params = [param.get_value() for param in graph.params]
        loss, grads = jax.value_and_grad(loss_of(recipe))(params, *arrays)
        assert_all_close(ours, [np.asarray(value) for value in (loss, *grads)], 1e-10)


def test_steps_are_what_the_pooling_leaves():
    assert SHAPE.steps == 3
    with pytest.raises(UserError, match=r"samples must be at least pool\*\*blocks, 8, but is 7"):
        EEGShape(samples=7, pool=2, blocks=3)
    with pytest.raises(UserError, match="readout must be one of last, mean, but is 'first'"):
        EEGShape(readout="first")
