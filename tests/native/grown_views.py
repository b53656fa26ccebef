"""Ways to grow by seeing an array otherwise."""

import numpy as np
import pytensor.tensor as pt
from grown import EXTENTS, Graph


def permuted(g: Graph):
    x = g.some(lambda x: x.shape)
    order = list(range(len(x.shape)))
    for i in range(len(order)):
        j = g.choose(len(order))
        order[i], order[j] = order[j], order[i]
    pattern = list(order)
    if len(pattern) < 3 and g.choose(2):
        pattern.insert(g.choose(len(pattern) + 1), "x")
    shape = tuple(1 if a == "x" else x.shape[a] for a in pattern)
    g.add(x.var.dimshuffle(*pattern), shape, x.bits)


def a_slice(g: Graph, n: int) -> slice:
    ends = [None, *range(-n - 1, n + 2)]
    return slice(g.one(ends), g.one(ends), g.one((None, 1, 2, -1, -2)))


def index(g: Graph, shape) -> tuple:
    """Slices and numbers."""
    items = []
    for n in shape[: 1 + g.choose(len(shape))]:
        items.append(
            g.choose(n) - (n if g.choose(2) else 0) if n and g.choose(3) == 0 else a_slice(g, n)
        )
    return tuple(items)


def part(g: Graph):
    x = g.some(lambda x: x.shape)
    items = index(g, x.shape)
    g.add(x.var[items], np.empty(x.shape)[items].shape, x.bits)


def reshaped(g: Graph):
    x = g.some()
    size = int(np.prod(x.shape))
    shape = g.one(
        [(size,), (1, size), (size, 1)]
        + ([(size // 2, 2), (2, size // 2)] if size % 2 == 0 else [])
    )
    g.add(x.var.reshape(shape), shape, x.bits)


def repeated(g: Graph):
    x = g.some(lambda x: len(x.shape) < 3)
    shape = (g.one(EXTENTS), *x.shape)
    g.add(pt.alloc(x.var, *shape), shape, x.bits)


def numbered(g: Graph):
    """An entry whose number is computed."""
    x = g.some(lambda x: x.shape and x.shape[0] > 0)
    i = g.some(lambda i: i.dtype == "int64" and i.shape == ())
    number = i.var % x.shape[0] - (x.shape[0] if g.choose(2) else 0)
    g.add(x.var[number], x.shape[1:], x.bits)


def specified(g: Graph):
    """What is known of a shape said of it, of some axes or all."""
    x = g.some(lambda x: x.shape)
    known = [n if g.choose(2) else None for n in x.shape]
    g.add(pt.specify_shape(x.var, known), x.shape, x.bits)
