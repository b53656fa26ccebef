"""Ops, constants and their gradients that PyTensor takes for equal and that are not, in a step and outside of it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, SameType
from pairs import GENERATORS, OLD, VALUES, XS, W, check, run, tanh
from pytensor.compile.builders import OpFromGraph
from pytensor.gradient import grad, zero_grad
from pytensor.tensor.random.op import RandomVariable

from symrnn.duplicates.explained import explanation
from symrnn.duplicates.share import share_recurrences


class Slope(SameType):
    """An op that keeps a number for its gradient out of its props, as PyTensor's GradClip does."""

    def __init__(self, slope):
        self.slope = slope

    def perform(self, node, inputs, outputs):
        outputs[0][0] = inputs[0].copy()

    def pullback(self, inputs, outputs, gradients):
        return [self.slope * gradients[0]]


class Sign(SameType):
    """An op without a gradient."""

    def perform(self, node, inputs, outputs):
        outputs[0][0] = np.sign(inputs[0])


def applied(function):
    """A function on a step's result."""
    return lambda: run(lambda x, h, w: function(tanh(x, h, w)))


def angle(zero):
    """A step that tells zeros of either sign apart."""
    return applied(lambda h: h + pt.arctan2(zero, -1 - pt.abs(h)))


def rows(index):
    """Rows of the weight; of another rank, another axis is summed."""
    index = np.array(index)
    return lambda: run(lambda x, h, w: tanh(x, h, w) + w[index].sum(axis=1).max())


def drawing(name):
    """A step that draws by the method of a generator that has this name."""
    op = RandomVariable(name=name, signature="(),()->()", dtype="float64")
    options = {"rng": GENERATORS[0], "size": (2,), "return_next_rng": True}
    return applied(lambda h: h + op(0.5, 1.5, **options)[1])


def times(factor):
    return lambda inputs, outputs, gradients: [factor * gradients[0]]


def op_of(body, **options):
    x = pt.dvector("x")
    return OpFromGraph([x], [body(x)], **options)


def square(**options):
    return applied(lambda h: op_of(pt.sqr, **options)(h))


def square_in_an_op(factor):
    return applied(lambda h: op_of(lambda x: 1 + op_of(pt.sqr, pullback=times(factor))(x))(h))


def square_of(view):
    """Its gradient's gradient goes by a view."""
    return square(pullback=lambda inputs, outputs, given: [2 * view(inputs[0]) * given[0]])


def same(x):
    return x


EQUAL, APART = True, False
PAIRS = {  # what differs: (one scan, the other, whether they are one)
    "constant's dtype": (angle(np.float32(0.1)), angle(np.float64(0.1)), APART),
    "constant that is no number": (angle(np.nan), angle(np.nan), EQUAL),
    "constant's rank": (rows([0]), rows([[0]]), APART),
    "constant's rank, the same": (rows([[0]]), rows([[0]]), EQUAL),
    "start that is no number": (lambda: run(start=np.nan), lambda: run(start=np.nan), EQUAL),
    "distribution's name": (drawing("normal"), drawing("uniform"), APART),
    "distribution's name, the same": (drawing("normal"), drawing("normal"), EQUAL),
    "gradient of an op in an op": (square_in_an_op(2), square_in_an_op(3), APART),
    "gradient of an op in an op, the same": (square_in_an_op(2), square_in_an_op(2), EQUAL),
    "number of an op outside": (
        lambda: run(xs=Slope(2.0)(XS)),
        lambda: run(xs=Slope(3.0)(XS)),
        APART,
    ),
    "number of an op, the same": (applied(Slope(2.0)), applied(Slope(2.0)), EQUAL),
}
if OLD:  # since 3.3 both are one node before we see them
    PAIRS |= {
        "constant's sign": (angle(0.0), angle(-0.0), APART),
        "number of an op": (applied(Slope(2.0)), applied(Slope(3.0)), APART),
    }


@pytest.mark.parametrize("name", PAIRS)
def test_sharing_merges_what_is_equal_and_changes_no_gradient(name):
    # a gradient through a step that draws is not PyTensor's to give
    check(*PAIRS[name], of_values=name.startswith("distribution"))


def test_where_an_op_is_written_out_makes_no_difference():
    one, other = share_recurrences([square()(), square(inline=True)()])
    assert one is other


def test_zeros_of_either_sign_are_two_constants():
    def value(y):
        # One function each: PyTensor merges the two constants itself where they meet in one.
        return pytensor.function([XS, W], y, mode=FEW_REWRITES, on_unused_input="ignore")(*VALUES)

    outputs = [run(xs=pt.arctan2(zero, -1 - pt.abs(XS))) for zero in (0.0, -0.0)]
    alone = [value(y) for y in outputs]
    np.testing.assert_array_equal([value(y) for y in share_recurrences(outputs)], alone)
    assert not np.allclose(*alone)


def test_a_second_derivative_that_differs_keeps_scans_apart():
    def second(y):
        first = grad(y.sum(), W)
        return grad((first**2).sum(), W)

    one, other = square_of(same), square_of(zero_grad)
    shared = share_recurrences([one(), other()])
    assert shared[0] is not shared[1]
    found = pytensor.function([XS, W], [second(y) for y in shared], mode=FEW_REWRITES)(*VALUES)
    assert not np.allclose(*found)


def test_an_op_that_nothing_differentiates_is_shared_and_explained():
    outputs = [applied(op_of(Sign()))() for _ in range(2)]
    shared = share_recurrences(outputs)
    assert shared[0] is shared[1]
    assert explanation(outputs).startswith("2 recurrences in 2 scans, 1 of them computed again")


@pytest.mark.skipif(not OLD, reason="PyTensor 3.3 takes the ops for one before we see them")
def test_which_inputs_have_a_gradient_keeps_scans_apart():
    one, other = square(), square(connection_pattern=[[False]])
    shared = share_recurrences([one(), other()])
    assert shared[0] is not shared[1]
