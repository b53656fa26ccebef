"""The loss that old programs brought along, called as they called it."""

import ctc_oracle
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES

from symrnn.lasagne import ctc

LABELS, FRAMES = [[0, 1, 1], [2, 0], []], [7, 4, 5]


def masks(lengths, longest):
    return (np.arange(longest)[:, None] < lengths).astype("float64")


@pytest.mark.parametrize("skip_softmax", [True, False])
def test_an_old_programs_training_objective_has_the_likelihood_and_its_gradient(skip_softmax):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(7, 3, 4))
    labels = np.zeros((3, 3), "int32")
    for column, each in zip(labels.T, LABELS, strict=True):
        column[: len(each)] = each
    y, y_hat = pt.imatrix("y"), pt.tensor3("y_hat")
    y_mask, y_hat_mask = pt.matrix("y_mask"), pt.matrix("y_hat_mask")
    given = y_hat if skip_softmax else pt.special.softmax(y_hat, axis=2)
    objective = ctc.pseudo_cost(y, given, y_mask, y_hat_mask, skip_softmax=skip_softmax)
    gradient = pytensor.grad(objective.sum(), y_hat)
    train = pytensor.function(
        [y, y_hat, y_mask, y_hat_mask], [objective, gradient], mode=FEW_REWRITES
    )
    counts = [len(each) for each in LABELS]
    losses, found = train(labels, scores, masks(counts, 3), masks(FRAMES, 7))
    along = rng.normal(size=scores.shape)
    for i, (each, frames) in enumerate(zip(LABELS, FRAMES, strict=True)):
        loss = ctc_oracle.loss((scores + 1e-30j * along)[:frames, i], each, blank=3)
        np.testing.assert_allclose(losses[i], np.real(loss), rtol=1e-10)
        slope = (found[:, i] * along[:, i]).sum()
        np.testing.assert_allclose(slope, np.imag(loss) * 1e30, rtol=1e-8, atol=1e-10)


def test_probabilities_of_zero_are_no_nan():
    y_hat = pt.tensor3("y_hat")
    loss = ctc.cost(np.array([[0]]), y_hat, np.ones((1, 1)), np.ones((2, 1)), log_scale=False).sum()
    value, gradient = pytensor.function(
        [y_hat], [loss, pytensor.grad(loss, y_hat)], mode=FEW_REWRITES
    )(np.array([[[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]]]))
    assert value == 0
    assert np.isfinite(gradient).all()
