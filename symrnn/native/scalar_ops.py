"""PyTensor's scalar ops as scalar expressions: one rule a class.

What `Elemwise(op).perform` gives is what an expression gives: operands are cast to NumPy's common dtype, computed
there, and the result is cast to the dtype of the output. Where `perform` raises (a negative power of an integer), and
for what isn't known, `Unsupported` is raised, and the caller leaves the node to `perform`.

Where two paths of PyTensor disagree: integers divided by zero give 0, as NumPy's do (the C backend raises);
`RoundHalfAwayFromZero` is C's ``round`` (``floor(x + 0.5)`` errs beside 0.5 and above 2**52).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi
from typing import Any

import numpy as np

from symrnn.native import elementary, error_function, trigonometric
from symrnn.native.scalar import Scalar, cast, const, constant_value, scalar, select
from symrnn.native.scalar_division import int_div, mod, unsigned_power, whole_power

DTYPES = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
DTYPES |= {"bool", "float32", "float64"}
MODULES = ("pytensor.scalar.basic", "pytensor.scalar.math", "pytensor.tensor.math")

Rule = Callable[[list[Scalar], str], Scalar]


class Unsupported(Exception):
    """A scalar op that has no expression.

    Attributes
    ----------
    op
        The scalar op.
    """

    def __init__(self, op: object, why: str):
        super().__init__(f"{op}: {why}")
        self.op = op


def lowered(scalar_op: object, arguments: list[Scalar], output_dtypes: list[str]) -> list[Scalar]:
    """The outputs of PyTensor's `scalar_op` as expressions of its `arguments`.

    Examples
    --------
    >>> from pytensor.scalar import add
    >>> from symrnn.native.scalar import arg
    >>> [out] = lowered(add, [arg(0, "int8"), arg(1, "float32")], ["float32"])
    >>> out.op, out.args[0].op, out.dtype
    ('add', 'cast', 'float32')
    """
    for dtype in (*(a.dtype for a in arguments), *output_dtypes):
        if dtype not in DTYPES:
            raise Unsupported(scalar_op, f"no expressions of {dtype}")
    name = type(scalar_op).__name__
    if hasattr(
        scalar_op, "stands_for"
    ):  # an op of another library with the values of one of PyTensor's
        return lowered(scalar_op.stands_for, arguments, output_dtypes)
    if type(scalar_op).__module__ not in MODULES:
        raise Unsupported(scalar_op, "an op of another library")
    if name == "Composite":
        return composite(scalar_op, arguments)
    if name not in RULES:
        raise Unsupported(scalar_op, "no rule")
    [dtype] = output_dtypes
    try:
        return [cast(RULES[name](arguments, dtype), dtype)]
    except CannotLower as error:
        raise Unsupported(scalar_op, str(error)) from None


def composite(op: Any, arguments: list[Scalar]) -> list[Scalar]:
    """The inner graph's outputs."""
    inner = op.fgraph
    values = {v: cast(x, v.type.dtype) for v, x in zip(inner.inputs, arguments, strict=True)}

    def value(variable: Any) -> Scalar:
        if variable not in values:  # a constant
            if variable.type.dtype not in DTYPES:
                raise Unsupported(op, f"no expressions of {variable.type.dtype}")
            values[variable] = const(variable.data, variable.type.dtype)
        return values[variable]

    for node in inner.toposort():
        dtypes = [out.type.dtype for out in node.outputs]
        values |= zip(node.outputs, lowered(node.op, [value(v) for v in node.inputs], dtypes))
    return [value(out) for out in inner.outputs]


class CannotLower(Exception):
    """Why a rule doesn't hold for its operands."""


def is_float(dtype: str) -> bool:
    return dtype.startswith("float")


def common(arguments: list[Scalar]) -> list[Scalar]:
    """The arguments in NumPy's common dtype."""
    dtype = np.result_type(*(a.dtype for a in arguments)).name
    return [cast(a, dtype) for a in arguments]


def as_floats(arguments: list[Scalar], dtype: str) -> list[Scalar]:
    """The arguments as NumPy's functions of floats take them: integers in the output's `dtype`."""
    if not is_float(arguments[0].dtype) and is_float(dtype):
        return [cast(a, dtype) for a in arguments]
    found = np.result_type(*(a.dtype for a in arguments))
    if found.kind != "f":
        found = np.dtype("float32" if found.itemsize <= 2 else "float64")
    return [cast(a, found.name) for a in arguments]


def number(arguments: list[Scalar]) -> list[Scalar]:
    """The arguments in their common dtype, ``int8`` if that is ``bool``."""
    return [cast(a, "int8") if a.dtype == "bool" else a for a in common(arguments)]


def float_rule(function: Callable[..., Scalar]) -> Rule:
    return lambda arguments, dtype: function(*as_floats(arguments, dtype))


def number_rule(function: Callable[[Scalar, Scalar], Scalar]) -> Rule:
    return lambda arguments, dtype: function(*number(arguments))


def from_the_left(op: str, of_bools: str) -> Rule:
    """An n-ary op, computed from the left, each step in the common dtype so far."""

    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        value = arguments[0]
        for other in arguments[1:]:
            a, b = common([value, other])
            value = scalar(of_bools if a.dtype == "bool" else op, a, b)
        return value

    return rule


def sub(arguments: list[Scalar], dtype: str) -> Scalar:
    a, b = common(arguments)
    if a.dtype == "bool":
        raise CannotLower("NumPy subtracts no booleans")
    return a - b


def neg(arguments: list[Scalar], dtype: str) -> Scalar:
    if arguments[0].dtype == "bool":
        raise CannotLower("NumPy negates no booleans")
    return -arguments[0]


def bitwise(op: str) -> Rule:
    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        operands = common(arguments)
        if is_float(operands[0].dtype):
            raise CannotLower("NumPy has no common integer dtype for the operands")
        return scalar(op, *operands)

    return rule


def comparison(op: str) -> Rule:
    """A comparison; of a signed integer and a ``uint64`` it is exact, as NumPy's."""

    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        a, b = arguments
        kinds = {np.dtype(x.dtype).kind: x for x in arguments}
        if set(kinds) == {"i", "u"} and kinds["u"].dtype == "uint64":
            negative = kinds["i"] < 0
            ordered = scalar(op, cast(a, "uint64"), cast(b, "uint64"))
            # a negative number is below the other one
            below = op in (("lt", "le", "ne") if a is kinds["i"] else ("gt", "ge", "ne"))
            return negative | ordered if below else ~negative & ordered
        return scalar(op, *common(arguments))

    return rule


def maximum_or_minimum(op: str) -> Rule:
    """Maximum or minimum, NaN where an operand is; `op` says that the first operand wins."""

    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        a, b = common(arguments)
        if a.dtype == "bool":
            return a | b if op == "gt" else a & b
        if not is_float(a.dtype):
            return select(scalar(op, a, b), a, b)
        for x, other in ((a, b), (b, a)):
            # With a number one comparison is enough: it is false where x is NaN, and x is taken.
            if other.op == "const" and not np.isnan(constant_value(other)):
                return select(scalar(op, other, x), other, x)  # x where it is NaN
        return select(a.differs(a), a, select(scalar(op, a, b), a, b))

    return rule


def true_div(arguments: list[Scalar], dtype: str) -> Scalar:
    a, b = as_floats(arguments, dtype)
    return a / b


def power(arguments: list[Scalar], dtype: str) -> Scalar:
    a, b = number(arguments)
    if is_float(a.dtype):
        known = float(constant_value(b)) if b.op == "const" else None
        # Correctly rounded, or nearly so, which a logarithm's exponential is not, and a fraction of its work.
        if known in (1.0, 2.0, 3.0):
            return whole_power(a, int(known))
        return 1.0 / a if known == -1.0 else error_function.pow(a, b)
    exponent = arguments[1]
    if exponent.op == "const" and constant_value(exponent) >= 0:
        return whole_power(a, int(constant_value(exponent)))
    if np.dtype(exponent.dtype).kind == "i":
        raise CannotLower("NumPy raises no integers to negative powers")
    wide = np.dtype(exponent.dtype).itemsize * 8
    return unsigned_power(a, b, 1 if exponent.dtype == "bool" else wide)


def sign(arguments: list[Scalar], dtype: str) -> Scalar:
    [x] = arguments
    negative = select(x < 0, x.like(-1), 0) if np.dtype(x.dtype).kind in "if" else x.like(0)
    value = select(x > 0, 1, negative)
    return select(x.differs(x), x, value) if is_float(x.dtype) else value


def absolute(arguments: list[Scalar], dtype: str) -> Scalar:
    [x] = arguments
    return abs(x) if np.dtype(x.dtype).kind in "if" else x


def clip(arguments: list[Scalar], dtype: str) -> Scalar:
    x, low, high = arguments
    # Compared before they are cast, as `perform` does: of int64 and uint64 the common dtype is a float.
    below, above = comparison("lt")([x, low], dtype), comparison("gt")([x, high], dtype)
    x, low, high = common(arguments)
    return select(below, low, select(above, high, x))


def switch(arguments: list[Scalar], dtype: str) -> Scalar:
    condition, *branches = arguments
    condition = condition if condition.dtype == "bool" else condition.differs(0)
    return select(condition, *common(branches))


def rounding(op: str) -> Rule:
    return lambda arguments, dtype: scalar(op, *as_floats(arguments, dtype))


def round_half_away(x: Scalar) -> Scalar:
    whole = scalar("trunc", x)
    away = select(abs(x - whole) >= 0.5, x.like(1.0), 0.0)
    return elementary.signed_as(abs(whole) + away, x)


def square(arguments: list[Scalar], dtype: str) -> Scalar:
    [x] = arguments
    return x if x.dtype == "bool" else x * x


def is_infinite(arguments: list[Scalar], dtype: str) -> Scalar:
    [x] = arguments
    return abs(x).equal(inf) if is_float(x.dtype) else const(False, "bool")


def is_nan(arguments: list[Scalar], dtype: str) -> Scalar:
    [x] = arguments
    return x.differs(x) if is_float(x.dtype) else const(False, "bool")


def mul_without_zeros(arguments: list[Scalar], dtype: str) -> Scalar:
    x, y = number(arguments)
    return select(x.equal(0), y, select(y.equal(0), x, x * y))


def called(symbol: str) -> Rule:
    """A function of SciPy's, computed in float64; its last argument is one that Cython's convention wants."""

    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        numbers = [cast(a, "float64") for a in arguments]
        return scalar("call", *numbers, const(0, "int32"), dtype="float64", data=f"symrnn_{symbol}")

    return rule


def incomplete_gamma(symbol: str) -> Rule:
    """``gamma(k)`` times a regularized function of ``(k, x)``."""

    def rule(arguments: list[Scalar], dtype: str) -> Scalar:
        return called(symbol)(arguments, dtype) * called("gamma")(arguments[:1], dtype)

    return rule


RULES: dict[str, Rule] = {
    "Add": from_the_left("add", "or"),
    "Mul": from_the_left("mul", "and"),
    "Sub": sub,
    "TrueDiv": true_div,
    "IntDiv": number_rule(int_div),
    "Mod": number_rule(mod),
    "Pow": power,
    "MulWithoutZeros": mul_without_zeros,
    "Neg": neg,
    "Abs": absolute,
    "Sign": sign,
    "Sqr": square,
    "Sqrt": rounding("sqrt"),
    "Reciprocal": float_rule(lambda x: 1.0 / x),
    "Floor": rounding("floor"),
    "Ceil": rounding("ceil"),
    "Trunc": rounding("trunc"),
    "RoundHalfToEven": rounding("rint"),
    "RoundHalfAwayFromZero": float_rule(round_half_away),
    "Maximum": maximum_or_minimum("gt"),
    "Minimum": maximum_or_minimum("lt"),
    "Clip": clip,
    "Switch": switch,
    "Identity": lambda arguments, dtype: arguments[0],
    "Real": lambda arguments, dtype: arguments[0],
    "Conj": lambda arguments, dtype: arguments[0],
    "Imag": lambda arguments, dtype: const(0, dtype),
    "Cast": lambda arguments, dtype: arguments[0],
    "Second": lambda arguments, dtype: arguments[1],
    "LT": comparison("lt"),
    "LE": comparison("le"),
    "GT": comparison("gt"),
    "GE": comparison("ge"),
    "EQ": comparison("eq"),
    "NEQ": comparison("ne"),
    "IsNan": is_nan,
    "IsInf": is_infinite,
    "AND": bitwise("and"),
    "OR": bitwise("or"),
    "XOR": bitwise("xor"),
    "Invert": lambda arguments, dtype: ~arguments[0],
    "Deg2Rad": float_rule(lambda x: x * (pi / 180)),
    "Rad2Deg": float_rule(lambda x: x * (180 / pi)),
    "GammaL": incomplete_gamma("gammainc"),
    "GammaU": incomplete_gamma("gammaincc"),
}
ELEMENTARY: dict[str, Callable[..., Scalar]] = {
    "Exp": elementary.exp,
    "Exp2": elementary.exp2,
    "Expm1": elementary.expm1,
    "Log": elementary.log,
    "Log2": elementary.log2,
    "Log10": elementary.log10,
    "Log1p": elementary.log1p,
    "Log1mexp": elementary.log1mexp,
    "Tanh": elementary.tanh,
    "Sigmoid": elementary.sigmoid,
    "Softplus": elementary.softplus,
    "Sinh": elementary.sinh,
    "Cosh": elementary.cosh,
    "ArcSinh": elementary.arcsinh,
    "ArcCosh": elementary.arccosh,
    "ArcTanh": elementary.arctanh,
    "Sin": trigonometric.sin,
    "Cos": trigonometric.cos,
    "Tan": trigonometric.tan,
    "ArcTan": trigonometric.arctan,
    "ArcTan2": trigonometric.arctan2,
    "ArcSin": trigonometric.arcsin,
    "ArcCos": trigonometric.arccos,
    "Angle": lambda x: trigonometric.arctan2(x.like(0.0), x),
    "Erf": error_function.erf,
    "Erfc": error_function.erfc,
}
RULES |= {name: float_rule(function) for name, function in ELEMENTARY.items()}
SPECIAL = {
    "Gamma": "gamma",
    "GammaLn": "gammaln",
    "Psi": "psi",
    "Erfinv": "erfinv",
    "Erfcinv": "erfcinv",
    "Erfcx": "erfcx",
    "NdtriExp": "ndtri_exp",
    "J0": "j0",
    "J1": "j1",
    "Jv": "jv",
    "I0": "i0",
    "I1": "i1",
    "Ive": "ive",
    "Kve": "kve",
    "GammaInc": "gammainc",
    "GammaIncC": "gammaincc",
    "GammaIncInv": "gammaincinv",
    "GammaIncCInv": "gammainccinv",
    "BetaInc": "betainc",
    "BetaIncInv": "betaincinv",
    "Hyp2F1": "hyp2f1",
    "Owens_t": "owens_t",
}
RULES |= {name: called(symbol) for name, symbol in SPECIAL.items()}
