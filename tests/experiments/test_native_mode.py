"""Stacks by hand in JAX are those of `native_mode`; its models in plain PyTensor are native, and right."""

from pathlib import Path

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES, assert_all_close

from symrnn.native import native_report
from symrnn.study.experiment import load_experiment

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SMALL = {  # cell, layers, T, B, D, H
    "bilstm": ("lstm", 2, 3, 2, 4, 3),
    "tanh_8": ("rnn", 3, 3, 2, 4, 3),
    "tanh_32_as_scan": ("rnn", 4, 3, 2, 4, 3),
}
MODELS = ["hierarchical_regression", "radon", "autoregression", "gaussian_process"]


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    module = load_experiment("native_mode", EXPERIMENTS).module
    monkeypatch.setattr(module, "STACKS", SMALL)
    return module


@pytest.mark.parametrize("net", SMALL)
def test_a_step_by_hand_in_jax_is_the_native_step(net, module):
    jax = pytest.importorskip("jax")
    from by_hand.stacks import drawn_weights, jax_loss, jax_step

    cell, depth, _, _, D, H = SMALL[net]
    is_scan, [xs] = net == "tanh_32_as_scan", module.batch(net)
    sizes = [D, *[2 * H] * (0 if is_scan else depth - 1)]
    weights = drawn_weights(cell, sizes, H, stacked=depth - 1 if is_scan else 0)
    graph = module.build(net)
    for param, weight in zip(graph.params, weights, strict=True):
        param.set_value(weight.astype("float64"))
    [spec] = module.functions(graph, net)
    step = pytensor.function(spec.inputs, spec.outputs, updates=spec.updates, mode="NATIVE")
    losses = [float(step(xs.astype("float64"))[0]) for _ in range(2)]
    with jax.enable_x64(True):
        params = [weight.astype("float64") for weight in weights]
        by_hand = jax_step(lambda params, xs: jax_loss(cell, params, xs, layers_as_scan=is_scan))
        state = params, [np.zeros_like(param) for param in params]
        found = []
        for _ in range(2):
            loss, state = by_hand(state, xs.astype("float64"))
            found.append(float(loss))
        moved = [np.asarray(param) for param in state[0]]
    np.testing.assert_allclose(losses, found, rtol=1e-12)
    assert_all_close([param.get_value() for param in graph.params], moved, 1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_models_in_plain_pytensor_are_native_and_right(name, monkeypatch):
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    from plain_models.models import MODELS

    q, density = MODELS[name]()
    outputs = [density, pytensor.grad(density, q)]
    point = np.random.default_rng(1).normal(0, 0.1, q.type.shape)
    function = pytensor.function([q], outputs, mode="NATIVE")
    expected = pytensor.function([q], outputs, mode=FEW_REWRITES)(point)
    assert_all_close(function(point), expected, 1e-9)
    assert native_report(function).fallbacks == ()
