"""Networks drawn by hypothesis: every gradient and every Nesterov form trains them alike."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from helpers import AS_WRITTEN, CELLS, MODES, assert_all_close, make_cell
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from symrnn.unroll import stack
from symrnn.updates import (
    nesterov_momentum,
    nesterov_naive_clone,
    nesterov_naive_per_parameter,
    nesterov_odd_even,
    odd_values,
)

FORMS = {
    "clone": nesterov_naive_clone,
    "per parameter": nesterov_naive_per_parameter,
    "odd/even": nesterov_odd_even,
}
STEPS = 4

NETWORKS = st.fixed_dictionaries(
    {
        "cells": st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=2),
        "both_ways": st.booleans(),
        "sizes": st.tuples(*[st.integers(1, 3)] * 4),
        "is_masked": st.booleans(),
        "seed": st.integers(0, 99),
    }
)


def trained(network, form, gradient):
    """The odd values after some steps."""
    steps, batch, inputs, hidden = network["sizes"]
    rng = np.random.default_rng(network["seed"])
    ways = 2 if network["both_ways"] else 1
    layers, width = [], inputs
    for cell in network["cells"]:
        layers.append([make_cell(cell, width, hidden, rng=rng) for _ in range(ways)])
        width = ways * hidden
    params = [param for layer in layers for cell in layer for param in cell.params]
    xs, mask = pt.tensor("xs", shape=(None, None, inputs)), pt.lmatrix("mask")
    ys = stack(layers, xs, mask=mask if network["is_masked"] else None, gradient=gradient)
    updates = form((pt.sin(ys + 1) ** 2).mean(), params, 0.1, 0.8)
    updates = list(updates) if isinstance(updates, tuple | list) else [updates]
    readout = odd_values(params, updates[-1]) if form is nesterov_momentum else params
    options = {"mode": MODES[gradient], "on_unused_input": "ignore"}
    functions = [pytensor.function([xs, mask], [], updates=each, **options) for each in updates]
    values = rng.normal(size=(steps, batch, inputs)), rng.integers(0, 2, (steps, batch))
    for _ in range(STEPS):
        for function in functions:
            function(*values)
    return pytensor.function([], list(readout), mode=AS_WRITTEN)()


@given(network=NETWORKS, form=st.sampled_from(sorted(FORMS)))
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_forms_and_gradients_train_a_random_network_alike(network, form):
    stored = trained(network, nesterov_momentum, "assembled")
    other = trained(network, FORMS[form], "autodiff")
    assert_all_close(stored, other, 1e-10)
