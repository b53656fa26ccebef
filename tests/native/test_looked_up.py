"""Products of rows that are looked up: where the table is multiplied instead, and that it comes to the same numbers."""

from math import prod

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import AS_BUILT, PLAIN

from symrnn.native.program import Gemm, Loop, statements
from symrnn.native.report import native_programs

pytestmark = pytest.mark.usefixtures("cold")

R, V, K, N = 60, 7, 9, 5


def normal(*shape, dtype="float64"):
    return np.random.default_rng(prod(shape)).normal(size=shape).astype(dtype)


def numbers(*shape):
    """Indices, some counted from the end; the last row is never looked up."""
    rng = np.random.default_rng(prod(shape))
    return rng.integers(V - 1, size=shape) - V * rng.integers(2, size=shape)


def symbols_of(dtype):
    names = {"e": 2, "w": 2, "g": 2, "i": 1, "j": 2}
    return {
        name: pt.tensor(name, shape=(None,) * rank, dtype="int64" if name in "ij" else dtype)
        for name, rank in names.items()
    }


def values(dtype, rows=R, depth=K):
    return {
        "e": normal(V, depth, dtype=dtype),
        "w": normal(depth, N, dtype=dtype),
        "g": normal(rows, N, dtype=dtype),
        "i": numbers(rows),
        "j": numbers(4, rows // 4),
    }


def compared(outputs, inputs, given, mode="NATIVE"):
    """A native function after a call, whose results are those of Python."""
    native, plain = (
        pytensor.function(list(inputs.values()), outputs, mode=m, on_unused_input="ignore")
        for m in (mode, PLAIN)
    )
    called = [given[name] for name in inputs]
    rtol = 1e-4 if given["e"].dtype == "float32" else 1e-10
    for a, b in zip(native(*called), plain(*called), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    return native


def rows_multiplied(function):
    """The largest extent of each product of a native function's last program."""
    body = native_programs(function.vm.jit_fn)[-1].lowered.routine.body
    made = [s for s in statements(body) if isinstance(s, Gemm)]
    return [max(int(n) for w in (s.left, s.right) for n in w.shape) for s in made]


def loops_over_rows(function):
    body = native_programs(function.vm.jit_fn)[-1].lowered.routine.body
    return sum(isinstance(s, Loop) for s in body)


def gradients(product, e, w, g):
    return pt.grad((product * g).sum(), [e, w])


PRODUCTS = {  # name: (what is computed, products, loops over rows)
    "rows": (lambda e, w, g, i, j: [e[i] @ w], 1, 1),
    "columns": (lambda e, w, g, i, j: [w.T @ e[i].T], 1, 1),
    "rows of rows": (lambda e, w, g, i, j: [e[j] @ w], 1, 1),
    "rows that are given as well": (lambda e, w, g, i, j: [e[i], e[i] @ w], 1, 2),
    "rows that are added elsewhere before": (
        lambda e, w, g, i, j: [e[i] @ (w + pt.inc_subtensor((2 * e)[i[::-1]], e[i])[0, 0])], 1, 3
    ),
    "rows of a matrix turned": (lambda e, w, g, i, j: [e.T[:, i].T @ w, w.T @ e.T[:, i]], 2, 2),
    "with respect to the weights": (lambda e, w, g, i, j: [e[i].T @ g], 1, 2),
    "of the weights turned": (lambda e, w, g, i, j: [g.T @ e[i]], 1, 2),
    "with respect to the table": (lambda e, w, g, i, j: gradients(e[i] @ w, e, w, g)[:1], 1, 2),
    "with respect to both": (lambda e, w, g, i, j: gradients(e[i] @ w, e, w, g), 2, 3),
    "with respect to both, rows of rows": (
        lambda e, w, g, i, j: gradients(pt.dot(e[j], w), e, w, g.reshape((4, -1, N))), 2, 3
    ),
    "all of it": (lambda e, w, g, i, j: [p := e[i] @ w, *gradients(p**2, e, w, g)], 3, 4),
    "added to a table": (lambda e, w, g, i, j: [pt.inc_subtensor(e[i], g @ w.T)], 1, 2),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_table_of_few_rows_is_multiplied_itself(name, dtype):
    build, products, loops = PRODUCTS[name]
    inputs = symbols_of(dtype)
    given = values(dtype)
    given["e"][V - 1] = np.nan, np.inf, *[1.0] * (K - 2)  # which nothing looks up
    f = compared(build(**inputs), inputs, given)
    found = rows_multiplied(f)
    assert len(found) == products
    assert max(found) < R // 4
    assert loops_over_rows(f) == loops


@pytest.mark.parametrize("name", ["with respect to the table", "added to a table"])
def test_rows_that_nothing_looks_up_stay_as_they_are(name):
    inputs, given = symbols_of("float64"), values("float64")
    given["w"][0, 0] = np.nan
    f = compared(PRODUCTS[name][0](**inputs), inputs, given)
    assert max(rows_multiplied(f)) < R
    [table] = f(*given.values())
    assert np.isnan(table[: V - 1, 0]).all()
    assert np.isfinite(table[V - 1]).all()


@pytest.mark.parametrize(
    ("rows", "depth", "largest"),
    [(V, K, [K] * 3), (10, K, [10] * 3), (R, 1, [R] * 3), (R, 4, [R] * 3), (0, K, [])],
)
def test_rows_are_multiplied_where_copying_them_is_as_much_work(rows, depth, largest):
    inputs = symbols_of("float64")
    e, w, g, i = (inputs[name] for name in "ewgi")
    f = compared(
        [e[i] @ w, *gradients(e[i] @ w, e, w, g)], inputs, values("float64", rows=rows, depth=depth)
    )
    assert rows_multiplied(f) == largest


def rows_changed(e, w, g, i, j):
    return [pt.set_subtensor(e[i][0], 0.0) @ w]


def table_changed(e, w, g, i, j):
    table = pt.exp(e)
    rows = table[i]
    later = pt.set_subtensor(table[0], rows.sum(axis=0))
    return [rows @ (w + later.sum())]


def factor_changed(e, w, g, i, j):
    factor = pt.exp(g)
    product = factor @ w.T
    later = pt.set_subtensor(factor[0], 1.0)
    return [pt.inc_subtensor((e * later.sum())[i], product)]  # what is added comes first


def index_changed(e, w, g, i, j):
    index = i + 1
    rows = e[index]
    later = pt.set_subtensor(index[0], pt.argmax(rows[0]) % 2)
    return [rows @ (w + later.sum())]


def product_read(e, w, g, i, j):
    product = g @ w.T
    return [product, pt.inc_subtensor(e[i], product)]


def rows_scaled(e, w, g, i, j):
    return [(2 * e[i]) @ w, pt.inc_subtensor(e[i], 2 * (g @ w.T))]


def table_repeated(e, w, g, i, j):
    return [pt.alloc(e[0], V, K)[i] @ w]


def table_turned_round(e, w, g, i, j):
    return [e[::-1][i] @ w]


@pytest.mark.parametrize(
    "build",
    [
        table_repeated,
        table_turned_round,
        rows_changed,
        table_changed,
        factor_changed,
        index_changed,
        product_read,
        rows_scaled,
    ],
    ids=lambda build: build.__name__,
)
def test_what_changes_meanwhile_or_is_needed_itself_is_multiplied_as_it_is(build):
    inputs = symbols_of("float64")
    f = compared(build(**inputs), inputs, values("float64"), mode=AS_BUILT)
    assert set(rows_multiplied(f)) == {R}


@pytest.mark.parametrize("name", ["rows", "with respect to the weights", "added to a table"])
def test_an_index_beyond_the_table_is_refused(name):
    inputs = symbols_of("float64")
    f = compared(PRODUCTS[name][0](**inputs), inputs, values("float64"))
    for wrong in (V, -V - 1):
        given = values("float64")
        given["i"][R // 2] = wrong
        with pytest.raises(IndexError):
            f(*(given[name] for name in inputs))


def test_batches_of_any_size_have_a_program_for_many_rows_and_one_for_few():
    inputs = symbols_of("float64")
    outputs = PRODUCTS["all of it"][0](**inputs)
    native, plain = (
        pytensor.function(list(inputs.values()), outputs, mode=mode, on_unused_input="ignore")
        for mode in ("NATIVE", PLAIN)
    )
    programs = []
    for rows in (40, 60, 80, 100, 8, 12, 100):
        called = list(values("float64", rows=rows).values())
        for a, b in zip(native(*called), plain(*called), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
        programs.append(len(native_programs(native.vm.jit_fn)))
    assert programs == [1, 2, 2, 2, 3, 3, 3]
