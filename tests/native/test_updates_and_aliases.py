"""Shared variables, outputs that are inputs, outputs twice: nobody's memory is changed who didn't ask for it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import PLAIN

pytestmark = pytest.mark.usefixtures("cold")

A, B = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12.0).reshape(2, 3)


def swapped(p, q, x):
    return [x.sum()], {p: q, q: p}


def swapped_turned(p, q, x):
    return [p + q], {p: q[:, ::-1], q: p[::-1]}


def increased_in_place(p, q, x):
    return [p[0] * 2], {p: pt.inc_subtensor(p[0], x[1]), q: pt.set_subtensor(q[:, 1:], q[:, :-1])}


def from_the_other(p, q, x):
    return [p, q], {p: p + q, q: q - p}


def set_to_an_input(p, q, x):
    return [p * x], {p: x, q: x.T.T}


def set_to_one_expression(p, q, x):
    new = p * 0.5 + x
    return [new, new.sum()], {p: new, q: new}


def set_to_parts_of_one(p, q, x):
    both = pt.concatenate([p, x + 1])
    return [both], {p: both[:2], q: both[2:]}


def set_to_a_constant(p, q, x):
    return [p], {p: pt.zeros((2, 3)), q: pt.ones_like(q)}


def outputs_twice(p, q, x):
    y = pt.tanh(x)
    return [y, y, x, x, p, p, y.T], {p: y}


def momentum(p, q, x):
    gradient = pt.grad(((p * x) ** 2).sum(), p)
    velocity = 0.9 * q - 0.1 * gradient
    return [(p * x).sum()], {q: velocity, p: p + velocity}


UPDATES = [
    swapped, swapped_turned, increased_in_place, from_the_other, set_to_an_input, set_to_one_expression,
    set_to_parts_of_one, set_to_a_constant, outputs_twice, momentum,
]  # fmt: skip


def trajectory(build, mode, borrow):
    """Outputs and shared values of four calls, and whether the argument stayed what it was."""
    p, q = (pytensor.shared(a.copy(), borrow=borrow) for a in (A, B))
    x = pt.matrix("x")
    outputs, updates = build(p, q, x)
    outputs = [pytensor.Out(pt.as_tensor(out), borrow=borrow) for out in outputs]
    f = pytensor.function(
        [pytensor.In(x, borrow=borrow)],
        outputs,
        updates=updates,
        mode=mode,
        on_unused_input="ignore",
    )
    found = []
    for k in range(4):
        given = A - k
        found += [np.array(out) for out in f(given)]
        found += [np.array(s.get_value(borrow=borrow)) for s in (p, q)]
        np.testing.assert_array_equal(given, A - k)
    return found


@pytest.mark.parametrize("borrow", [False, True])
@pytest.mark.parametrize("build", UPDATES, ids=lambda build: build.__name__)
def test_shared_values_follow_the_python_linkers(build, borrow):
    for got, right in zip(
        trajectory(build, "NATIVE", borrow), trajectory(build, PLAIN, borrow), strict=True
    ):
        np.testing.assert_allclose(got, right, rtol=1e-12)


def test_outputs_of_earlier_calls_keep_their_values():
    """Arrays that are used again are those that nobody holds any more."""
    x = pt.vector("x")
    f = pytensor.function([x], [x * 2, (x * 3)[::-1]], mode="NATIVE")
    kept = [f(np.full(4, float(k))) for k in range(10)]
    for k, (double, triple) in enumerate(kept):
        np.testing.assert_array_equal(double, np.full(4, 2.0 * k))
        np.testing.assert_array_equal(triple, np.full(4, 3.0 * k))


def test_a_view_of_an_output_keeps_its_values():
    x = pt.vector("x")
    f = pytensor.function([x], x * 2, mode="NATIVE")
    views = [f(np.full(4, float(k)))[1:3] for k in range(10)]
    for k, view in enumerate(views):
        np.testing.assert_array_equal(view, [2.0 * k, 2.0 * k])


def test_outputs_that_are_one_value_are_different_arrays():
    x = pt.vector("x")
    y = x * 2
    first, second, third = pytensor.function([x], [y, y, y.copy()], mode="NATIVE")([1.0, 2.0])
    first += 10
    np.testing.assert_array_equal(second, [2.0, 4.0])
    np.testing.assert_array_equal(third, [2.0, 4.0])


def test_an_output_that_is_an_input_is_a_copy():
    x = pt.vector("x")
    given = np.array([1.0, 2.0])
    f = pytensor.function([x], [x, x[::-1]], mode="NATIVE")
    same, turned = f(given)
    same += 1
    turned += 1
    np.testing.assert_array_equal(given, [1.0, 2.0])


def test_a_shared_value_that_was_taken_stays():
    p = pytensor.shared(np.zeros(3))
    f = pytensor.function([], p.sum(), updates={p: p + 1}, mode="NATIVE")
    f()
    taken = p.get_value(borrow=True)
    f()
    np.testing.assert_array_equal(p.get_value(), [2.0, 2.0, 2.0])
    assert set(taken.tolist()) in ({1.0}, {2.0})  # borrowed: either, but not both
    own = p.get_value()
    f()
    np.testing.assert_array_equal(own, [2.0, 2.0, 2.0])


def test_a_mutable_input_may_be_given_again():
    x = pt.vector("x")
    f = pytensor.function(
        [pytensor.In(x, mutable=True)], pt.set_subtensor(x[0], 5.0) * 2, mode="NATIVE"
    )
    for _ in range(2):
        np.testing.assert_array_equal(f(np.array([1.0, 2.0])), [10.0, 4.0])
