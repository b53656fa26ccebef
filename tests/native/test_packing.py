"""Products in loops: which read panels that were laid out before the loop, and that they come to the same numbers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.native import module
from symrnn.native.program import Contraction, Gemm, Loop, statements
from symrnn.native.report import native_programs

pytestmark = pytest.mark.usefixtures("cold")

STEPS = 9


def recurrence(product, shape, *weights, dtype="float64"):
    """``hs`` of ``h := tanh(x + mean of product(h, *weights))`` from zeros, with inputs ``xs`` and the weights."""
    xs = pt.tensor("xs", shape=(None, *shape), dtype=dtype)

    def step(x, h, *weights):
        made = product(h, *weights)
        return pt.tanh(x + made.mean(dtype=dtype)), made

    start = pt.zeros(shape, dtype=dtype)
    hs, products = pytensor.scan(step, xs, [start, None], weights, return_updates=False)
    return [xs, *weights], [hs, products]


def compared(inputs, outputs, *values):
    """A native function after a call, whose results are those of Python."""
    native = pytensor.function(inputs, outputs, mode="NATIVE")
    plain = pytensor.function(inputs, outputs, mode=pytensor.compile.mode.Mode("py", None))
    rtol = 1e-4 if values[0].dtype == "float32" else 1e-10
    for a, b in zip(native(*values), plain(*values), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    return native


def in_loops(function):
    """The statements that loops of its only program hold."""
    [program] = native_programs(function.vm.jit_fn)
    loops = [s for s in program.lowered.routine.body if isinstance(s, Loop)]
    return [type(s) for loop in loops for s in statements(loop.body)]


def normal(*shape, dtype="float64"):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


PRODUCTS = {
    "rows": (lambda h, w: h @ w, lambda b, k, n: ((b, k), (k, n))),
    "rows by the transpose": (lambda h, w: h @ w.T, lambda b, k, n: ((b, k), (n, k))),
    "a vector": (lambda h, w: h @ w, lambda b, k, n: ((k,), (k, n))),
    "by a vector": (lambda h, w: w @ h, lambda b, k, n: ((k,), (n, k))),
}


@pytest.mark.parametrize("extents", [(1, 3, 64), (5, 16, 16), (9, 4, 300), (17, 2, 37)])
@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_matrix_that_stays_is_read_from_panels(name, dtype, extents):
    product, shapes = PRODUCTS[name]
    state, matrix = shapes(*extents)
    w = pt.tensor("w", shape=matrix, dtype=dtype)
    graph = recurrence(product, state, w, dtype=dtype)
    function = compared(*graph, normal(STEPS, *state, dtype=dtype), normal(*matrix, dtype=dtype))
    found = in_loops(function)
    assert Contraction in found
    assert Gemm not in found


def test_columns_of_several_are_left_to_blas():
    w = pt.tensor("w", shape=(6, 6))
    graph = recurrence(lambda h, w: w @ h, (6, 4), w)
    function = compared(*graph, normal(STEPS, 6, 4), normal(6, 6))
    assert Gemm in in_loops(function)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_registers_of_any_width_come_to_the_same_numbers(width, monkeypatch):
    monkeypatch.setattr(module, "vector_bytes", lambda: width)
    w = pt.tensor("w", shape=(6, 45))
    compared(*recurrence(lambda h, w: h @ w, (11, 6), w), normal(STEPS, 11, 6), normal(6, 45))


def test_two_products_by_one_matrix_share_its_panels():
    w = pt.tensor("w", shape=(8, 8))
    graph = recurrence(lambda h, w: (h @ w) @ w, (4, 8), w)
    function = compared(*graph, normal(STEPS, 4, 8), normal(8, 8))
    [program] = native_programs(function.vm.jit_fn)
    inside = [s for s in statements(program.lowered.routine.body) if isinstance(s, Contraction)]
    assert len(inside) == 2
    assert len({s.right.buffer for s in inside}) == 1


def test_a_matrix_that_steps_change_is_read_where_it_is():
    xs, w = pt.tensor("xs", shape=(STEPS, 4, 8)), pt.tensor("w", shape=(8, 8))
    products, ws = pytensor.scan(lambda x, w: (x @ w, w / 2), xs, [None, w], return_updates=False)
    function = compared([xs, w], [products, ws], normal(STEPS, 4, 8), normal(8, 8))
    found = in_loops(function)
    assert Gemm in found
    assert Contraction not in found


def test_a_matrix_of_each_step_is_read_where_it_is():
    ws = pt.tensor("ws", shape=(STEPS, 8, 8))
    hs = pytensor.scan(lambda w, h: pt.tanh(h @ w), ws, pt.ones((4, 8)), return_updates=False)
    function = compared([ws], [hs], normal(STEPS, 8, 8))
    assert Contraction not in in_loops(function)


def test_few_steps_are_left_to_blas():
    w = pt.tensor("w", shape=(8, 8))
    graph = recurrence(lambda h, w: h @ w, (4, 8), w)
    function = compared(*graph, normal(7, 4, 8), normal(8, 8))
    assert Contraction not in in_loops(function)


def test_a_loop_within_a_loop_lays_out_the_matrix_of_each_outer_step():
    xs = pt.tensor("xs", shape=(STEPS, 3, 8))
    ws = pt.tensor("ws", shape=(2, 8, 8))

    def layer(w, xs):
        start = pt.zeros((3, 8))
        return pytensor.scan(lambda x, h, w: pt.tanh(x + h @ w), xs, start, w, return_updates=False)

    ys = pytensor.scan(layer, ws, xs, return_updates=False)
    function = compared([xs, ws], [ys[-1]], normal(STEPS, 3, 8), normal(2, 8, 8))
    found = in_loops(function)
    assert found.index(Loop) > 0  # the inner one, after what lays out
    assert Contraction in found
    assert Gemm not in found


def test_a_batch_of_any_size_is_left_to_blas():
    w = pt.tensor("w", shape=(8, 8))
    xs = pt.tensor("xs", shape=(None, None, 8))
    start = pt.zeros((xs.shape[1], 8))
    hs = pytensor.scan(lambda x, h, w: pt.tanh(x + h @ w), xs, start, w, return_updates=False)
    inputs = [xs, w]
    native = pytensor.function(inputs, hs, mode="NATIVE")
    plain = pytensor.function(inputs, hs, mode=pytensor.compile.mode.Mode("py", None))
    for t, b in ((9, 4), (10, 5), (12, 17)):
        values = normal(t, b, 8), normal(8, 8)
        np.testing.assert_allclose(native(*values), plain(*values), rtol=1e-10, atol=1e-12)
    first, second = (
        {type(s) for s in statements(program.lowered.routine.body)}
        for program in native_programs(native.vm.jit_fn)
    )
    assert Contraction in first
    assert Contraction not in second
