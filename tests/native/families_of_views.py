"""Families of ops that see arrays otherwise or put them together: no numbers are computed."""

import numpy as np
import pytensor.tensor as pt
from family import ALL, CALLS, EMPTY_INSIDE, NOT_EMPTY, WIDTHS, Family


def dimshuffles(x):
    orders = [(2, 1, 0), (1, 0, 2), (0, 2, 1), ("x", 2, 0, 1), (0, "x", 1, 2), (1, 2, 0, "x")]
    outputs = {str(order): x.dimshuffle(order) for order in orders} | {"sum": (x.T + x.T).T}
    return outputs | {"dropped": x[:, :, :1].sum(axis=2, keepdims=True).dimshuffle(1, 0)}


def reshapes(x):
    a, b, c = x.shape
    shapes = [(-1,), (a * b, c), (a, b * c), (c, a, b), (b, -1, c), (1, a, b, c), (a, b, c, 1)]
    return {str(i): x.reshape(shape) for i, shape in enumerate(shapes)} | {
        "of_transposed": x.transpose(2, 0, 1).reshape((c * a, b)),
        "flat": x.transpose(1, 0, 2).flatten(2),  # (a, -1) would be ambiguous where a is 0
        "there_and_back": pt.eq(x.reshape((a * b * c,)), 1).reshape((a, b, c)),
    }


def without_entries(x):
    return {
        "two axes": x.reshape((-1, 3)),
        "flat": x.flatten(),
        "as many": x.reshape(x.shape[::-1]),
    }


SLICES = {
    "tail": np.s_[1:], "but_last": np.s_[:-1], "reversed": np.s_[::-1], "every_second": np.s_[::2],
    "last_three": np.s_[-3:], "beyond": np.s_[10:], "empty": np.s_[2:1], "down": np.s_[5:0:-2],
    "all_down": np.s_[-1::-2], "middle": np.s_[1:-1], "from_far": np.s_[-9:2], "up_to_far": np.s_[:99],
    "column": np.s_[:, 1], "last_column": np.s_[:, -1], "both": np.s_[::-1, 1:],
    "mixed": np.s_[1::2, ::-2], "none_left": np.s_[:, 3:], "ellipsis": np.s_[..., -1],
}  # fmt: skip


def subtensors(x, i):
    outputs = {name: x[index] for name, index in SLICES.items()}
    outputs |= {"loaded": x[:, i], "loaded_end": x[:, -i - 1], "twice": x[::-1][:, ::-1][1:]}
    outputs |= {"upto": x[:, :i], "from": x[:, i:], "new_axis": x[None, :, None]}
    return outputs | {"computed": x[:, i * 2 - 1] if i is not None else x, "step": x[:: i + 1]}


def joins(x, y):
    outputs = {f"{axis}": pt.concatenate([x, y], axis=axis) for axis in (0, 1, -1)}
    outputs["one"] = pt.concatenate([x], axis=0)
    outputs["computed"] = pt.concatenate([x + x, y, x * y, x[1:]], axis=0)
    outputs["twice the same"] = pt.concatenate([x, x, x], axis=1)
    outputs["nested"] = pt.concatenate([pt.concatenate([x, y], axis=1)] * 2, axis=0)
    return outputs | {"stack": pt.stack([x, y]), "last": pt.stack([x, y], axis=-1)}


def splits(x):
    left, right = pt.split(x, [1, 2], n_splits=2, axis=1)
    one, rest, none = pt.split(x.T, [1, 2, 0], n_splits=3, axis=0)
    top, bottom = pt.split(x, [x.shape[0] - 1, 1], n_splits=2, axis=0)
    computed = pt.split(x + x, [2, 1], n_splits=2, axis=1)
    outputs = {"left": left, "right": right, "one": one, "rest": rest, "none": none, "top": top}
    return outputs | {"bottom": bottom, "one of two": computed[0] * computed[1][:, 0][:, None]}


def allocs(x):
    a, b = x.shape
    outputs = {
        "zeros": pt.zeros_like(x),
        "ones": pt.ones_like(x) + x,
        "of_row": pt.alloc(x[0], a, b),
    }
    outputs |= {"of_column": pt.alloc(x[:, 0][:, None], a, 4), "wide": pt.alloc(x, 2, a, b)}
    outputs |= {"eye": pt.eye(a, b), "arange": pt.arange(a), "full": pt.full((b, a), x[0, 0])}
    outputs |= {"tile": pt.tile(x, (2, 3)), "tri": pt.tril(x), "diag": pt.diag(x)}
    return outputs | {"make": pt.as_tensor([x[0, 0], x[-1, 2]]), "repeat": pt.repeat(x, 2, axis=1)}


def said(x):
    """What is known of shapes, said of an array or asked of it."""
    outputs = {
        "specified": pt.specify_shape(x, (None, 3)) + x,
        "of view": pt.specify_shape(x.T, (3, None)),
    }
    outputs |= {
        "shape": x.shape,
        "shape_i": x.shape[0] * 2,
        "unknown": pt.unbroadcast(x, 0) if hasattr(pt, "unbroadcast") else x,
    }
    return outputs | {"size": x.size, "checked": pt.specify_broadcastable(x[:1, :1], 0, 1)}


VIEWS = {
    "dimshuffle": Family(dimshuffles, ("abc",), WIDTHS),
    "reshape": Family(reshapes, ("abc",), WIDTHS),
    "reshape of nothing": Family(without_entries, ("abc",), WIDTHS, (EMPTY_INSIDE,)),
    "subtensor": Family(subtensors, ("ab", "index"), WIDTHS),
    "join": Family(joins, ("ab", "ab"), WIDTHS, crossed=True),
    "split": Family(splits, ("ab",), ALL, NOT_EMPTY),
    "alloc": Family(allocs, ("ab",), WIDTHS, NOT_EMPTY),
    "specify": Family(said, ("ab",), WIDTHS, CALLS[:3]),
}  # fmt: skip
