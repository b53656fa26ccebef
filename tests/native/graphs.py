"""Graphs that between them become every kind of statement, with arguments to call them with.

Each is a function from nothing to ``(inputs, outputs, calls)``; a call is a list of arrays. Where calls differ in
extents, these become parameters.
"""

import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.scan.utils import until

from symrnn.cells import LSTMCell
from symrnn.native.inlined import IfElse
from symrnn.unroll import stack


def normal(*shape, dtype="float64", seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def ragged(*ranks, dtype="float64"):
    """Arrays of three sets of extents."""
    return [[normal(*(n + i for i in range(r)), dtype=dtype) for r in ranks] for n in (5, 7, 9)]


def elementwise():
    x, y = pt.matrix("x"), pt.vector("y")
    return (
        [x, y],
        [pt.tanh(x) * y + pt.exp(-(x**2)), pt.switch(x > y, x, -1), x.T],
        [[normal(n, 6), normal(6)] for n in (4, 5, 9)],
    )


def single_precision():
    x = pt.fmatrix("x")
    return [x], [pt.sigmoid(x) * pt.log1p(abs(x)), x.sum(axis=0)], ragged(2, dtype="float32")


def whole_numbers():
    x, y = pt.imatrix("x"), pt.lvector("y")
    a = np.arange(-12, 12, dtype="int32").reshape(4, 6)
    b = np.array([3, -2, 5, 1, 7, -9])
    outputs = [x // y, x % y, x * y > 3, pt.eq(x, 2) | (x < 0), (x & 6).sum(axis=0), x.prod(axis=1)]
    return [x, y], outputs, [[a, b]]


def reductions():
    x = pt.tensor3("x")
    axes = [None, 0, 1, 2, (0, 1), (0, 2), (1, 2)]
    outputs = [(x * x).sum(axis=a) for a in axes] + [x.max(axis=a) for a in axes]
    return [x], [*outputs, x.prod(axis=1), pt.all(x > 0, axis=0)], [
        [normal(4, 9, 300)], [normal(5, 9, 300)], [normal(5, 10, 520)]
    ]  # fmt: skip


def softmax():
    x = pt.matrix("x")
    outputs = [pt.special.softmax(x, axis=a) for a in (0, 1, None)]
    return [x], [*outputs, pt.special.log_softmax(x, axis=1)], ragged(2)


def argmax():
    x, y = pt.matrix("x"), pt.imatrix("y")
    a = normal(6, 7)
    a[2, 3] = a[4, 4] = np.nan
    ints = np.random.default_rng(0).integers(-3, 3, (6, 7)).astype("int32")
    outputs = [pt.argmax(v, axis=axis) for v in (x, y, x > 0) for axis in (0, 1, None)]
    return [x, y], outputs, [[a, ints], [a[1:], ints[1:]]]


def joins():
    x, y = pt.matrices("xy")
    return (
        [x, y],
        [pt.concatenate([x + 1, y * 2, x], axis=1), pt.stack([x, x * y])],
        [[normal(n, 4, seed=1), normal(n, 4, seed=2)] for n in (3, 5, 6)],
    )


def products():
    x, y, v = pt.matrix("x"), pt.matrix("y"), pt.vector("v")
    outputs = [x @ y, (x.T @ x) @ y, x @ v, v @ y, v @ v, y.T @ x.T, pt.outer(v, v) @ y]
    return [x, y, v], outputs, [[normal(m, 5), normal(5, 3), normal(5)] for m in (4, 6, 1)]


def stacks():
    x, y = pt.tensor3s("xy")
    return (
        [x, y],
        [x @ y, pt.matmul(x, y).sum()],
        [[normal(n, 3, 4), normal(n, 4, 2)] for n in (2, 6, 7)],
    )


def integer_products():
    x, y = pt.imatrix("x"), pt.lmatrix("y")
    a = np.arange(12, dtype="int32").reshape(3, 4)
    return [x, y], [x @ y], [[a, np.arange(8).reshape(4, 2)]]


def scan():
    xs, h0, w = pt.matrix("xs"), pt.vector("h0"), pt.matrix("w")
    hs = pytensor.scan(lambda x, h, w: pt.tanh(x + h @ w), xs, h0, w, return_updates=False)
    gradients = pt.grad((hs**2).sum(), [w, h0])
    return (
        [xs, h0, w],
        [hs, hs[-1], *gradients],
        [[normal(n, 4), normal(4), normal(4, 4)] for n in (5, 6, 8)],
    )


def looked_up_products():
    """More rows of a table times weights than the table has, with the gradients with respect to both."""
    e, w, i = pt.matrix("e"), pt.matrix("w"), pt.lvector("i")
    product = e[i] @ w
    calls = [[normal(7, 9), normal(9, 4), np.arange(n) % 7] for n in (40, 50, 60)]
    return [e, w, i], [product, *pt.grad((product**3).sum(), [e, w])], calls


def recurrent_products():
    """States times weights that no step changes, from either side, through enough steps for panels; a gradient."""
    xs, h0, w, u = pt.tensor3("xs"), pt.matrix("h0"), pt.matrix("w"), pt.matrix("u")

    def step(x, h, w, u):
        return pt.tanh(x + (h @ w) @ u + (w.T @ h.T).sum())

    hs = pytensor.scan(step, xs, h0, [w, u], return_updates=False)
    shapes = [[(t, 9, 5), (9, 5), (5, 21), (21, 5)] for t in (9, 10, 12)]
    return (
        [xs, h0, w, u],
        [hs, *pt.grad((hs**2).sum(), [w, u])],
        [[0.3 * normal(*shape, seed=i) for i, shape in enumerate(each)] for each in shapes],
    )


def scan_with_taps():
    start, n = pt.vector("start"), pt.lscalar("n")
    out = pytensor.scan(
        lambda a, b: a + 0.5 * b,
        outputs_info=[{"initial": start, "taps": [-2, -1]}],
        n_steps=n,
        return_updates=False,
    )
    return [start, n], [out, out[-1]], [[np.array([1.0, 2.0]), np.array(n)] for n in (7, 8, 9)]


def scan_that_stops():
    x = pt.scalar("x")
    out = pytensor.scan(
        lambda a: (a * 2, until(a > 40)),
        outputs_info=[x],
        n_steps=20,
        return_updates=False,
    )
    return [x], [out, out[-1]], [[np.array(1.0)], [np.array(50.0)]]


def scan_that_calls_python():
    xs, h0 = pt.matrix("xs"), pt.vector("h0")
    hs = pytensor.scan(lambda x, h: pt.sort(x + h) * 0.5, xs, h0, return_updates=False)
    return [xs, h0], [hs], [[normal(n, 4), normal(4)] for n in (5, 6, 8)]


def indexing():
    x, i, idx = pt.matrix("x"), pt.lscalar("i"), pt.lvector("idx")
    outputs = [x[i], x[::-2, 1:], x[idx], x[idx, idx] + 1, pt.set_subtensor(x[i, 1:], 0.0)]
    outputs += [pt.inc_subtensor(x[idx], x[0]), x[:, i] * 2]
    return (
        [x, i, idx],
        outputs,
        [[normal(n, 5), np.array(-2), np.array([0, 2, 2, -1])] for n in (4, 6, 7)],
    )


def branches():
    x, c = pt.vector("x"), pt.bscalar("c")
    [out] = IfElse(1)(c, pt.exp(x).cumsum(), x * 2, return_list=True)
    return [x, c], [out + 1], [[normal(4), np.array(c, "int8")] for c in (0, 1)]


def called_functions():
    x = pt.vector("x")
    return [x], [pt.gammaln(abs(x) + 1), abs(x) ** 1.7, pt.sin(x), pt.erf(x)], ragged(1)


def random_walk():
    """Steps that draw from a generator that goes on; each call begins with the same one."""
    n, rng = pt.lscalar("n"), pytensor.shared(np.random.default_rng(5))

    def step(h, rng):
        rng_1, draw = pt.random.normal(abs(h), 1.5, rng=rng, return_next_rng=True)
        rng_2, often = pt.random.poisson(abs(draw), rng=rng_1, return_next_rng=True)
        return [draw, often], {rng: rng_2}

    with warnings.catch_warnings(
        action="ignore"
    ):  # other ways to take a generator on differ by version
        (walk, often), _ = pytensor.scan(step, [], [pt.zeros(3), None], [rng], n_steps=n)
    return [n], [walk, often], [[5], [7], [9]]


def bidirectional_lstm():
    """Two layers of symrnn, with the gradient."""
    xs, loss, params = lstm_layers(2, inputs=3, hidden=4)
    return (
        [xs],
        [loss, *pt.grad(loss, params)],
        [[normal(t, 2, 3, dtype="float32")] for t in (5, 6, 8)],
    )


def lstm_layers(count, inputs, hidden):
    """``(xs, loss, params)`` of bidirectional layers in single precision."""
    with pytensor.config.change_flags(floatX="float32"):
        xs, layers, params = pt.tensor("xs", shape=(None, None, inputs), dtype="float32"), [], []
        for i in range(count):
            width = 2 * hidden if i else inputs
            layers.append(
                [LSTMCell.create(width, hidden, rng=2 * i + k, name=f"{i}{k}.") for k in (0, 1)]
            )
            params += [p for cell in layers[-1] for p in cell.params]
        loss = (stack(layers, xs) ** 2).mean()
    return xs, loss, params


GRAPHS = [
    elementwise, single_precision, whole_numbers, reductions, softmax, argmax, joins, products, stacks,
    integer_products, looked_up_products, scan, recurrent_products, scan_with_taps, scan_that_stops,
    scan_that_calls_python, indexing, branches, called_functions, random_walk, bidirectional_lstm,
]  # fmt: skip
