"""Ways to grow by element-wise algebra."""

import numpy as np
import pytensor.tensor as pt
from grown import FLOATS, Graph, broadcastable


def unary(g: Graph):
    x = g.some(lambda x: x.dtype != "bool")
    name = g.one(
        ("neg", "abs", "sqr", "tanh", "sigmoid", "exp", "sqrt", "log1p", "softplus", "reciprocal")
    )
    match name:
        case "neg" | "abs":
            g.add(getattr(pt, name)(x.var), x.shape, x.bits)
        case "sqr":
            g.add(pt.sqr(x.var), x.shape, x.bits and 2 * x.bits)
        case "exp":
            g.add(pt.exp(pt.tanh(x.var)), x.shape, None)
        case "sqrt" | "log1p":
            g.add(getattr(pt, name)(abs(x.var.astype("float64"))), x.shape, None)
        case _:
            var = x.var if x.is_float else x.var.astype("float32")
            g.add(getattr(pt, name)(abs(var) + 1 if name == "reciprocal" else var), x.shape, None)


def jump(g: Graph):
    x = g.some(lambda x: x.is_exact and x.dtype != "bool")
    name = g.one(("floor", "sign", "round", "trunc"))
    g.add(getattr(pt, name)(x.var), x.shape, x.bits)


def cast(g: Graph):
    dtype = g.one(("bool", "int64", *FLOATS))
    x = g.some(lambda x: (x.is_exact and (x.bits or 0) < 30) or dtype in FLOATS)
    g.add(x.var.astype(dtype), x.shape, x.bits)


def binary(g: Graph):
    x = g.some()
    y = g.some(lambda y: broadcastable(x, y))
    shape = np.broadcast_shapes(x.shape, y.shape)
    known = None if x.bits is None or y.bits is None else (x.bits, y.bits)
    names = ["add", "mul", "maximum", "minimum"] + (
        ["sub"] if "bool" not in (x.dtype, y.dtype) else []
    )
    name = g.one(names + ["true_div"])
    operation = {"true_div": pt.true_div}.get(name) or getattr(pt, name)
    if name == "true_div":  # by nothing that is 0: rewriting may move NaN
        g.add(operation(x.var, 1 + abs(y.var.astype("float64"))), shape, None)
    elif name == "mul":
        g.add(operation(x.var, y.var), shape, known and sum(known))
    else:
        g.add(operation(x.var, y.var), shape, known and max(known) + 1)


def comparison(g: Graph):
    x = g.some(lambda x: x.is_exact)
    y = g.some(lambda y: y.is_exact and broadcastable(x, y))
    operation = g.one((pt.lt, pt.ge, pt.eq, pt.neq))
    g.add(operation(x.var, y.var), np.broadcast_shapes(x.shape, y.shape), 1)


def switch(g: Graph):
    c = g.some(lambda c: c.dtype == "bool")
    x = g.some(lambda x: broadcastable(c, x))
    y = g.some(lambda y: y.shape in (x.shape, ()))
    shape = np.broadcast_shapes(c.shape, x.shape, y.shape)
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits)
    g.add(pt.switch(c.var, x.var, y.var), shape, bits)
