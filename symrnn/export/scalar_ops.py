"""PyTensor's scalar ops in the intermediate graph: one row of `SCALARS` an op.

A row is the name of an operator that means the same, or a function ``(builder, operands, dtype)`` that says it with
several. ``dtype`` is what the op puts out.
"""

from collections.abc import Callable, Sequence

import numpy as np

from symrnn.export.build import Builder
from symrnn.export.graph import Value

Formula = Callable[[Builder, Sequence[Value], str], Value]


def _like(b: Builder, number: float, dtype: str) -> Value:
    return b.constant(np.asarray(number, b.kind(dtype)))


def _chained(op: str) -> Formula:
    """An operator of two, over any number of operands."""

    def formula(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
        total = operands[0]
        for each in operands[1:]:
            total = b.make(op, total, each, dtype=dtype)
        return total

    return formula


def _unary(op: str) -> Formula:
    return lambda b, operands, dtype: b.make(op, b.cast(operands[0], dtype), dtype=dtype)


def _add(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    # NumPy's and PyTensor's sum of truths is a truth; ONNX adds numbers alone.
    return _chained("Or" if dtype == "bool" else "Add")(b, operands, dtype)


def _mul(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return _chained("And" if dtype == "bool" else "Mul")(b, operands, dtype)


def _log_of(scale: float) -> Formula:
    def formula(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
        return b.make("Mul", b.make("Log", b.cast(operands[0], dtype)), _like(b, scale, dtype))

    return formula


def _log1p(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return b.make("Log", b.make("Add", b.cast(operands[0], dtype), _like(b, 1, dtype)))


def _expm1(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return b.make("Sub", b.make("Exp", b.cast(operands[0], dtype)), _like(b, 1, dtype))


def _square(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    # A product, which the algebra of cells reads; it has no powers.
    return b.make("Mul", operands[0], operands[0], dtype=dtype)


def _switch(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return b.make("Where", b.cast(operands[0], "bool"), *operands[1:], dtype=dtype)


def _not_equal(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    x, y = operands
    # `x != 0` is what a cast to bool asks, and whoever looks for masks looks for casts.
    is_zero = y.constant is not None and not np.any(y.constant)
    if is_zero and set(y.shape) <= {1} and y.ndim <= x.ndim:
        return b.cast(x, "bool")
    return b.make("Not", b.make("Equal", x, y))


def _invert(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    if dtype != "bool":
        raise NotImplementedError("bitwise inversion of integers")
    return b.make("Not", operands[0])


def _clip(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    x, low, high = operands
    return b.make("Min", b.make("Max", x, low, dtype=dtype), high, dtype=dtype)


def _second(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    from symrnn.export.lengths import length

    like, fill = operands
    fill = b.cast(fill, dtype)
    sizes = [length(b, like, axis) for axis in range(like.ndim)]
    return b.make("Expand", fill, *sizes, dtype=dtype, shape=like.shape)


def _cast(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return b.cast(operands[0], dtype)


def _divided(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    x, y = (b.cast(each, dtype) for each in operands)
    return b.make("Div", x, y, dtype=dtype)


def _erfc(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
    return b.make("Sub", _like(b, 1, dtype), b.make("Erf", b.cast(operands[0], dtype)))


def _logical(op: str) -> Formula:
    def formula(b: Builder, operands: Sequence[Value], dtype: str) -> Value:
        if dtype != "bool":
            raise NotImplementedError("bitwise logic of integers")
        return _chained(op)(b, operands, dtype)

    return formula


SCALARS: dict[str, str | Formula] = {  # class of the scalar op: operator, or what to write
    "Add": _add,
    "Mul": _mul,
    "Sub": _chained("Sub"),
    "TrueDiv": _divided,
    "IntDiv": _chained("FloorDiv"),
    "Mod": _chained("Mod"),
    "Pow": _chained("Pow"),
    "ScalarMaximum": _chained("Max"),
    "ScalarMinimum": _chained("Min"),
    "Maximum": _chained("Max"),  # their names since PyTensor 3.3
    "Minimum": _chained("Min"),
    "EQ": "Equal",
    "NEQ": _not_equal,
    "LT": "Less",
    "LE": "LessOrEqual",
    "GT": "Greater",
    "GE": "GreaterOrEqual",
    "AND": _logical("And"),
    "OR": _logical("Or"),
    "XOR": _logical("Xor"),
    "Invert": _invert,
    "Switch": _switch,
    "Clip": _clip,
    "Second": _second,
    "Cast": _cast,
    "Identity": _cast,
    "Neg": _unary("Neg"),
    "Abs": _unary("Abs"),
    "Sign": _unary("Sign"),
    "Exp": _unary("Exp"),
    "Exp2": lambda b, operands, dtype: b.make(
        "Pow", _like(b, 2, dtype), b.cast(operands[0], dtype), dtype=dtype
    ),
    "Expm1": _expm1,
    "Log": _unary("Log"),
    "Log2": _log_of(1 / np.log(2)),
    "Log10": _log_of(1 / np.log(10)),
    "Log1p": _log1p,
    "Sqrt": _unary("Sqrt"),
    "Sqr": _square,
    "Reciprocal": _unary("Reciprocal"),
    "Sin": _unary("Sin"),
    "Cos": _unary("Cos"),
    "Tan": _unary("Tan"),
    "ArcSin": _unary("Asin"),
    "ArcCos": _unary("Acos"),
    "ArcTan": _unary("Atan"),
    "Sinh": _unary("Sinh"),
    "Cosh": _unary("Cosh"),
    "ArcSinh": _unary("Asinh"),
    "ArcCosh": _unary("Acosh"),
    "ArcTanh": _unary("Atanh"),
    "Tanh": _unary("Tanh"),
    "Sigmoid": _unary("Sigmoid"),
    "Softplus": _unary("Softplus"),
    "Erf": _unary("Erf"),
    "Erfc": _erfc,
    "Floor": _unary("Floor"),
    "Ceil": _unary("Ceil"),
    # ONNX, NumPy and PyTorch round halves to even; PyTensor's other rounding, away from zero, none of them has.
    "RoundHalfToEven": _unary("Round"),
    "IsNan": "IsNaN",
    "IsInf": "IsInf",
    "RationalTanh": _unary("Tanh"),  # symrnn.ops.activations: nearly the function itself
    "RationalSigmoid": _unary("Sigmoid"),
}
