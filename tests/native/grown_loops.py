"""Ways to grow by graphs within graphs: scans and branches; and by a gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from grown import Graph, Skip
from pytensor import scan
from pytensor.compile.builders import OpFromGraph
from pytensor.scan.utils import until

try:
    from pytensor.conditional.op import ifelse
except ImportError:  # before PyTensor 3.3
    from pytensor.ifelse import ifelse


def chosen(g: Graph):
    c = g.some(lambda c: c.is_exact and c.shape == ())
    x = g.some()
    y = g.some(lambda y: y.dtype == x.dtype and y.shape == x.shape)
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits)
    g.add(ifelse(pt.neq(c.var, 0), x.var, y.var), x.shape, bits)


def recurrence(g: Graph):
    """A Scan over an array's first axis, with a state, a second tap or a trace."""
    xs = g.some(lambda x: x.is_float and x.shape)
    h = pt.zeros_like(xs.var.sum(axis=0)) if g.choose(2) else pt.tanh(xs.var.sum(axis=0))
    g.has_idle_scan |= xs.shape[0] == 0
    taps, is_reversed = g.choose(2), bool(g.choose(2))
    # PyTensor's trace of no steps has no extents at all
    has_trace = xs.shape[0] > 0 and g.choose(2)

    def step(x, *states):
        new = pt.tanh(x + states[0] / 2 - (states[1] if len(states) > 1 else 0)).astype(h.dtype)
        return [new, new * x] if has_trace else new

    first = {"initial": pt.stack([h, h]), "taps": [-1, -2]} if taps else h
    outs = scan(
        step,
        sequences=[xs.var],
        outputs_info=[first, None] if has_trace else [first],
        go_backwards=is_reversed,
        return_updates=False,
    )
    for out in outs if isinstance(outs, list) else [outs]:
        if xs.shape[0] and g.choose(2):
            g.add(out[-1], xs.shape[1:], None)
        else:
            g.add(out, xs.shape, None)


def weighted(g: Graph):
    """A Scan whose state is multiplied by a matrix that no step changes, from either side."""
    xs = g.some(lambda x: x.is_float and x.shape and 0 not in x.shape)
    rows, width = 1 + g.choose(10), (4, 8, 9, 33)[g.choose(4)]
    weights = np.cos(np.arange(width**2.0)).reshape(width, width) / width
    w = pt.as_tensor(weights.astype(xs.dtype)) + xs.var.mean(dtype=xs.dtype) / width
    is_turned = bool(g.choose(2))

    def step(x, h, w):
        product = (w @ h.T).T if is_turned else h @ w
        return pt.tanh(product + x.sum(dtype=xs.dtype)).astype(xs.dtype)

    start = pt.ones((rows, width), dtype=xs.dtype)
    hs = scan(step, sequences=xs.var, outputs_info=start, non_sequences=w, return_updates=False)
    g.add(hs[-1], (rows, width), None)


def stopped(g: Graph):
    """A Scan that stops by a condition on exact numbers."""
    x = g.some(lambda x: x.is_exact and x.dtype == "int64" and x.shape == ())
    counts = scan(
        lambda n: (n + 3, until(n > 5)),
        outputs_info=[pt.minimum(pt.maximum(x.var, -9), 9)],
        n_steps=1 + g.choose(6),
        return_updates=False,
    )
    g.add(counts[-1] if g.choose(2) else counts.sum(), (), 8)


def gradient(g: Graph):
    if g.has_idle_scan:
        raise Skip
    x = g.one(x for x in g.grown if x.is_float and x.var in g.inputs)
    y = g.some(lambda y: y.is_float and y.var is not x.var)
    try:
        slope = pytensor.grad(pt.tanh(y.var).sum(), x.var, disconnected_inputs="ignore")
    except TypeError:  # PyTensor builds gradients of whole numbers itself, which it then refuses
        raise Skip from None
    g.add(slope, x.shape, None)


def nested(g: Graph):
    """A Scan in the step of another."""
    xs = g.some(lambda x: x.is_float and len(x.shape) >= 2 and 0 not in x.shape)

    def step(rows, total):
        ends = scan(
            lambda row, h: pt.tanh(row - h / 2).astype(h.dtype),
            sequences=rows,
            outputs_info=total,
            return_updates=False,
        )
        return ends[-1]

    start = pt.zeros_like(xs.var[0, 0])
    outs = scan(step, sequences=xs.var, outputs_info=start, return_updates=False)
    g.add(outs, (xs.shape[0], *xs.shape[2:]), None)


def enclosed(g: Graph):
    """A graph as one op."""
    x = g.some(lambda x: x.is_float)
    y = g.some(lambda y: y.is_float)
    a, b = x.var.type(), y.var.type()
    results = OpFromGraph([a, b], [pt.tanh(a) + a, (b * b).sum(), b])(x.var, y.var)
    for var, (shape, bits) in zip(
        results, [(x.shape, None), ((), None), (y.shape, y.bits)], strict=True
    ):
        g.add(var, shape, bits)
