"""fo-pooling: the paper's recurrence, a gradient without products, and one scan each way."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import FEW_REWRITES, assert_all_close, evaluate
from pytensor.scan.op import Scan
from pytensor.tensor.math import Dot

from symrnn.errors import UserError
from symrnn.ops.fo_pool import fo_pool, linear_recurrence, linear_recurrence_plain

RNG = np.random.default_rng(0)


def drawn(steps):
    """z, f, o and the state before."""
    return [
        RNG.normal(size=(steps, 2, 3)),
        RNG.random((steps, 2, 3)),
        RNG.random((steps, 2, 3)),
        RNG.normal(size=(2, 3)),
    ]


@pytest.mark.parametrize("steps", [1, 4])
def test_pooling_forgets_takes_in_and_puts_out(steps):
    symbols = [pt.tensor3(name) for name in "zfo"] + [pt.matrix("c")]
    zs, fs, os, c = values = drawn(steps)
    hs, last = evaluate(symbols, fo_pool(*symbols), values)
    for t in range(steps):
        c = fs[t] * c + (1 - fs[t]) * zs[t]
        np.testing.assert_allclose(hs[t], os[t] * c, rtol=1e-12)
    np.testing.assert_allclose(last, c, rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 4])
def test_gradient_is_that_of_the_plain_scan_and_has_a_scan_each_way(steps):
    symbols = [pt.tensor3("factors"), pt.tensor3("xs"), pt.matrix("initial")]
    _, *values = drawn(steps)
    found = []
    for form in (linear_recurrence, linear_recurrence_plain):
        loss = (form(*symbols) ** 3).sum()
        found.append([loss, *pytensor.grad(loss, symbols)])
    function = pytensor.function(symbols, found[0], mode=FEW_REWRITES)
    assert_all_close(
        [np.asarray(v) for v in function(*values)], evaluate(symbols, found[1], values), 1e-12
    )
    scans = [n.op for n in function.maker.fgraph.apply_nodes if isinstance(n.op, Scan)]
    assert len(scans) == 2
    within = [node.op for op in scans for node in op.fgraph.apply_nodes]
    assert not any(isinstance(op, Dot) for op in within)


def test_a_second_derivative_is_that_of_the_formula():
    factor = pt.scalar("factor")
    # two steps from 0 on ones: c = 1, then factor + 1
    ones = pt.ones((2, 1, 1))
    last = linear_recurrence(factor * ones, ones, pt.zeros((1, 1)))[-1, 0, 0]
    first = pytensor.grad(last**3, factor)
    second = pytensor.grad(first, factor)
    [value] = evaluate([factor], [second], [2.0])
    np.testing.assert_allclose(value, 6 * 3.0, rtol=1e-12)


def test_wrong_axes_and_dtypes_are_one_sentence():
    xs, state = pt.tensor3("xs"), pt.matrix("state")
    with pytest.raises(UserError, match="initial must have 2 axes and the dtype of xs"):
        linear_recurrence(xs, xs, xs)
    with pytest.raises(UserError, match="factors must have 3 axes and the dtype of xs"):
        linear_recurrence(pt.tensor3("f", dtype="float32"), xs.astype("float64"), state)
