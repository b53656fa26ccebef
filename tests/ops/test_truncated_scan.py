"""Truncated gradients of plain scans, under all of PyTensor's rewrites, are those under few."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

import symrnn.native  # noqa: F401  (the mode "NATIVE")
from symrnn.ops.scan import Recurrence, plain_scan

T, B, H = 5, 3, 2
ALL_REWRITES = {"Python": Mode("py", "fast_run"), "NATIVE": "NATIVE"}


def gated(elements, states, invariants):
    """What is multiplied by a state is not moved out of the scan as a whole."""
    [z], [h], [w] = elements, states, invariants
    following = h * pt.tanh(z + pt.dot(h, w))
    return [following], [following]


@pytest.mark.parametrize("mode", ALL_REWRITES)
@pytest.mark.parametrize("steps", [1, 2, T, T + 1])
def test_gradients_by_sequence_and_weight_are_those_of_few_rewrites(steps, mode):
    zs, w = pt.dtensor3("zs"), pt.dmatrix("w")
    start = pt.ones((zs.shape[1], H), dtype="float64")
    [([hs], _)] = plain_scan(
        [Recurrence(gated, [zs], [start], [w])], zs.shape[0], gradient_steps=steps
    )
    gradients = pytensor.grad(hs.sum(), [zs, w])
    values = np.random.default_rng(0).normal(size=(T, B, H)), np.eye(H)
    found, expected = (
        pytensor.function([zs, w], gradients, mode=m)(*values)
        for m in (ALL_REWRITES[mode], Mode("py", "fast_compile"))
    )
    assert found[0].shape == (T, B, H)
    assert not found[0][: max(0, T - steps)].any()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
