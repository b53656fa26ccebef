"""Families of ops: what each computes of arrays of every dtype and layout.

A family is a function from variables to named outputs. Letters stand for the axes of its inputs; `CALLS` says how long
they are in each call of the compiled function. The same axis is the same letter, so layouts can be mixed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.blas import _batched_dot

FLOATS = ("float32", "float64")
NUMBERS = ("int32", "int64", *FLOATS)
ALL = ("bool", *NUMBERS)
CALLS = (
    {"a": 4, "b": 3, "c": 5},
    {"a": 6, "b": 3, "c": 5},
    {"a": 1, "b": 3, "c": 5},
    {"a": 0, "b": 3, "c": 5},
)
NOT_EMPTY = CALLS[:3]
EMPTY_INSIDE = {"a": 2, "b": 0, "c": 3}
SINGLE = ({"a": 3, "b": 2, "c": 4}, {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1})


@dataclass(frozen=True)
class Family:
    """What is computed, of which inputs.

    Attributes
    ----------
    shapes
        Letters of each input's axes.
    crossed
        Whether every layout of the first input meets every layout of the others.
    """

    build: Callable
    shapes: tuple[str, ...]
    dtypes: tuple[str, ...] = ALL
    calls: tuple = CALLS
    crossed: bool = False


def arithmetic(x, y):
    names = ["add", "mul", "maximum", "minimum", "eq", "neq", "lt", "le", "gt", "ge"]
    outputs = {name: getattr(pt, name)(x, y) for name in names}
    outputs["switch"] = pt.switch(x > y, x, y)
    outputs["row"] = x + y[:, 0][:, None]
    if x.dtype != "bool":
        outputs |= {"sub": x - y, "neg": -x, "abs": abs(x), "sqr": pt.sqr(x), "sign": pt.sign(x)}
        outputs |= {
            "true_div": x / (y * y + 1),
            "int_div": x // (y * y + 1),
            "mod": x % (y * y + 1),
        }
    else:
        outputs |= {"and": x & y, "or": x | y, "xor": x ^ y, "not": ~x}
    return outputs


def functions(x):
    names = ["exp", "tanh", "sigmoid", "log1p", "sqrt", "softplus", "erf", "sin", "cos", "arctan"]
    outputs = {name: getattr(pt, name)(abs(x)) for name in names}
    return outputs | {"floor": pt.floor(x), "round": pt.round(x), "pow": abs(x) ** 1.5}


def casts(x):
    return {dtype: pt.cast(x, dtype) for dtype in (*ALL, "int8", "uint8", "uint16")}


def dimshuffles(x):
    orders = [(2, 1, 0), (1, 0, 2), (0, 2, 1), ("x", 2, 0, 1), (0, "x", 1, 2), (1, 2, 0, "x")]
    return {str(order): x.dimshuffle(order) for order in orders} | {"sum": (x.T + x.T).T}


def reshapes(x):
    a, b, c = x.shape
    shapes = [(-1,), (a * b, c), (a, b * c), (c, a, b), (a, -1, c), (1, a, b, c), (a, b, c, 1)]
    return {str(i): x.reshape(shape) for i, shape in enumerate(shapes)} | {
        "of_transposed": x.transpose(2, 0, 1).reshape((c * a, b)),
        "flat": x.flatten(2),
        "there_and_back": pt.eq(x.reshape((a * b * c,)), 1).reshape((a, b, c)),
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
    return outputs | {"upto": x[:, :i], "from": x[:, i:], "new_axis": x[None, :, None]}


def set_subtensors(x, y, i):
    return _written(pt.set_subtensor, x, y, i)


def inc_subtensors(x, y, i):
    return _written(pt.inc_subtensor, x, y, i)


def _written(write, x, y, i):
    outputs = {f"{name} scalar": write(x[index], y[0, 0]) for name, index in SLICES.items()}
    outputs |= {f"{name} array": write(x[index], y[index]) for name, index in SLICES.items()}
    outputs["row"] = write(x[1:], y[0])
    outputs["loaded"] = write(x[:, i], y[:, 0])
    outputs["of_zeros"] = write(pt.zeros_like(x)[:, 1:], y[:, 1:])
    return outputs


def advanced(x, y, idx):
    outputs = {
        "rows": x[idx],
        "columns": x[:, idx],
        "points": x[idx, idx],
        "grid": x[idx[:, None], idx],
    }
    outputs |= {"reversed": x[::-1, idx], "set": pt.set_subtensor(x[idx], y[:1].repeat(4, axis=0))}
    outputs["inc"] = pt.inc_subtensor(x[idx], y[:1].repeat(4, axis=0))
    outputs["inc columns"] = pt.inc_subtensor(x[:, idx], y[:, :1])
    return outputs | {"set points": pt.set_subtensor(x[idx, idx], y[0, 0])}


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
    outputs |= {
        "of_column": pt.alloc(x[:, 0][:, None], a, 4),
        "wide": pt.alloc(x, 2, a, b),
        "eye": pt.eye(a, b),
    }
    outputs |= {
        "arange": pt.arange(a),
        "full": pt.full((b, a), x[0, 0]),
        "tile": pt.tile(x, (2, 3)),
    }
    return outputs | {
        "tri": pt.tril(x),
        "diag": pt.diag(x),
        "make": pt.as_tensor([x[0, 0], x[-1, 2]]),
    }


AXES = [None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), ()]


def reductions(x):
    outputs = {f"sum {axis}": pt.sum(x, axis=axis) for axis in AXES}
    outputs |= {f"prod {axis}": pt.prod(x, axis=axis) for axis in AXES}
    if x.dtype in ("int32", "int64"):
        both = pt.bitwise_and(x, 5)
        outputs |= {"sum of and": both.sum(axis=0), "kept": x.sum(axis=1, keepdims=True)}
    if x.dtype in FLOATS:
        outputs |= {
            "fused": pt.sqr(x - 1).sum(axis=0),
            "mean": x.mean(axis=1),
            "var": x.var(axis=2),
        }
    return outputs


def truths(x):
    """PyTensor's rewrites take these of what is repeated for those of one entry, also where it is repeated 0 times."""
    outputs = {f"any {axis}": pt.any(pt.neq(x, 0), axis=axis) for axis in AXES}
    return outputs | {f"all {axis}": pt.all(pt.neq(x, 0), axis=axis) for axis in AXES}


def extremes(x):
    outputs = {f"max {axis}": pt.max(x, axis=axis) for axis in AXES[:-1]}
    outputs |= {f"min {axis}": pt.min(x, axis=axis) for axis in AXES[:-1]}
    outputs |= {f"argmax {axis}": pt.argmax(x, axis=axis) for axis in AXES[:5]}
    return outputs | {"argmin": pt.argmin(x, axis=1)} if x.dtype != "bool" else outputs


def running(x):
    outputs = {f"sum {axis}": pt.cumsum(x, axis=axis) for axis in (0, 1)}
    return outputs | {f"prod {axis}": pt.cumprod(x, axis=axis) for axis in (0, 1, None)}


def softmaxes(x):
    kinds = {"softmax": pt.special.softmax, "log": pt.special.log_softmax, "lse": pt.logsumexp}
    outputs = {f"{name} {a}": kind(x, axis=a) for name, kind in kinds.items() for a in (0, 1, None)}
    for name in ("softmax", "log"):
        loss = (kinds[name](x, axis=1) * x).sum()
        outputs[f"{name} gradient"] = pt.grad(loss, x, disconnected_inputs="raise")
    return outputs


def matrix_products(x, y):
    return {"": pt.dot(x, y)}


def more_products(x, y):
    """`x` is ``(a, b)``, `y` ``(b, a)``."""
    outputs = {"mv": pt.dot(x, y[:, 0]), "vm": pt.dot(x[0], y), "vv": pt.dot(x[:, 0], y[0])}
    outputs |= {
        "3 with 2": pt.tensordot(x[None] + x[:, None], y, axes=1),
        "outer": pt.outer(x[:, 0], y[0]),
    }
    outputs |= {"transposed": pt.dot(x.T, y.T), "square": pt.dot(pt.dot(x, y), x)}
    return outputs | {"sum": pt.dot(x, y) * 2 + pt.dot(y.T, x.T), "row added": pt.dot(x, y) + y[0]}


def stacked_products(x, y):
    """`x` is ``(a, b, c)``, `y` ``(a, c, b)``."""
    outputs = {"stacks": pt.matmul(x, y), "repeated": pt.matmul(x, y[0])}
    outputs["turned"] = pt.matmul(x[:, 0], y[0])
    return outputs | {"batched": _batched_dot(x, y)} if x.dtype in FLOATS else outputs


FAMILIES = {
    "sum": Family(lambda x, y: {"": x + y}, ("ab", "ab"), crossed=True),
    "arithmetic": Family(arithmetic, ("ab", "ab")),
    "functions": Family(functions, ("ab",), FLOATS),
    "casts": Family(casts, ("ab",)),
    "dimshuffle": Family(dimshuffles, ("abc",)),
    "reshape": Family(reshapes, ("abc",)),
    "subtensor": Family(subtensors, ("ab", "index")),
    "set_subtensor": Family(set_subtensors, ("ab", "ab", "index"), calls=NOT_EMPTY),
    "inc_subtensor": Family(inc_subtensors, ("ab", "ab", "index"), NUMBERS, NOT_EMPTY),
    "advanced": Family(advanced, ("ab", "ab", "indices"), NUMBERS, CALLS[:2]),
    "join": Family(joins, ("ab", "ab"), crossed=True),
    "split": Family(splits, ("ab",), calls=NOT_EMPTY),
    "alloc": Family(allocs, ("ab",), calls=NOT_EMPTY),
    "reductions": Family(reductions, ("abc",)),
    "truths": Family(truths, ("abc",), ("bool", "int32", "float64"), (*NOT_EMPTY, EMPTY_INSIDE)),
    "extremes": Family(extremes, ("abc",), calls=NOT_EMPTY),
    "running": Family(running, ("ab",), NUMBERS),
    "softmax": Family(softmaxes, ("ab",), FLOATS, NOT_EMPTY),
    "dot": Family(matrix_products, ("ab", "bc"), NUMBERS, crossed=True),
    "dot of length 1": Family(matrix_products, ("ab", "bc"), FLOATS, SINGLE, crossed=True),
    "other dots": Family(more_products, ("ab", "ba"), NUMBERS, NOT_EMPTY),
    "stacks": Family(stacked_products, ("abc", "acb"), NUMBERS, NOT_EMPTY),
}
