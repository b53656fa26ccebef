"""A convolution as a cell's product: its value is `conv`'s, its transposes are PyTensor's gradients."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, assert_all_close, evaluate

from symrnn.cells import GRUCell
from symrnn.errors import UserError
from symrnn.ops.conv import conv
from symrnn.ops.products import Convolution, Dense

PRODUCTS = {
    "dense": Dense(),
    "one axis": Convolution((3,)),
    "two axes": Convolution((3, 1)),
    "strided": Convolution((3, 3), 2),
    "blocks": Convolution((4, 4), 2),
    "edges": Convolution((2, 2), edges=(1, 1)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_transposes_are_the_gradients(name):
    product, rng = PRODUCTS[name], np.random.default_rng(0)
    values = [rng.normal(size=(2, 3, *[4] * product.axes)), rng.normal(size=(3 * product.taps, 5))]
    x, w = (pt.tensor(n, dtype="float64", shape=v.shape) for n, v in zip("xw", values, strict=True))
    y = product.of(x, w)
    sizes = product.sizes([4] * product.axes)
    dy = pt.as_tensor(rng.normal(size=(2, 5, *sizes)))
    ours = [product.pulled(dy, w, x), product.weights(x, dy)]
    if product.keeps_size:
        ours.append(product.back(dy, product.turned(w)))
    expected = pytensor.grad(None, [x, w], known_grads={y: dy})
    found = evaluate([x, w], [y, *ours, *expected], values, mode=AS_WRITTEN)
    assert found[0].shape == (2, 5, *sizes)
    theirs = [*found[-2:], found[-2]][: len(ours)]
    assert_all_close(found[1 : 1 + len(ours)], theirs, 1e-12)


def test_convolution_is_that_of_ops():
    rng = np.random.default_rng(1)
    x, filters = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(6, 3, 3, 3))
    w = filters.transpose(3, 2, 1, 0).reshape(
        -1, 6
    )  # the window's last axis slowest, channels fastest
    ours = Convolution((3, 3)).of(pt.as_tensor(x), pt.as_tensor(w))
    theirs = conv(x, filters, padding=1, flip=False)
    assert_all_close(evaluate([], [ours], []), evaluate([], [theirs], []), 1e-12)


@pytest.mark.parametrize(("window", "stride"), [((), 1), ((0,), 1), ((3,), 0), ((2.0,), 1)])
def test_window_and_stride_are_whole_numbers(window, stride):
    with pytest.raises(UserError, match="must be whole numbers of at least 1"):
        Convolution(window, stride)


@pytest.mark.parametrize("h_product", [Convolution((2, 2)), Convolution((3, 3), 2), Dense()])
def test_state_keeps_its_size(h_product):
    with pytest.raises(UserError, match="a state keeps its size"):
        GRUCell.create(2, 3, rng=0, x_product=Convolution((3, 3)), h_product=h_product)
