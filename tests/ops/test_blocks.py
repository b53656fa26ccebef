"""Blocks of pixels as channels, and bits with a gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import evaluate

from symrnn.errors import UserError
from symrnn.ops.blocks import binarized, depth_to_space


def test_channels_become_blocks_row_by_row():
    xs = np.random.default_rng(0).normal(size=(2, 12, 3, 5))
    [found] = evaluate([], [depth_to_space(pt.as_tensor(xs), 2)], [])
    assert found.shape == (2, 3, 6, 10)
    for row in range(2):
        for column in range(2):
            np.testing.assert_array_equal(
                found[:, :, row::2, column::2], xs[:, 2 * row + column :: 4]
            )


def test_channels_must_fill_blocks():
    with pytest.raises(UserError, match="multiple of 4 channels"):
        depth_to_space(pt.as_tensor(np.zeros((1, 6, 2, 2))), 2)


def test_bits_are_chances_and_their_gradient_goes_straight_through():
    rng = np.random.default_rng(0)
    values = [np.full(20000, 0.4), rng.random(20000)]
    xs, us = (pt.tensor(name, dtype="float64", shape=(None,)) for name in ("xs", "us"))
    bits = binarized(xs, us)
    found, gradient = evaluate([xs, us], [bits, pytensor.grad((3 * bits).sum(), xs)], values)
    assert np.allclose(abs(found), 1)
    assert abs(found.mean() - 0.4) < 0.02
    np.testing.assert_array_equal(gradient, 3.0)
