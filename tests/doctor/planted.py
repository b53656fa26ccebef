"""One planted cause of every kind, each with a twin that is clean of it. ``# HERE`` stands where the cause is."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from helpers import SameType
from pytensor.link.numba.dispatch.basic import (
    numba_funcify,
    numba_njit,
    register_funcify_default_op_cache_key,
)

SIZE = 900  # squared and in float64: 6.5 MB
TABLE = np.random.default_rng(0).normal(size=(SIZE, SIZE))


def shared(value, name="w"):
    value = np.asarray(value, dtype="float64")
    return pytensor.shared(value, name=name, shape=value.shape)


class Doubled(SameType):
    """Twice a vector; how Numba does that differs from class to class below."""

    def perform(self, node, inputs, outputs):
        outputs[0][0] = 2 * inputs[0]


class DoubledByPython(Doubled):
    pass


class DoubledWithoutKey(Doubled):
    pass


class DoubledWithKey(Doubled):
    pass


@numba_funcify.register(DoubledWithoutKey)
def without_key(op, node, **options):
    def doubled(x):
        return 2 * x

    return numba_njit(doubled)


@register_funcify_default_op_cache_key(DoubledWithKey)
def with_key(op, **options):
    def doubled(x):
        return 2 * x

    return numba_njit(doubled)


def large_constant():
    x = pt.vector("x", shape=(SIZE,))
    table = pt.constant(TABLE, name="table")
    return [x], [x * table]  # HERE


def large_constant_clean():
    x = pt.vector("x", shape=(SIZE,))
    return [x], [x * shared(TABLE, "table")]


def trained(rate):
    x, w = pt.vector("x"), shared(np.ones(3))
    loss = (0.3 * (x - w) ** 2).sum()
    grad = pytensor.grad(loss, w)
    return [x], [loss], {w: w - rate * grad}  # HERE


def baked_rate(rate=0.01):
    return trained(rate)


def baked_rate_clean():
    x, w, m = pt.vector("x"), shared(np.ones(3)), shared(np.zeros(3), "m")
    rate = shared(0.01, "rate")
    loss = (0.3 * (x - w) ** 2).sum()
    mean = 0.9 * m + 0.1 * pytensor.grad(loss, w)  # decay rates, not the step's
    return [x], [loss], {m: mean, w: w - rate * mean}


def object_mode():
    x = pt.vector("x")
    return [x], [DoubledByPython()(pt.exp(x)) + 1]  # HERE


def no_cache_key():
    x = pt.vector("x")
    return [x], [DoubledWithoutKey()(pt.exp(x)) + 1]  # HERE


def with_implementation():
    x = pt.vector("x")
    return [x], [DoubledWithKey()(pt.exp(x)) + 1]


def wide_node():
    xs = [pt.vector(f"x{i}", shape=(3,)) for i in range(40)]
    return xs, [pt.concatenate(xs)]  # HERE


def wide_node_clean():
    xs = pt.matrix("xs", shape=(40, 3))
    return [xs], [xs.flatten()]


def unknown_shape():
    x = pt.vector("x", shape=(3,))
    w = pytensor.shared(np.ones((1, 3)), name="w")  # HERE
    return [x], [pt.zeros_like(w).sum() + pt.concatenate([w, x[None]]).shape[0] + (w * x).sum()]


def unknown_shape_clean():
    x = pt.vector("x", shape=(3,))
    w = shared(np.ones((1, 3)))
    return [x], [pt.zeros_like(w).sum() + pt.concatenate([w, x[None]]).shape[0] + (w * x).sum()]


def unrolled_loop():
    x, w, h = pt.matrix("x", shape=(51, 3)), shared(np.eye(3)), pt.zeros(3)
    for t in range(51):
        h = pt.tanh(x[t] + pt.dot(h, w))  # HERE
    return [x], [h]


def unrolled_loop_clean():
    x, w = pt.matrix("x", shape=(51, 3)), shared(np.eye(3))
    hs = pytensor.scan(
        lambda x, h, w: pt.tanh(x + pt.dot(h, w)),
        x,
        outputs_info=[pt.zeros(3)],
        non_sequences=[w],
        return_updates=False,
    )
    return [x], [hs[-1]]


def recurrence(x, w):
    return pytensor.scan(  # HERE
        lambda x, h, w: pt.tanh(x + pt.dot(h, w)),
        x,
        outputs_info=[pt.zeros(3, dtype=w.dtype)],
        non_sequences=[w],
        return_updates=False,
    )


def duplicate_recurrence():
    x, w, v = pt.matrix("x", shape=(5, 3)), shared(np.eye(3)), shared(np.eye(3), "v")
    first = recurrence(x, w)
    again = recurrence(x, w + 0.9 * v)
    return [x], [first[-1], again[-1]]


def duplicate_recurrence_clean():
    x, w, v = pt.matrix("x", shape=(5, 3)), shared(np.eye(3)), shared(np.eye(3), "v")
    hs = recurrence(x, w + 0.9 * v)
    return [x], [hs[-1], 2 * hs[-1]]


def no_blas():
    x = pt.matrix("x")
    return [x], [pt.dot(x, shared(np.eye(3)))]  # HERE


def no_blas_clean():
    x = pt.matrix("x")
    return [x], [x * shared(np.ones(3))]


def hidden_warning():
    x = pt.vector("x", shape=(5,))
    hs, _ = pytensor.scan(lambda x, h: x + h, x, outputs_info=[pt.zeros(())])  # HERE
    return [x], [hs]


def hidden_warning_clean():
    x = pt.vector("x", shape=(5,))
    hs = pytensor.scan(lambda x, h: x + h, x, outputs_info=[pt.zeros(())], return_updates=False)
    return [x], [hs]
