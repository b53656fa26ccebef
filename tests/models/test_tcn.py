"""Temporal convolutional networks: values against a loop over steps, causality, receptive field, size."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate

from symrnn.errors import UserError
from symrnn.measure.sizes import graph_size
from symrnn.models.tcn import TCN, causal_conv, receptive_field

T, B, D, C = 9, 2, 3, 4
RNG = np.random.default_rng(5)


def small_tcn(depth, window):
    """A network without zero biases, and without lengths that are the norms of the directions."""
    tcn = TCN.create(D, C, depth=depth, window=window, rng=1, dtype="float64")
    for param in tcn.params:
        param.set_value(np.random.default_rng(2).normal(size=param.type.shape))
    return tcn


def tcn_on(xs, masks, *, depth, window):
    """The outputs of a small network, and the network."""
    tcn = small_tcn(depth, window)
    x, mask = (pt.tensor(shape=array.shape, dtype="float64") for array in (xs, masks))
    return evaluate([x, mask], [tcn.outputs(x, mask)], [xs, masks])[0], tcn


def conv_by_loop(xs, w, b, dilation, window):
    """The definition, one step and one filter entry at a time; ``w (K, C, F)``."""
    ys = np.tile(b, (*xs.shape[:2], 1))
    for t in range(xs.shape[0]):
        for k in range(window):
            seen = t - dilation * (window - 1 - k)
            if seen >= 0:
                ys[t] += xs[seen] @ w[k]
    return ys


def tcn_by_loop(tcn, xs, masks, window):
    """The network of Bai et al. in NumPy, weights normalised one filter at a time."""
    values = [param.get_value() for param in tcn.params]
    (v1, g1, b1), (v, g, b), (w_skip, b_skip) = values[:3], values[3:6], values[6:]
    filters = [
        (direction[i] * lengths[i] / np.linalg.norm(direction[i], axis=0), biases[i])
        for direction, lengths, biases in ((v1, g1, b1), (v, g, b))
        for i in range(len(direction))
    ]
    around = xs @ w_skip + b_skip
    for i, (w, bias) in enumerate(filters):
        w = w.reshape(window, xs.shape[2], C)
        xs = masks[i] * np.maximum(conv_by_loop(xs, w, bias, 2 ** (i // 2), window), 0)
        if i % 2:
            xs = around = np.maximum(xs + around, 0)
    return xs


@pytest.mark.parametrize(("depth", "window"), [(1, 1), (3, 2), (2, 4)])
def test_network_computes_what_a_loop_over_steps_does(depth, window):
    xs, masks = RNG.normal(size=(T, B, D)), RNG.uniform(size=(2 * depth, B, C))
    ys, tcn = tcn_on(xs, masks, depth=depth, window=window)
    assert_all_close([ys], [tcn_by_loop(tcn, xs, masks, window)], 1e-12)


def test_change_at_a_step_moves_nothing_before_it():
    changed = [0, 3, T - 1]
    # numbers of its own: of others, drawn after those of the tests before, a rectifier may hide the change
    xs = np.repeat(np.random.default_rng(0).normal(size=(T, 1, D)), 1 + len(changed), axis=1)
    xs[changed, [1, 2, 3]] += 1
    ys, _ = tcn_on(xs, np.ones((4, 4, C)), depth=2, window=3)
    has_moved = (ys[:, 1:] != ys[:, :1]).any(axis=2)
    assert has_moved.argmax(axis=0).tolist() == changed


@pytest.mark.parametrize(("depth", "window"), [(1, 4), (2, 3), (3, 2)])
def test_last_step_sees_exactly_the_receptive_field(depth, window):
    steps = receptive_field(window, depth) + 3
    xs = pt.tensor("xs", shape=(steps, 1, 1), dtype="float64")
    tcn = TCN.create(1, C, depth=depth, window=window, rng=0, dtype="float64")
    for param in tcn.params:  # all positive, so that no rectifier cuts a path
        param.set_value(np.ones(param.type.shape))
    gradient = pytensor.grad(tcn.outputs(xs, pt.ones((2 * depth, 1, C)))[-1].sum(), xs)
    [found] = evaluate([xs], [gradient], [np.ones((steps, 1, 1))])
    seen = np.flatnonzero(found)
    assert seen[0] == steps - receptive_field(window, depth)
    assert seen[-1] == steps - 1


def test_dropped_channel_is_dropped_at_every_step():
    xs, masks = RNG.normal(size=(T, B, D)), np.ones((2, B, C))
    masks[1, 0, 2] = 0  # of the second convolution, first image
    ys, tcn = tcn_on(xs, masks, depth=1, window=2)
    w_skip, b_skip = (param.get_value() for param in tcn.params[-2:])
    around = np.maximum(xs @ w_skip + b_skip, 0)
    assert_all_close([ys[:, 0, 2]], [around[:, 0, 2]], 1e-12)


def test_gradient_of_every_parameter_agrees_with_central_differences():
    xs, masks = RNG.normal(size=(5, B, D)), RNG.uniform(size=(4, B, C))
    tcn = small_tcn(depth=2, window=2)
    weights = RNG.normal(size=(5, B, C))
    loss = (tcn.outputs(pt.as_tensor(xs), pt.as_tensor(masks)) * weights).sum()
    function = pytensor.function([], [loss, *pytensor.grad(loss, tcn.params)], mode=FEW_REWRITES)
    gradients = [np.array(value) for value in function()[1:]]
    for param, gradient in zip(tcn.params, gradients, strict=True):
        direction, value = RNG.normal(size=gradient.shape), param.get_value()
        sides = []
        for step in (1e-6, -1e-6):
            param.set_value(value + step * direction)
            sides.append(float(function()[0]))
        param.set_value(value)
        slope = (sides[0] - sides[1]) / 2e-6
        assert abs(slope - (gradient * direction).sum()) < 1e-6 * max(1, abs(slope))


def test_parameters_do_not_grow_in_number_with_depth():
    counts = [len(TCN.create(D, C, depth=n, window=2, rng=0).params) for n in (1, 5)]
    assert counts == [8, 8]


def test_graph_of_a_convolution_with_its_gradient_stays_small():
    def nodes(depth):
        tcn = TCN.create(D, C, depth=depth, window=3, rng=0)
        xs, masks = pt.tensor("xs", shape=(T, B, D)), pt.tensor("masks", shape=(2 * depth, B, C))
        loss = tcn.outputs(xs, masks).sum()
        function = pytensor.function([xs, masks], [loss, *pytensor.grad(loss, tcn.params)])
        return graph_size(function).nodes

    assert (nodes(4) - nodes(2)) / 4 <= 35


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of at least 1, but is 0"),
        ({"window": True}, "window must be a whole number of at least 1, but is True"),
        ({"channels": 2.0}, "channels must be a whole number of at least 1, but is 2.0"),
    ],
)
def test_wrong_size_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        TCN.create(**{"input_size": 2, "channels": 2, "depth": 1, "window": 2, "rng": 0} | options)


def test_window_of_one_is_a_product_at_each_step():
    xs, w = RNG.normal(size=(T, B, D)), RNG.normal(size=(D, C))
    ys = causal_conv(pt.as_tensor(xs), pt.as_tensor(w), window=1, dilation=4)
    assert_all_close(evaluate([], [ys], []), [xs @ w], 1e-12)
