"""Layers as people write them with plain `pytensor.scan`: gates apart or in one product, in any order, masked, turned.

`WAYS` has a row a way: what builds it, the operator that it is, and that operator's attributes.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

D, H, T, B = 3, 4, 5, 2
FLOAT = "float32"


class Weights:
    """Fresh shared variables."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, *shape):
        return pytensor.shared(self.rng.normal(0, 0.6, shape).astype(FLOAT))


def sequence():
    return pt.tensor("xs", dtype=FLOAT, shape=(None, None, D))


def mask_of(dtype):
    return pt.tensor("mask", dtype=dtype, shape=(None, None))


def zeros(xs):
    return pt.zeros((xs.shape[1], H), dtype=FLOAT)


def scan(step, sequences, states, **options):
    return pytensor.scan(step, sequences, outputs_info=states, return_updates=False, **options)


def cut(a, *order):
    """Pieces of ``a (B, G*H)`` by number."""
    return [a[..., k * H : (k + 1) * H] for k in order]


def lstm(a, c):
    g, i, f, o = cut(a, 0, 1, 2, 3)
    c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
    return pt.tanh(c) * pt.sigmoid(o), c


def gru(a, q, h):
    """The update gate lets in; the reset gate behind the product."""
    r, u = (pt.sigmoid(x + y) for x, y in zip(cut(a, 0, 1), cut(q, 0, 1), strict=True))
    [n], [m] = cut(a, 2), cut(q, 2)
    return (1 - u) * h + u * pt.tanh(n + r * m)


def four_products(w):
    xs = sequence()
    w_x, w_h, b = ([w(*shape) for _ in range(4)] for shape in ((D, H), (H, H), (H,)))

    def step(x, h, c):
        i, f, o, g = (x @ w_x[k] + h @ w_h[k] + b[k] for k in range(4))
        c = pt.sigmoid(f) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    h, _ = scan(step, xs, [zeros(xs)] * 2)
    return [xs], [h]


def input_and_state_joined(w):
    """As in TensorFlow, with its one added to the forget gate; last states are read."""
    xs, weight, b = sequence(), w(D + H, 4 * H), w(4 * H)

    def step(x, h, c):
        g, i, f, o = cut(pt.dot(pt.concatenate([x, h], axis=1), weight) + b, 0, 1, 2, 3)
        c = pt.sigmoid(f + 1) * c + pt.sigmoid(i) * pt.tanh(g)
        return pt.tanh(c) * pt.sigmoid(o), c

    h, c = scan(step, xs, [zeros(xs)] * 2)
    return [xs], [h[-1], c[-1]]


def cell_before_output(w):
    xs, w_x, w_h, b = sequence(), w(D, 4 * H), w(H, 4 * H), w(4 * H)

    def step(x, c, h):
        h, c = lstm(x @ w_x + h @ w_h + b, c)
        return c, h

    _, h = scan(step, xs, [zeros(xs)] * 2)
    return [xs], [h]


def projected_and_backwards(w):
    xs, w_x, w_h, b = sequence(), w(D, 4 * H), w(H, 4 * H), w(4 * H)
    zs = pt.dot(xs, w_x) + b
    h, c = scan(lambda z, h, c: lstm(z + h @ w_h, c), zs, [zeros(xs)] * 2, go_backwards=True)
    return [xs], [h[::-1], c[-1]]


def masked_by_switch(w):
    xs, mask, w_x, w_h, b = sequence(), mask_of("bool"), w(D, 4 * H), w(H, 4 * H), w(4 * H)

    def step(x, m, h, c):
        h_new, c_new = lstm(x @ w_x + h @ w_h + b, c)
        return pt.switch(m[:, None], h_new, h), pt.switch(m[:, None], c_new, c)

    h, c = scan(step, [xs, mask], [zeros(xs)] * 2)
    return [xs, mask], [h, c[-1]]


def masked_by_products(w):
    xs, mask, w_x, w_h, b = sequence(), mask_of("bool"), w(D, 3 * H), w(H, 3 * H), w(3 * H)

    def step(x, m, h):
        m = pt.cast(m, FLOAT)[:, None]
        return m * gru(x @ w_x + b, h @ w_h, h) + (1 - m) * h

    h = scan(step, [xs, mask], [zeros(xs)], go_backwards=True)
    return [xs, mask], [h[::-1], h[-1]]


def masked_by_floats(w):
    xs, mask, w_x, w_h = sequence(), mask_of(FLOAT), w(D, H), w(H, H)

    def step(x, m, h):
        return pt.switch(m[:, None], pt.tanh(x @ w_x + h @ w_h), h)

    return [xs, mask], [scan(step, [xs, mask], [zeros(xs)])]


def peepholes(w):
    xs, w_x, w_h, b, p = sequence(), w(D, 4 * H), w(H, 4 * H), w(4 * H), w(3, H)

    def step(x, h, c):
        i, f, g, o = cut(x @ w_x + h @ w_h + b, 0, 1, 2, 3)
        i, f = pt.sigmoid(i + p[0] * c), pt.sigmoid(f + c * p[1])
        c = f * c + i * pt.tanh(g)
        return pt.sigmoid(o + p[2] * c) * pt.tanh(c), c

    h, _ = scan(step, xs, [zeros(xs)] * 2)
    return [xs], [h]


def coupled_gates(w):
    xs, w_x, w_h, b = sequence(), w(D, 3 * H), w(H, 3 * H), w(3 * H)

    def step(x, h, c):
        f, g, o = cut(x @ w_x + h @ w_h + b, 0, 1, 2)
        c = pt.sigmoid(f) * c + (1 - pt.sigmoid(f)) * pt.tanh(g)
        return pt.sigmoid(o) * pt.tanh(c), c

    h, _ = scan(step, xs, [zeros(xs)] * 2)
    return [xs], [h]


def gru_of_its_paper(w):
    """The reset gate before the product, and the new state by its difference from the old."""
    xs, w_x, w_h, v, b = sequence(), w(D, 3 * H), w(H, 2 * H), w(H, H), w(3 * H)

    def step(x, h):
        a = x @ w_x + b
        r, u = cut(pt.sigmoid(a[:, : 2 * H] + h @ w_h), 0, 1)
        return h + u * (pt.tanh(a[:, 2 * H :] + (r * h) @ v) - h)

    return [xs], [scan(step, xs, [zeros(xs)])]


def gru_with_two_biases(w):
    """As in PyTorch, whose update gate keeps."""
    xs, w_x, w_h, b, b_h = sequence(), w(D, 3 * H), w(H, 3 * H), w(3 * H), w(3 * H)

    def step(x, h):
        a, q = x @ w_x + b, h @ w_h + b_h
        r, u = (pt.sigmoid(s + t) for s, t in zip(cut(a, 0, 1), cut(q, 0, 1), strict=True))
        [n], [m] = cut(a, 2), cut(q, 2)
        return (1 - u) * pt.tanh(n + r * m) + u * h

    return [xs], [scan(step, xs, [zeros(xs)])]


def rectifier_by_modulus(w):
    xs, w_x, w_h = sequence(), w(D, H), w(H, H)

    def step(x, h):
        a = x @ w_x + h @ w_h
        return 0.5 * (a + abs(a))

    return [xs], [scan(step, xs, [zeros(xs)])]


def one_sequence_without_a_batch(w):
    """Matrices from the left, and a sigmoid by its definition."""
    xs = pt.tensor("xs", dtype=FLOAT, shape=(None, D))
    w_x, w_h, b = w(4 * H, D), w(4 * H, H), w(4 * H)

    def step(x, h, c):
        g, i, f, o = cut(w_x @ x + w_h @ h + b, 0, 1, 2, 3)
        c = c / (1 + pt.exp(-f)) + pt.sigmoid(i) * pt.tanh(g)
        return pt.tanh(c) * pt.sigmoid(o), c

    h, _ = scan(step, xs, [pt.zeros(H, dtype=FLOAT)] * 2)
    return [xs], [h]


def no_cell(w):
    xs, w_x, w_h = sequence(), w(D, H), w(H, H)

    def step(x, h):
        return pt.sin(x @ w_x + h @ w_h) * h + pt.exp(-(h**2))

    h = scan(step, xs, [zeros(xs)])
    return [xs], [h, h[-1]]


def two_steps_back(w):
    x = pt.tensor("x", dtype=FLOAT, shape=(B, H))
    w_h, before = w(H, H), {"initial": w(2, B, H), "taps": [-2, -1]}
    h = scan(lambda a, b: pt.tanh(a @ w_h + x) + 0.5 * b, None, [before], n_steps=T)
    return [x], [h]


def reads_a_vector_at_each_step(w):
    xs, w_h, v = sequence(), w(H, H), w(D, H)

    def step(x, h, context):
        return pt.clip(h @ w_h + context + x[:, :1], -1, 1)

    return [xs], [scan(step, xs, [zeros(xs)], non_sequences=[xs[0] @ v])]


LSTM = {"kind": "LSTM", "reverse": False, "activations": ("Sigmoid", "Tanh", "Tanh")}
GRU = {"kind": "GRU", "reverse": False, "activations": ("Sigmoid", "Tanh"), "reset": "after"}
RNN = {"kind": "RNN", "reverse": False, "activations": ("Tanh",)}
WAYS = {  # what builds it: the attributes of the layer that it is, or None
    four_products: LSTM,
    input_and_state_joined: LSTM,
    cell_before_output: LSTM,
    projected_and_backwards: LSTM | {"reverse": True},
    masked_by_switch: LSTM,
    masked_by_products: GRU | {"reverse": True},
    masked_by_floats: RNN,
    peepholes: LSTM,
    coupled_gates: LSTM,
    gru_of_its_paper: GRU | {"reset": "before"},
    gru_with_two_biases: GRU,
    rectifier_by_modulus: RNN | {"activations": ("Relu",)},
    one_sequence_without_a_batch: LSTM,
    no_cell: None,
    two_steps_back: None,
    reads_a_vector_at_each_step: None,
}


def values_for(inputs, steps=T, batch=B, seed=0):
    """An array for each input; masks say that the second sequence ends before the first."""
    rng, values = np.random.default_rng(seed), []
    for var in inputs:
        # a state that is given, (B, S), has no steps
        sizes = (batch,) if var.name == "given" and var.ndim == 2 else (steps, batch)
        shape = [sizes[i] if n is None else n for i, n in enumerate(var.type.shape)]
        if var.name == "mask":
            ends = np.maximum(shape[0] - np.arange(shape[1]), 1)
            values.append((np.arange(shape[0])[:, None] < ends).astype(var.dtype))
        elif var.dtype.startswith("int"):
            values.append(rng.integers(0, 8, shape).astype(var.dtype))
        else:
            values.append(rng.normal(size=shape).astype(var.dtype))
    return values
