"""Convolution against PyTorch (tests/golden/torch_layers.py), SciPy, and NumPy loops."""

from itertools import product
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.signal import convolve

from symrnn.errors import UserError
from symrnn.ops.conv import conv, local_conv, local_conv_channelwise, transposed_conv
from symrnn.ops.theano_conv import conv2d, conv2d_grad_wrt_weights

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "torch_layers.npz")
LIKE_TORCH = {
    "conv1d": lambda x, w: conv(x, w, stride=2, padding=1, groups=2, flip=False),
    "conv2d": lambda x, w: conv(x, w, stride=(2, 1), padding=(1, 0), dilation=(1, 2), flip=False),
    "conv3d": lambda x, w: conv(x, w, padding=1, flip=False),
    "transposed": lambda x, w: transposed_conv(
        x, w, stride=2, crop=1, output_size=(6, 8), flip=False
    ),
}


def compared(name, function, symbols):
    """Outputs and gradients of `function` against those of PyTorch; `symbols` by the names of its inputs."""
    output = function(*symbols.values())
    weight = np.cos(np.arange(GOLDEN[f"{name}/output"].size)).reshape(
        GOLDEN[f"{name}/output"].shape
    )
    grads = pytensor.grad((output * weight).sum(), list(symbols.values()))
    values = [GOLDEN[f"{name}/{key}"] for key in symbols]
    found = pytensor.function(list(symbols.values()), [output, *grads])(*values)
    for value, key in zip(found, ["output", *(f"grad_{key}" for key in symbols)], strict=True):
        np.testing.assert_allclose(
            value, GOLDEN[f"{name}/{key}"], rtol=1e-9, atol=1e-12, err_msg=key
        )


@pytest.mark.parametrize("is_static", [True, False], ids=["static", "symbolic"])
@pytest.mark.parametrize("name", LIKE_TORCH)
def test_convolution_and_its_gradients_are_pytorchs(name, is_static):
    symbols = {}
    for key in ("xs", "filters"):
        shape = GOLDEN[f"{name}/{key}"].shape
        known = shape if is_static or key == "filters" else (None,) * len(shape)
        symbols[key] = pt.tensor(key, shape=known)
    compared(name, LIKE_TORCH[name], symbols)


@pytest.mark.parametrize("padding", ["valid", "full", "same"])
def test_flipped_convolution_is_scipys(padding):
    rng = np.random.default_rng(0)
    xs, filters = rng.normal(size=(1, 1, 6, 7)), rng.normal(size=(1, 1, 3, 5))
    result = conv(pt.as_tensor(xs), pt.as_tensor(filters), padding=padding).eval()
    np.testing.assert_allclose(
        result[0, 0], convolve(xs[0, 0], filters[0, 0], mode=padding), atol=1e-12
    )


def test_transposed_convolution_is_the_gradient_of_the_convolution():
    rng = np.random.default_rng(0)
    xs, filters = pt.tensor4("xs"), pt.as_tensor(rng.normal(size=(4, 2, 3, 2)))
    value = rng.normal(size=(2, 4, 7, 8))
    ys = conv(xs, filters, stride=(2, 3), padding=1, dilation=(1, 2), groups=2)
    gradient = pytensor.grad((ys * pt.cos(ys)).sum(), ys)
    back = transposed_conv(
        gradient,
        filters,
        stride=(2, 3),
        crop=1,
        dilation=(1, 2),
        groups=2,
        output_size=xs.shape[2:],
    )
    expected = pytensor.grad((ys * pt.cos(ys)).sum(), xs)
    found, wanted = pytensor.function([xs], [back, expected])(value)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_window_that_is_an_expression_gives_the_same():
    rng = np.random.default_rng(0)
    xs, filters = rng.normal(size=(2, 4, 7, 8)), rng.normal(size=(6, 2, 3, 2))
    x, w = pt.tensor4("x"), pt.tensor4("w")
    options = {"stride": 2, "dilation": (1, 2), "groups": 2}
    found = conv(x, w, **options).eval({x: xs, w: filters})
    np.testing.assert_allclose(
        found, conv(pt.as_tensor(xs), pt.as_tensor(filters), **options).eval(), atol=1e-12
    )


def local_loop(xs, filters):
    batch, outputs = xs.shape[0], filters.shape[0]
    rows, columns = filters.shape[-2:]
    result = np.zeros((batch, outputs, rows, columns))
    for i, j in product(range(rows), range(columns)):
        patch = xs[:, :, i : i + filters.shape[2], j : j + filters.shape[3]]
        result[:, :, i, j] = np.einsum("bckl,fckl->bf", patch, filters[..., i, j])
    return result


@pytest.mark.parametrize("flip", [True, False])
def test_local_convolution_has_filters_of_its_own_at_every_place(flip):
    rng = np.random.default_rng(0)
    xs, filters = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 3, 2, 3, 4, 4))
    expected = local_loop(xs, filters[:, :, ::-1, ::-1] if flip else filters)
    found = local_conv(pt.as_tensor(xs), pt.as_tensor(filters), flip=flip).eval()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_channelwise_local_convolution_is_the_local_one_with_diagonal_filters():
    rng = np.random.default_rng(0)
    xs, filters = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(3, 2, 3, 4, 4))
    diagonal = np.zeros((3, 3, 2, 3, 4, 4))
    diagonal[range(3), range(3)] = filters
    found = local_conv_channelwise(pt.as_tensor(xs), pt.as_tensor(filters)).eval()
    np.testing.assert_allclose(
        found, local_conv(pt.as_tensor(xs), pt.as_tensor(diagonal)).eval(), atol=1e-12
    )


def test_a_square_filter_costs_nodes_by_its_sides_not_by_its_area():
    xs, filters = pt.tensor("xs", shape=(2, 3, 20, 20)), pt.tensor("w", shape=(4, 3, 7, 7))
    nodes = pytensor.function([xs, filters], conv(xs, filters)).maker.fgraph.apply_nodes
    assert len(nodes) <= 2 * (7 + 7) + 5


def test_gradient_with_respect_to_the_weights_is_theanos():
    rng = np.random.default_rng(0)
    xs, filters = rng.normal(size=(2, 3, 6, 6)), pt.tensor("w", shape=(4, 3, 3, 3))
    ys = conv2d(pt.as_tensor(xs), filters, border_mode="half", subsample=(2, 2))
    direct = pytensor.grad(ys.sum(), filters)
    ones = pt.ones((2, 4, 3, 3))
    other = conv2d_grad_wrt_weights(
        pt.as_tensor(xs), ones, (4, 3, 3, 3), border_mode="half", subsample=(2, 2)
    )
    found, wanted = pytensor.function([filters], [other, direct])(np.zeros((4, 3, 3, 3)))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, w: conv(x, w, padding="saem"), "padding must be one of"),
        (lambda x, w: conv(x, w, padding=(1, -1)), "must not be negative"),
        (lambda x, w: conv(x, w, stride=(1, 2, 3)), "stride must be"),
        (lambda x, w: conv(x[0], w), "filters must have as many axes"),
        (lambda x, w: conv(x[:, :, :2], w), "must fit in axis"),
        (lambda x, w: conv2d(x, w, border_mode=None), "border_mode must be"),
        (lambda x, w: conv2d(x, w, unshared=True), "unshared"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(UserError, match=words):
        call(pt.zeros((1, 2, 5, 5)), pt.zeros((3, 2, 3, 3)))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["CVM", "NUMBA", "JAX"])
def test_every_backend_lowers_convolution_pooling_and_their_gradients(mode):
    from symrnn.ops.pool import pool

    xs, filters = pt.tensor("xs", shape=(2, 2, 5)), pt.tensor("w", shape=(2, 2, 2))
    ys = pool(conv(xs, filters, padding=(1,), stride=2), 2)
    outputs = [ys, pytensor.grad(ys.sum(), filters)]
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 2, 5)), rng.normal(size=(2, 2, 2))
    expected = pytensor.function([xs, filters], outputs)(*values)
    found = pytensor.function([xs, filters], outputs, mode=mode)(*values)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)
