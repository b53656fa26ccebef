"""Ways to grow by joining, splitting, writing and gathering."""

import numpy as np
import pytensor.tensor as pt
from grown import Graph, Skip
from grown_views import index


def joined(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))

    def fits(y):
        return (
            len(y.shape) == len(x.shape)
            and np.delete(y.shape, axis).tolist() == np.delete(x.shape, axis).tolist()
        )

    y = g.some(fits)
    shape = (*x.shape[:axis], x.shape[axis] + y.shape[axis], *x.shape[axis + 1 :])
    g.add(
        pt.join(axis, x.var, y.var),
        shape,
        None if x.bits is None or y.bits is None else max(x.bits, y.bits),
    )


def split(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))
    n = x.shape[axis]
    first = g.choose(n + 1)
    lengths = [first, n - first]
    for var, length in zip(
        pt.split(x.var, splits_size=lengths, n_splits=2, axis=axis), lengths, strict=True
    ):
        g.add(var, (*x.shape[:axis], length, *x.shape[axis + 1 :]), x.bits)


def written(g: Graph):
    """A part of an array set or increased, often by another part of the same array."""
    x = g.some(lambda x: x.shape)
    items = index(g, x.shape)
    target = x.var[items]
    shape = np.empty(x.shape)[items].shape
    y = g.one([y for y in g.grown if y.shape in (shape, ()) and (y.dtype == x.dtype)])
    operation = g.one((pt.set_subtensor, pt.inc_subtensor))
    bits = None if x.bits is None or y.bits is None else max(x.bits, y.bits) + 1
    if x.dtype == "bool" and operation is pt.inc_subtensor:
        raise Skip
    g.add(operation(target, y.var), x.shape, bits)


def gathered(g: Graph):
    x = g.some(lambda x: x.shape)
    axis = g.choose(len(x.shape))
    n = x.shape[axis]
    entries = np.array([g.choose(2 * n) - n for _ in range(g.choose(4))] if n else [], "int64")
    items = (slice(None),) * axis + (entries,)
    target = x.var[items]
    shape = (*x.shape[:axis], len(entries), *x.shape[axis + 1 :])
    match g.choose(3):
        case 0:
            g.add(target, shape, x.bits)
        case 1:
            g.add(pt.set_subtensor(target, x.var.dtype and pt.zeros((), x.dtype)), x.shape, x.bits)
        case 2:
            if x.dtype == "bool":
                raise Skip
            g.add(pt.inc_subtensor(target, pt.ones((), x.dtype)), x.shape, x.bits and x.bits + 2)


def masked(g: Graph):
    """What a mask names: how much that is depends on values."""
    x = g.some(lambda x: x.shape)
    mask = g.some(lambda m: m.dtype == "bool" and m.shape == x.shape)
    count = int(np.prod(x.shape))
    match g.choose(3):
        case 0:
            g.add(x.var[mask.var].sum(), (), x.bits and x.bits + count.bit_length())
        case 1:
            g.add(pt.set_subtensor(x.var[mask.var], pt.zeros((), x.dtype)), x.shape, x.bits)
        case 2:
            g.add(mask.var.nonzero()[0].sum(), (), 8)
