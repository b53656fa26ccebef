"""Norm constraints against PyTorch's, whose epsilon differs in the seventh digit."""

import json
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.updates import norm_constraint, sgd, total_norm_constraint

GOLDEN = json.loads((Path(__file__).parent / "golden" / "trajectories.json").read_text())
W = np.array(GOLDEN["problem"]["w"])


def grads():
    x, y, w, b = (np.array(GOLDEN["problem"][name]) for name in "xywb")
    params = [pytensor.shared(w), pytensor.shared(b)]
    loss = 0.5 * ((pt.tanh(x @ params[0] + params[1]) - y) ** 2).sum()
    return pytensor.grad(loss, params)


def test_norm_of_each_column_is_bounded_as_by_torch():
    constrained = norm_constraint(pt.constant(W), 0.5).eval()
    np.testing.assert_allclose(constrained, GOLDEN["constraints"]["renorm"], rtol=1e-6)


def test_total_norm_is_bounded_as_by_torch():
    golden = GOLDEN["constraints"]["clip_grad_norm"]
    scaled, norm = total_norm_constraint(grads(), 0.5, epsilon=1e-6, return_norm=True)
    *got, got_norm = pytensor.function([], [*scaled, norm])()
    np.testing.assert_allclose(got_norm, golden["norm"], rtol=1e-12)
    for grad, expected in zip(got, golden["grads"], strict=True):
        np.testing.assert_allclose(grad, expected, rtol=1e-12)


def test_a_norm_below_the_bound_stays():
    np.testing.assert_allclose(norm_constraint(pt.constant(W), 100).eval(), W, rtol=1e-6)
    zero = pt.zeros((2, 3))
    assert not norm_constraint(zero, 1.0).eval().any()


@pytest.mark.parametrize(
    ("shape", "axes", "norms"),
    [((2, 3), None, (1, 3)), ((5,), (0,), (1,))]
    + [((2, 3, 4, 2, 3)[:rank], None, (2, 1, 1, 1, 1)[:rank]) for rank in (3, 4, 5)],
)
def test_norms_are_taken_over_what_leads_into_a_unit(shape, axes, norms):
    constrained = norm_constraint(pt.constant(np.ones(shape)), 0.5, axes).eval()
    size = np.prod(shape) / np.prod(norms)
    np.testing.assert_allclose(constrained, 0.5 / np.sqrt(size), rtol=1e-6)


@pytest.mark.parametrize("max_norm", [0.5, np.float64(0.5), pt.dscalar("max_norm")])
def test_float32_stays_float32(max_norm):
    tensors = [pt.fmatrix(), pt.fvector()]
    assert norm_constraint(tensors[0], max_norm).dtype == "float32"
    assert {t.dtype for t in total_norm_constraint(tensors, max_norm)} == {"float32"}


def test_clipped_gradients_go_into_a_rule():
    w = pytensor.shared(np.array([3.0, 4.0]), name="w")
    updates = sgd(total_norm_constraint(pytensor.grad((w**2).sum(), [w]), 1.0), [w], 1.0)
    pytensor.function([], updates=updates)()
    np.testing.assert_allclose(w.get_value(), [2.4, 3.2], rtol=1e-6)


WRONG = {
    "norm_axes": (
        lambda: norm_constraint(pt.vector(), 1.0),
        r"norm_axes must be given for a tensor of rank 1, .*; give the axes",
    ),
    "max_norm": (
        lambda: norm_constraint(pt.matrix(), pt.vector("bounds")),
        r"max_norm must be a number or a scalar variable, but is bounds",
    ),
    "tensor_vars": (lambda: total_norm_constraint([], 1.0), r"tensor_vars must hold a tensor"),
}


@pytest.mark.parametrize("argument", WRONG)
def test_a_wrong_argument_is_one_sentence(argument):
    call, sentence = WRONG[argument]
    with pytest.raises(UserError, match=sentence):
        call()
