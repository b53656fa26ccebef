"""What only looks like a duplicate is never accused."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import PYTHON, SIZE, even_nesterov, layer, loss_of, stack, weights

from symrnn.duplicates.found import duplicates

xs, ys = pt.tensor3("xs"), pt.tensor3("ys")


def tied(cell, p):
    """Both layers have the same weights; the second is fed the first."""
    hs = layer(cell, xs, *p[:2])
    return hs, layer(cell, hs, *p[:2])


def with_step(advance, cell, p):
    return layer(cell, xs, *p[:2], advance=lambda cell, closure: advance)


def target(params):
    return [pytensor.shared(p.get_value(), name=f"target_{p}") for p in params]


def cast(p, dtype):
    return [q.astype(dtype) for q in p]


def taps(back):
    start = pt.zeros((2, xs.shape[1], SIZE))
    return lambda p: pytensor.scan(
        lambda z, h, w: pt.tanh(z + h @ w),
        xs @ p[0],
        outputs_info=[{"initial": start, "taps": [back]}],
        non_sequences=[p[1]],
        return_updates=False,
    )


def total(x, **options):
    start = pt.zeros(x.shape[1:])
    return pytensor.scan(lambda x, s: s + x, x, outputs_info=[start], return_updates=False)


def stacked_weights(p):
    both = pytensor.shared(np.stack([p[1].get_value()] * 2), name="both")
    return layer("tanh", xs, p[0], both[0]), layer("tanh", xs, p[0], both[1])


def differ(one, two):
    return lambda p: (with_step(one, "tanh", p), with_step(two, "tanh", p))


def reduced(name):
    """Recurrent weights whose rows are all the same: a matrix reduced over its first axis, or its last."""

    def build(p):
        rows = [getattr(p[1], name)(axis=axis)[None] for axis in (0, 1)]
        return [layer("tanh", xs, p[0], row * pt.ones((SIZE, 1))) for row in rows]

    return build


NEAR = {  # what looks alike and is not
    "other weights": lambda p: (layer("tanh", xs, *p[:2]), layer("tanh", xs, *target(p[:2]))),
    "other recurrent weights": lambda p: (
        layer("tanh", xs, p[0], p[1]),
        layer("tanh", xs, p[0], *target([p[1]])),
    ),
    "other input weights": lambda p: (
        layer("tanh", xs, p[0], p[1]),
        layer("tanh", xs, *target([p[0]]), p[1]),
    ),
    "weights swapped": lambda p: (layer("tanh", xs, p[0], p[1]), layer("tanh", xs, p[1], p[0])),
    "slices of stacked weights": stacked_weights,
    "tied layers": lambda p: tied("tanh", p),
    "two layers": lambda p: (stack("tanh", xs, weights("tanh", 2)),),
    "two directions": lambda p: (
        layer("tanh", xs, *p[:2]),
        layer("tanh", xs, *target(p[:2]), go_backwards=True)[::-1],
    ),
    "weights scaled by other weights": lambda p: (
        layer("tanh", xs, p[0], p[1]),
        layer("tanh", xs, p[0], p[1] * target([p[1]])[0]),
    ),
    "relu and tanh": differ(
        lambda z, h, w: pt.tanh(z + h @ w), lambda z, h, w: pt.maximum(z + h @ w, 0)
    ),
    "operands swapped": differ(
        lambda z, h, w: pt.tanh(z - h @ w), lambda z, h, w: pt.tanh(h @ w - z)
    ),
    "transposed weights": differ(
        lambda z, h, w: pt.tanh(z + h @ w), lambda z, h, w: pt.tanh(z + h @ w.T)
    ),
    "another constant in the step": differ(
        lambda z, h, w: 0.9 * h + pt.tanh(z + h @ w), lambda z, h, w: 0.8 * h + pt.tanh(z + h @ w)
    ),
    "another exponent": differ(
        lambda z, h, w: pt.tanh(z + h**2 @ w), lambda z, h, w: pt.tanh(z + h**3 @ w)
    ),
    "another gate": differ(
        lambda z, h, w: pt.tanh(z + (h @ w)[:, :1]), lambda z, h, w: pt.tanh(z + (h @ w)[:, 1:])
    ),
    "sums over different axes": reduced("sum"),
    "products over different axes": reduced("prod"),
    "means over different axes": reduced("mean"),
    "maxima over different axes": reduced("max"),
    "a row and a column": lambda p: (
        layer("tanh", xs, p[0], p[1] + p[2][None]),
        layer("tanh", xs, p[0], p[1] + p[2][:, None]),
    ),
    "another tap": lambda p: (taps(-1)(p), taps(-2)(p)),
    "another type": lambda p: (
        layer("tanh", xs, *p[:2]),
        layer(
            "tanh",
            xs.astype("float32"),
            *cast(p[:2], "float32"),
            initial=pt.zeros((2, SIZE), dtype="float32"),
        ),
    ),
    "sums of different data": lambda p: (total(xs), total(ys)),
    "a recurrence and its gradient": lambda p: pytensor.grad(loss_of("tanh", xs, p), p),
    "cells of one size": lambda p: (
        stack("gru", xs, weights("gru")),
        stack("lstm", xs, weights("lstm")),
    ),
}


@pytest.mark.parametrize("near", NEAR)
def test_near_miss_is_not_accused(near):
    assert duplicates(list(NEAR[near](weights("tanh")))) == []


@pytest.mark.parametrize(("cell", "layers"), [("tanh", 4), ("gru", 2), ("lstm", 1)])
def test_clean_training_graph_is_clean(cell, layers):
    params = weights(cell, layers)
    updates = even_nesterov(lambda p: loss_of(cell, xs, p), params, 0.1, 0.9)
    assert duplicates(list(updates.values())) == []


@pytest.mark.parametrize(
    "near", ["other weights", "relu and tanh", "tied layers", "two directions"]
)
def test_near_miss_is_not_accused_after_rewriting(near):
    function = pytensor.function([xs], list(NEAR[near](weights("tanh"))), mode=PYTHON)
    assert duplicates(function) == []
