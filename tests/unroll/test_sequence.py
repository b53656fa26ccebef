"""Where a layer takes its lengths from: what the op before it says of itself, never a position among its inputs."""

import numpy as np
import pytensor.tensor as pt
import pytest
from helpers import MODES, evaluate, make_cell

from symrnn.lasagne.layers.recurrence import batch_major
from symrnn.ops.assembled import AssembledOp, assembled
from symrnn.ops.pool import generous_maximum, pool
from symrnn.unroll import bidirectional, scan_unroll, stack, static_unroll
from symrnn.unroll.sequence import lengths_of

T, B, D = 5, 4, 6
XS = np.random.default_rng(0).normal(size=(T, B, D))


class Scaled:
    """An assembly of two numbers and a sequence, in the places where a layer has its lengths and its sequence."""

    visible, identity = 1, None

    def outputs(self, inputs):
        a, b, xs = inputs
        return [xs * a * b]

    def gradients(self, inputs, outputs, cotangents):
        a, b, xs = inputs
        [dys] = cotangents
        return [(dys * xs * b).sum(), (dys * xs * a).sum(), dys * a * b]

    def lengths(self, inputs):
        return []

    plain = outputs


NUMBERS = [pt.as_tensor(2.0, dtype="float64"), pt.as_tensor(0.5, dtype="float64")]
NO_LENGTHS = {  # name: what an assembled op that is no layer makes of xs
    "maximum": lambda xs: generous_maximum(xs, -xs),
    "pooled": lambda xs: pool(xs, 2, ties="each"),
    "scaled": lambda xs: assembled(Scaled(), [*NUMBERS, xs], name="Scaled")[0],
}


@pytest.mark.parametrize("name", NO_LENGTHS)
def test_layer_on_an_op_that_has_no_lengths_equals_autodiff(name):
    xs = pt.tensor("xs", shape=(None, None, D))
    between = NO_LENGTHS[name](xs)
    assert isinstance(between.owner.op, AssembledOp)
    cells = [make_cell("gru", between.type.shape[2] or 3, 2, rng=seed) for seed in (0, 1)]
    results = []
    for gradient in ("assembled", "autodiff"):
        ys = bidirectional(*cells, between, gradient=gradient)
        outputs = [ys, pt.grad((ys**2).sum(), xs)]
        results.append(evaluate([xs], outputs, [XS], mode=MODES[gradient]))
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NO_LENGTHS)
def test_lasagne_exchanges_the_axes_of_any_op(name):
    xs = pt.tensor("xs", shape=(None, None, D))
    between = NO_LENGTHS[name](xs)
    time_first, batch_first = evaluate([xs], [between, batch_major(between)], [XS])
    np.testing.assert_array_equal(batch_first, time_first.swapaxes(0, 1))


WALKS = {  # name: sequences that a layer puts out
    "scan": lambda cells, xs: scan_unroll(cells[0], xs),
    "static": lambda cells, xs: static_unroll(cells[0], xs, steps=T),
    "both ways": lambda cells, xs: bidirectional(*cells, xs),
    "equal layers": lambda cells, xs: stack([make_cell("gru", D, D, layers=2)], xs),
}


@pytest.mark.parametrize("name", WALKS)
@pytest.mark.parametrize("is_masked", [False, True])
def test_layer_on_a_layer_is_given_the_lengths_that_it_was_given(name, is_masked):
    xs, mask = pt.tensor("xs", shape=(None, None, D)), pt.matrix("mask")
    cells = [make_cell("gru", D, 2, rng=seed) for seed in (0, 1)]
    first = WALKS[name](cells, xs)
    second = scan_unroll(
        make_cell("gru", first.type.shape[2], 2), first, mask=mask if is_masked else None
    )
    steps, batch = lengths_of(first)
    assert lengths_of(second)[1] is batch
    # Where T was stated in the call, it is known from the outputs' type.
    assert lengths_of(second)[0] is steps or lengths_of(second)[0].data == first.type.shape[0] == T
    values = evaluate([xs], [steps, batch, *batch_major(first).shape[:2]], [XS])
    assert list(map(int, values)) == [T, B, B, T]
