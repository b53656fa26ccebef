"""Cells whose products are convolutions: assembled against autodiff, and both against steps one by one."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, assert_all_close, evaluate

from symrnn.cells import CELLS, GRUCell
from symrnn.errors import UserError
from symrnn.ops.products import Convolution
from symrnn.unroll import bidirectional, scan_unroll, static_unroll

XS = np.random.default_rng(0).normal(size=(3, 2, 2, 4, 3))  # (T, B, D, height, width)
MASK = np.array([[1, 1], [1, 1], [1, 0]])


def cells(name="gru", stride=1, count=2):
    products = {"x_product": Convolution((3, 3), stride), "h_product": Convolution((1, 3))}
    return [CELLS[name].create(2, 3, rng=seed, **products) for seed in range(count)]


@pytest.mark.parametrize(
    ("name", "stride", "masked"), [("lstm", 1, False), ("gru", 1, True), ("residual_gru", 2, False)]
)
def test_assembled_gradient_is_that_of_autodiff(name, stride, masked):
    pair, found = cells(name, stride), []
    xs = pt.tensor("xs", dtype="float64", shape=(None, None, 2, None, None))
    for gradient in ("assembled", "autodiff"):
        ys = bidirectional(*pair, xs, gradient=gradient, mask=MASK if masked else None)
        wrt = [xs, *(p for cell in pair for p in cell.params)]
        found += [ys, *pytensor.grad((ys**2).sum(), wrt)]
    values = evaluate(
        [xs], found, [XS[..., : 4 // stride]] if stride == 1 else [XS], mode=AS_WRITTEN
    )
    half = len(values) // 2
    assert values[0].shape == (3, 2, 6, 4 // stride, 3 // stride)
    assert_all_close(values[:half], values[half:], 1e-11)


def test_walk_is_its_steps():
    [cell] = cells(count=1)
    xs = pt.as_tensor(XS)
    state = cell.State(pt.zeros((2, 3, 4, 3)))
    expected = []
    for t in range(3):
        z = cell.x_product.of(xs[t], cell.w_x) + cell.x_product.bias(cell.b)
        state = cell.advance(z, cell.h_product.of(state.h, cell.w_h), state)
        expected.append(state.h)
    ours = [scan_unroll(cell, xs), static_unroll(cell, xs), pt.stack(expected)]
    walked, static, stepped = evaluate([], ours, [], mode=AS_WRITTEN)
    assert_all_close([walked, static], [stepped, stepped], 1e-12)


@pytest.mark.parametrize("known", [(2, 3, 4, 3), (None, 3, None, None), (None,) * 4], ids=str)
def test_a_walk_goes_on_from_a_state_whatever_is_known_of_it(known):
    [cell] = cells(count=1)
    whole = scan_unroll(cell, pt.as_tensor(XS))
    state = pt.tensor("state", dtype="float64", shape=known)
    rest = scan_unroll(cell, pt.as_tensor(XS[1:]), initial=state)
    [expected] = evaluate([], [whole], [], mode=AS_WRITTEN)
    assert_all_close(
        evaluate([state], [rest], [expected[0]], mode=AS_WRITTEN), [expected[1:]], 1e-12
    )


def test_equal_steps_on_other_products_are_other_layers():
    """The algebra of a step does not say by what it multiplies."""
    xs = pt.as_tensor(XS)
    [one], [other] = cells(count=1), cells(stride=2, count=1)
    small, smaller = evaluate([], [scan_unroll(c, xs) for c in (one, other)], [], mode=AS_WRITTEN)
    assert small.shape[-2:] == (4, 3)
    assert smaller.shape[-2:] == (2, 1)


def test_what_does_not_fit_is_one_sentence():
    [cell], [strided] = cells(count=1), cells(stride=2, count=1)
    with pytest.raises(UserError, match="rank 5"):
        scan_unroll(cell, pt.as_tensor(XS[0, 0]))
    with pytest.raises(UserError, match="one x_product"):
        bidirectional(cell, strided, pt.as_tensor(XS))
    with pytest.raises(UserError, match="initial h must be"):
        scan_unroll(cell, pt.as_tensor(XS), initial=np.zeros((2, 3)))
    with pytest.raises(UserError, match="rank 3"):
        scan_unroll(GRUCell.create(2, 3, rng=0), pt.as_tensor(XS))
