"""The rational tanh and sigmoid: their errors on every backend, and where the coefficients come from."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from fit_tanh import BOUND, fit
from helpers import FEW_REWRITES
from pytensor.compile.mode import get_mode, optdb

from symrnn.ops import activations
from symrnn.ops.activations import KnownToNumba, sigmoid, tanh

POINTS = np.linspace(-20, 20, 200_001).astype("float32")


def compiled(mode):
    x = pt.vector("x", dtype="float32")
    outputs = [tanh(x), sigmoid(x), *(pytensor.grad(f(x).sum(), x) for f in (tanh, sigmoid))]
    return pytensor.function([x], outputs, mode=mode)


@pytest.mark.parametrize(
    "mode",
    [
        FEW_REWRITES,
        *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("CVM", "NUMBA", "JAX")),
    ],
    ids=["few rewrites", "CVM", "NUMBA", "JAX"],
)
def test_errors_stay_within_the_stated_bounds(mode):
    if mode == "JAX":
        pytest.importorskip("jax")
    with pytensor.config.change_flags(cxx=pytensor.configdefaults.config.cxx or "g++"):
        values = [np.asarray(value) for value in compiled(mode)(POINTS)]
    exact = POINTS.astype("float64")
    tanhs, sigmoids = np.tanh(exact), 1 / (1 + np.exp(-exact))
    for value, expected, bound in zip(
        values,
        [tanhs, sigmoids, 1 - tanhs**2, sigmoids * (1 - sigmoids)],
        [3.5e-7, 2e-7, 8e-7, 3e-7],
        strict=True,
    ):
        assert value.dtype == "float32"
        assert np.abs(value - expected).max() <= bound
    assert np.abs(values[0]).max() <= 1
    assert values[1].min() >= 0
    assert values[1].max() <= 1


def test_modes_that_compile_with_numba_alone_let_it_know_the_rational_functions():
    from pytensor.link.numba.dispatch.basic import numba_funcify_and_cache_key

    def lets_know(mode):
        rewriters = optdb.query(get_mode(mode).provided_optimizer)
        return any(isinstance(each, KnownToNumba) for each in rewriters)

    assert [lets_know(mode) for mode in ("NUMBA", "JAX", "CVM")] == [True, False, False]
    KnownToNumba().apply(None)
    known = numba_funcify_and_cache_key.registry
    assert {activations.RationalTanh, activations.RationalSigmoid} <= set(known)


def test_coefficients_are_those_of_the_fit():
    p, q, _ = fit()
    assert activations.BOUND == BOUND
    np.testing.assert_allclose(activations.P, p, rtol=1e-4)
    np.testing.assert_allclose(activations.Q, q, rtol=1e-5)


def test_float64_is_exact():
    x = pt.dvector("x")
    assert tanh(x).owner.op == pt.tanh(x).owner.op
    assert sigmoid(x).owner.op == pt.sigmoid(x).owner.op
