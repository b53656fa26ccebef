"""Batch normalization: moments, the gradient in closed form, and what the two ways to normalize share."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES

from symrnn.ops.batch_norm import BatchNorm, moments, normalized, normalized_by


@pytest.mark.parametrize("shape", [(None, None), (7, 3, 2, 4)])
def test_the_closed_gradient_is_that_of_the_formula(shape):
    xs = pt.tensor("xs", shape=shape)
    gamma, beta = pt.vectors("gamma", "beta")
    weights = pt.tensor("weights", shape=shape)
    ours = normalized(xs, gamma, beta)
    [theirs] = BatchNorm(1e-5).plain([xs, gamma, beta])
    grads = [
        pytensor.grad((out * weights).sum(), [xs, gamma, beta], disconnected_inputs="ignore")
        for out in (ours, theirs)
    ]
    function = pytensor.function(
        [xs, gamma, beta, weights], [ours, *grads[0], theirs, *grads[1]], mode=FEW_REWRITES
    )
    rng = np.random.default_rng(0)
    size = [n or 4 for n in shape]
    values = [
        rng.normal(2, 3, size),
        rng.normal(1, 1, 4),
        rng.normal(0, 1, 4),
        rng.normal(size=size),
    ]
    found = function(*values)
    for a, b in zip(found[:4], found[4:], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    assert (found[0] == 0).any()
    assert (found[0] > 0).any()


def test_a_batch_has_mean_0_and_variance_1_by_its_own_moments():
    rng = np.random.default_rng(0)
    xs = rng.normal(5, 2, (50, 3))
    # Far above zero, where the rectifier lets everything through.
    ys = normalized(pt.as_tensor(xs), pt.ones(3), pt.full(3, 50.0)).eval(mode=FEW_REWRITES)
    np.testing.assert_allclose(ys.mean(axis=0), 50)
    np.testing.assert_allclose(ys.var(axis=0), 1, rtol=1e-4)
    mean, variance = (each.eval(mode=FEW_REWRITES) for each in moments(pt.as_tensor(xs)))
    given = (pt.as_tensor(each) for each in (mean, variance))
    by_them = normalized_by(pt.as_tensor(xs), pt.ones(3), pt.full(3, 50.0), *given)
    np.testing.assert_allclose(by_them.eval(mode=FEW_REWRITES), ys)


def test_everything_stays_float32():
    xs = pt.tensor("xs", dtype="float32", shape=(None, 4, 4, 2))
    gamma, beta = (pt.tensor(name, dtype="float32", shape=(2,)) for name in ("gamma", "beta"))
    out = normalized(xs, gamma, beta)
    grads = pytensor.grad(out.sum(), [xs, gamma, beta])
    assert {var.type.dtype for var in (out, *grads, *moments(xs))} == {"float32"}
