"""Pooling against PyTorch (tests/golden/torch_layers.py) and a NumPy loop."""

from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.errors import UserError
from symrnn.ops.pool import MODES, pool
from symrnn.ops.theano_conv import pool_2d

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "torch_layers.npz")
LIKE_TORCH = {
    "max_pool": lambda x: pool(x, (3, 2), stride=2, padding=1),
    "mean_pool": lambda x: pool(x, 3, stride=2, padding=1, mode="average_inc_pad"),
    "mean_pool_exclusive": lambda x: pool(x, 3, stride=2, padding=1, mode="average_exc_pad"),
}


@pytest.mark.parametrize("is_static", [True, False], ids=["static", "symbolic"])
@pytest.mark.parametrize("name", LIKE_TORCH)
def test_pooling_and_its_gradient_are_pytorchs(name, is_static):
    value, expected = GOLDEN[f"{name}/xs"], GOLDEN[f"{name}/output"]
    xs = pt.tensor("xs", shape=value.shape if is_static else (None,) * 4)
    output = LIKE_TORCH[name](xs)
    weight = np.cos(np.arange(expected.size)).reshape(expected.shape)
    found = pytensor.function([xs], [output, pytensor.grad((output * weight).sum(), xs)])(value)
    np.testing.assert_allclose(found[0], expected, atol=1e-12)
    np.testing.assert_allclose(found[1], GOLDEN[f"{name}/grad_xs"], atol=1e-12)


def windows_loop(xs, window, stride, mode):
    """Partial windows included, as with ``ignore_border=False``."""
    n, starts, parts = xs.shape[-1], [0], []
    while starts[-1] + window < n if stride < window else starts[-1] + stride < n:
        starts.append(starts[-1] + stride)
    for start in starts:
        part = xs[..., start : start + window]
        parts.append({"max": part.max(-1), "sum": part.sum(-1)}.get(mode, part.mean(-1)))
    return np.stack(parts, axis=-1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 2), (2, 3), (3, 1), (4, 4)])
@pytest.mark.parametrize("is_static", [True, False], ids=["static", "symbolic"])
def test_partial_windows_count_when_the_border_is_not_ignored(mode, window, stride, is_static):
    value = np.random.default_rng(0).normal(size=(2, 2, 7))
    xs = pt.tensor("xs", shape=value.shape if is_static else (None,) * 3)
    found = pool(xs, window, stride=stride, ignore_border=False, mode=mode).eval({xs: value})
    np.testing.assert_allclose(found, windows_loop(value, window, stride, mode), atol=1e-12)


def test_the_first_of_equal_maxima_gets_the_gradient():
    xs = pt.tensor3("xs")
    grad = pytensor.grad(pool(xs, 2).sum(), xs).eval({xs: [[[1.0, 1.0, 2.0, 0.0]]]})
    assert grad.tolist() == [[[1.0, 0.0, 1.0, 0.0]]]


@pytest.mark.parametrize(
    ("options", "theanos"),  # gradients that Theano 1.0.5 gives on the CPU
    [
        (
            {"ws": (2, 2)},
            [[1, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]],
        ),
        (
            {"ws": (3, 3), "stride": (1, 1), "pad": (1, 1)},
            [[1, 1, 0, 2], [1, 1, 3, 2], [0, 3, 3, 0], [4, 6, 6, 4]],
        ),
    ],
)
def test_each_of_equal_maxima_gets_the_gradient_in_theanos_pooling(options, theanos):
    xs = pt.matrix("xs")
    value = [[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 2.0], [0.0, 3.0, 3.0, 0.0], [5.0] * 4]
    pooled = pool_2d(xs, ignore_border=True, **options)
    grad = pytensor.function([xs], pytensor.grad(pooled.sum(), xs), mode="FAST_COMPILE")
    assert grad(value).tolist() == theanos


def test_a_window_that_is_an_expression_gives_the_same():
    value = np.random.default_rng(0).normal(size=(2, 2, 7, 8))
    window, stride = pt.ivector("window"), pt.ivector("stride")
    found = pool_2d(pt.as_tensor(value), ws=window, stride=stride, ignore_border=True, pad=None)
    expected = pool(pt.as_tensor(value), (3, 2), stride=(2, 1)).eval()
    np.testing.assert_allclose(found.eval({window: [3, 2], stride: [2, 1]}), expected)


def test_theanos_pooling_takes_images_without_channels():
    value = np.arange(16.0).reshape(4, 4)
    assert pool_2d(pt.as_tensor(value), (2, 2), ignore_border=True).eval().tolist() == [
        [5, 7],
        [13, 15],
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "man"}, "did you mean 'max'"),
        ({"ties": "last"}, "ties must be one of"),
        ({"padding": 2}, "less than the window"),
    ],
)
def test_wrong_arguments_are_named(options, words):
    with pytest.raises(UserError, match=words):
        pool(pt.zeros((1, 1, 4)), 2, **options)
