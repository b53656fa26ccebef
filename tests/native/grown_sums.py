"""Ways to grow by reductions and products."""

import numpy as np
import pytensor.tensor as pt
from grown import Graph, Grown, Skip
from pytensor.tensor.special import softmax


def some_axes(g: Graph, x: Grown) -> tuple[int, ...]:
    return tuple(a for a in range(len(x.shape)) if g.choose(2)) or (g.choose(len(x.shape)),)


def reduction(g: Graph):
    x = g.some(lambda x: x.shape)
    axes = some_axes(g, x)
    name = g.one(("sum", "max", "min", "prod", "mean", "all", "any", "argmax", "cumsum", "softmax"))
    shape = tuple(n for a, n in enumerate(x.shape) if a not in axes)
    count = int(np.prod([x.shape[a] for a in axes]))
    match name:
        case "sum":
            g.add(x.var.sum(axis=axes), shape, x.bits and x.bits + count.bit_length())
        case "prod":
            g.add(pt.prod(x.var, axis=axes), shape, x.bits and x.bits * max(1, count))
        case "max" | "min":
            g.add(getattr(pt, name)(x.var, axis=axes), shape, x.bits)
        case "mean":
            g.add(pt.mean(x.var, axis=axes), shape, None)
        case "all" | "any":
            if not x.is_exact:
                raise Skip
            g.add(
                getattr(pt, name)(pt.gt(x.var, 0) if x.dtype != "bool" else x.var, axis=axes),
                shape,
                1,
            )
        case "argmax":
            if not x.is_exact or x.dtype == "bool":
                raise Skip
            g.add(pt.argmax(x.var, axis=axes[0]), np.delete(x.shape, axes[0]), 3)
        case "cumsum":
            # PyTensor says that these keep their dtype, its Python code makes them int64
            if x.dtype in ("bool", "int8"):
                raise Skip
            g.add(pt.cumsum(x.var, axis=axes[0]), x.shape, x.bits and x.bits + count.bit_length())
        case "softmax":
            if not x.is_float:
                raise Skip
            g.add(softmax(pt.tanh(x.var), axis=axes[0]), x.shape, None)


def product(g: Graph):
    x = g.some(lambda x: 1 <= len(x.shape) <= 2)
    y = g.some(lambda y: 1 <= len(y.shape) <= 2 and y.shape[0] == x.shape[-1])
    bits = None if x.bits is None or y.bits is None else x.bits + y.bits + 3
    g.add(pt.dot(x.var, y.var), (*x.shape[:-1], *y.shape[1:]), bits)


def stack_of_products(g: Graph):
    x = g.some(lambda x: len(x.shape) == 3)
    bits = x.bits and 2 * x.bits + 3
    g.add(pt.matmul(x.var, x.var.transpose(0, 2, 1)), (*x.shape[:2], x.shape[1]), bits)
