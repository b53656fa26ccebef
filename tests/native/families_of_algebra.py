"""Families of ops that compute numbers: every scalar op, casts, reductions, running sums, softmax."""

import pytensor.scalar.basic as basic
import pytensor.scalar.math as math
import pytensor.tensor as pt
from family import ALL, CALLS, EMPTY_INSIDE, FLOATS, NOT_EMPTY, NUMBERS, WIDTHS, Family
from pytensor.tensor.elemwise import Elemwise

from symrnn.native.scalar import arg
from symrnn.native.scalar_ops import RULES, Unsupported, lowered

ARITIES = {"Clip": 3, "Switch": 3, "BetaInc": 3, "BetaIncInv": 3, "Hyp2F1": 4}


IN_HALF = ("Softplus", "Log1mexp", "Angle")


def scalar_ops():
    """An op of each class that has a rule, by its name."""
    found = {}
    for module in (basic, math):
        for value in vars(module).values():
            name = type(value).__name__
            if isinstance(value, basic.ScalarOp) and name in RULES and name != "Cast":
                found.setdefault(name, value)
    return found


def every_scalar_op(x, y):
    """Each op that has such a dtype, of `x` and `y` by turns."""
    outputs = {}
    for name, op in scalar_ops().items():
        count = ARITIES.get(name, op.nin if op.nin > 0 else 2)
        arguments = [(x, y)[i % 2] for i in range(count)]
        try:
            out = Elemwise(op)(*arguments)
            lowered(op, [arg(i, v.dtype) for i, v in enumerate(arguments)], [out.dtype])
        except (TypeError, Unsupported, NotImplementedError):  # no such dtype
            continue
        if name in IN_HALF and x.dtype in ("bool", "int8", "uint8"):
            continue  # PyTensor's Python code computes these in half precision
        outputs[name] = out
    return outputs


def of_one_number(x):
    """Arrays without an axis."""
    outputs = {
        "kept": x.copy(),
        "twice": x + x,
        "vector": pt.stack([x, x]),
        "cast": x.astype("float64"),
    }
    outputs |= {
        "sum": pt.sum(x),
        "filled": pt.full((3, 2), x),
        "column": x[None, None],
        "max": pt.max(x[None]),
    }
    return outputs | {"compared": pt.eq(x, x), "chosen": pt.switch(pt.neq(x, 0), x, x * x)}


def repeated_along_axes(x, y):
    """`x` is ``(a, b)``, `y` ``(b,)``: rows and columns are repeated, whole arrays are fused."""
    column = x.sum(axis=1, keepdims=True).astype(x.dtype)
    outputs = {"row": x * y, "column": x + column, "both": y + column, "outer": column * y[None]}
    outputs |= {
        "second": pt.second(x, y),
        "fused": pt.maximum(x * y, column) * x,
        "of rank 3": x[None] + y[:, None, None],
    }
    return outputs | {"many": x + y + column + x * y + (column * y)}


def casts(x):
    """PyTensor 3.0's Python code refuses to make negative numbers unsigned; that is compared with NumPy elsewhere."""
    outputs = {dtype: pt.cast(x, dtype) for dtype in (*ALL, "int8", "int16")}
    size = abs(x) if x.dtype != "bool" else x
    outputs |= {dtype: pt.cast(size, dtype) for dtype in ("uint8", "uint16", "uint32", "uint64")}
    return outputs | {"there and back": pt.cast(pt.cast(x, "float64"), x.dtype)}


AXES = [None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), ()]


def reductions(x):
    outputs = {f"sum {axis}": pt.sum(x, axis=axis) for axis in AXES}
    outputs |= {f"prod {axis}": pt.prod(x, axis=axis) for axis in AXES}
    outputs |= {
        "mean": x.mean(),
        "mean of an axis": x.mean(axis=1),
        "kept": x.sum(axis=1, keepdims=True),
    }
    if x.dtype in ("int32", "int64"):
        both = pt.bitwise_and(x, 5)
        outputs |= {"sum of and": both.sum(axis=0), "in float": pt.sum(x, axis=0, dtype="float64")}
    if x.dtype in FLOATS:
        outputs |= {
            "fused": pt.sqr(x - 1).sum(axis=0),
            "var": x.var(axis=2),
            "wide": x.sum(axis=0, acc_dtype="float64"),
        }
        outputs |= {
            "without zeros": pt.prod(x, axis=1, no_zeros_in_input=True),
            "norm": pt.sqrt((x**2).sum()),
        }
    return outputs


def truths(x):
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


# PyTensor makes the product of what is repeated a power, of whole numbers to a whole number that may be negative
POWERS = frozenset({"Pow"})
DTYPES = ("bool", "int8", "uint8", "int64", *FLOATS)
ALGEBRA = {
    "scalar ops": Family(every_scalar_op, ("ab", "ab"), DTYPES, CALLS[:2], is_as_built=True),
    "sum": Family(lambda x, y: {"": x + y}, ("ab", "ab"), crossed=True),
    "rank 0": Family(of_one_number, ("",), calls=({},)),
    "broadcast": Family(repeated_along_axes, ("ab", "b"), WIDTHS, (*NOT_EMPTY, EMPTY_INSIDE)),
    "casts": Family(casts, ("ab",)),
    "reductions": Family(reductions, ("abc",), calls=(*NOT_EMPTY, EMPTY_INSIDE), left=POWERS),
    "truths": Family(truths, ("abc",), WIDTHS, (*NOT_EMPTY, EMPTY_INSIDE)),
    "extremes": Family(extremes, ("abc",), calls=NOT_EMPTY),
    "running": Family(running, ("ab",), NUMBERS),
    "softmax": Family(softmaxes, ("ab",), FLOATS, NOT_EMPTY),
}  # fmt: skip
