"""The loss of connectionist temporal classification against PyTorch, all paths, and differences."""

from functools import cache
from pathlib import Path

import ctc_oracle
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES

import symrnn.native  # noqa: F401  (mode NATIVE)
from symrnn.errors import UserError
from symrnn.measure import graph_size
from symrnn.ops.ctc import ctc_loss, ctc_loss_plain

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "torch_ctc.npz")
CASES = list(dict.fromkeys(key.split("/")[0] for key in GOLDEN.files))
ARGUMENTS = ("logits", "labels", "input_lengths", "label_lengths")


def arguments(dtype="float64"):
    """Symbols of no known length."""
    return [
        pt.tensor("logits", dtype=dtype, shape=(None,) * 3),
        pt.tensor("labels", dtype="int64", shape=(None, None)),
        pt.tensor("input_lengths", dtype="int64", shape=(None,)),
        pt.tensor("label_lengths", dtype="int64", shape=(None,)),
    ]


@cache
def losses_and_gradient(dtype, blank=0, zero_infinity=False, mode="NATIVE", form=ctc_loss):
    """The function ``(logits, labels, input_lengths, label_lengths) -> [losses, gradient of their sum]``."""
    given = arguments(dtype)
    losses = form(*given, blank=blank, zero_infinity=zero_infinity)
    return pytensor.function(given, [losses, pytensor.grad(losses.sum(), given[0])], mode=mode)


@pytest.mark.parametrize("name", CASES)
def test_losses_and_gradients_are_pytorchs(name):
    values = {key: GOLDEN[f"{name}/{key}"] for key in (*ARGUMENTS, "losses", "gradient")}
    dtype = str(values["logits"].dtype)
    function = losses_and_gradient(
        dtype, int(GOLDEN[f"{name}/blank"]), bool(GOLDEN[f"{name}/zero_infinity"])
    )
    losses, gradient = function(*(values[key] for key in ARGUMENTS))
    # In float32 a log likelihood of -250 is known to 3e-5, and a posterior to as much of itself.
    tolerance = 1e-11 if dtype == "float64" else 2e-4
    assert losses.dtype == gradient.dtype == dtype
    np.testing.assert_allclose(losses, values["losses"], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(gradient, values["gradient"], rtol=tolerance, atol=tolerance)


@pytest.mark.slow
def test_jax_has_the_same_losses_and_gradients():
    pytest.importorskip("jax")
    values = [GOLDEN[f"impossible/{key}"] for key in ARGUMENTS]
    given = [pt.tensor(shape=v.shape, dtype=v.dtype) for v in values]  # JAX knows no other shapes
    losses = ctc_loss(*given)
    function = pytensor.function(given, [losses, pytensor.grad(losses.sum(), given[0])], mode="JAX")
    for found, key in zip(function(*values), ("losses", "gradient"), strict=True):
        np.testing.assert_allclose(found, GOLDEN[f"impossible/{key}"], atol=1e-10)


@pytest.mark.parametrize("form", [ctc_loss, ctc_loss_plain])
def test_the_loss_is_that_of_all_paths_that_spell_the_labels(form):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(4, 1, 3))
    found = ctc_oracle.likelihoods(ctc_oracle.log_softmax(logits[:, 0]))
    assert np.isclose(sum(found.values()), 1)
    # every label sequence of up to two labels, in one batch, padded with what must not be read
    sequences = [(), (1,), (2,), (1, 1), (1, 2), (2, 1), (2, 2), (1, 2, 1), (2, 1, 2, 1)]
    labels = np.full((len(sequences), 4), 99)
    for row, sequence in zip(labels, sequences, strict=True):
        row[: len(sequence)] = sequence
    function = losses_and_gradient("float64", mode=FEW_REWRITES, form=form)
    batch = np.repeat(logits, len(sequences), axis=1)
    lengths = np.full(len(sequences), 4), np.array([len(s) for s in sequences])
    losses, _ = function(batch, labels, *lengths)
    np.testing.assert_allclose(np.exp(-losses), [found[s] for s in sequences], rtol=1e-10)


def test_both_forms_agree_and_differences_bear_them_out():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(6, 3, 4))
    rest = np.array([[1, 1, 3], [2, 3, 0], [3, 0, 0]]), np.array([6, 5, 4]), np.array([3, 2, 0])
    _, gradient = losses_and_gradient("float64")(logits, *rest)
    _, plain = losses_and_gradient("float64", mode=FEW_REWRITES, form=ctc_loss_plain)(logits, *rest)
    np.testing.assert_allclose(gradient, plain, atol=1e-12)
    labels, frames, counts = rest
    step = 1e-30j * rng.normal(size=logits.shape)
    moved = sum(
        ctc_oracle.loss((logits + step)[:t, b], labels[b, :n])
        for b, (t, n) in enumerate(zip(frames, counts, strict=True))
    )
    np.testing.assert_allclose(np.imag(moved), (gradient * np.imag(step)).sum(), rtol=1e-10)


def test_scores_and_their_log_probabilities_have_the_same_loss():
    logits = np.random.default_rng(3).normal(size=(5, 2, 3))
    rest = np.array([[1, 2], [2, 0]]), np.array([5, 4]), np.array([2, 1])
    function = losses_and_gradient("float64")
    for a, b in zip(
        function(logits, *rest), function(ctc_oracle.log_softmax(logits), *rest), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_symbols_that_never_come_and_scores_far_apart_are_no_nan():
    logits = np.zeros((4, 2, 3))
    logits[:, 0, 2] = -np.inf
    logits[:, 1] = [0.0, 800.0, -800.0]
    rest = np.array([[1, 1], [2, 1]]), np.array([4, 4]), np.array([2, 2])
    losses, gradient = losses_and_gradient("float64")(logits, *rest)
    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()
    assert not gradient[:, 0, 2].any()


def test_the_gradient_is_one_scan_more():
    assembled, plain = (
        losses_and_gradient("float64", mode=FEW_REWRITES, form=form).maker.fgraph
        for form in (ctc_loss, ctc_loss_plain)
    )
    assert graph_size(assembled).scans == graph_size(plain).scans == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"logits": np.zeros((3, 2))}, "logits must be float32 or float64"),
        ({"logits": np.zeros((3, 1, 2), "int64")}, "logits must be float32 or float64"),
        ({"labels": [[0.5]]}, "labels must be integers with axes"),
        ({"label_lengths": 1}, "label_lengths must be integers with axes"),
    ],
)
def test_other_axes_and_dtypes_are_refused(change, told):
    given = {
        "logits": np.zeros((3, 1, 2)),
        "labels": [[1]],
        "input_lengths": [3],
        "label_lengths": [1],
    }
    with pytest.raises(UserError, match=told):
        ctc_loss(**given | change)
