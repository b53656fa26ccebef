"""Scalar expressions: the algebra of one element, which both emitters print.

A `Scalar` is a node of a small graph. Equal nodes are one object, so what two outputs of a kernel share is computed
once. Dtypes are NumPy's names; a comparison is of dtype ``bool``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

BINARY = ("add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "lshr", "ashr")
# ordered, but for ne: false where an operand is NaN
COMPARISONS = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
)
UNARY = ("neg", "not", "sqrt", "abs", "floor", "ceil", "trunc", "rint")


@dataclass(frozen=True, eq=False)
class Scalar:
    """A scalar expression; Python's operators make others of it, numbers become constants of its dtype.

    Attributes
    ----------
    op
        ``"arg"`` (`data` is its index), ``"const"`` (`data` is a NumPy scalar's bytes), one of `BINARY`,
        `COMPARISONS` or `UNARY`, ``"fma"``, ``"select"`` (condition, then, else), ``"cast"`` (to `dtype`, as C
        converts: undefined where it doesn't fit, so use `cast`), ``"bits"`` (the same bits as `dtype`), ``"call"``
        (`data` is the symbol of a C function).
    args
        Operands, of one dtype but for ``select``'s condition, ``cast``, ``bits`` and ``call``.
    dtype
        Of the value.
    """

    op: str
    args: tuple[Scalar, ...]
    dtype: str
    data: Any = None

    def __add__(self, other: Scalar | float) -> Scalar:
        return scalar("add", self, self.like(other))

    def __sub__(self, other: Scalar | float) -> Scalar:
        return scalar("sub", self, self.like(other))

    def __rsub__(self, other: float) -> Scalar:
        return scalar("sub", self.like(other), self)

    def __mul__(self, other: Scalar | float) -> Scalar:
        return scalar("mul", self, self.like(other))

    def __truediv__(self, other: Scalar | float) -> Scalar:
        return scalar("div", self, self.like(other))

    def __rtruediv__(self, other: float) -> Scalar:
        return scalar("div", self.like(other), self)

    def __and__(self, other: Scalar | int) -> Scalar:
        return scalar("and", self, self.like(other))

    def __or__(self, other: Scalar | int) -> Scalar:
        return scalar("or", self, self.like(other))

    def __xor__(self, other: Scalar | int) -> Scalar:
        return scalar("xor", self, self.like(other))

    def __lshift__(self, other: int) -> Scalar:
        return scalar("shl", self, self.like(other))

    def __rshift__(self, other: int) -> Scalar:  # of a signed number
        return scalar("ashr", self, self.like(other))

    def __neg__(self) -> Scalar:
        return scalar("neg", self)

    def __invert__(self) -> Scalar:
        return scalar("not", self)

    def __abs__(self) -> Scalar:
        return scalar("abs", self)

    def __lt__(self, other: Scalar | float) -> Scalar:
        return scalar("lt", self, self.like(other))

    def __le__(self, other: Scalar | float) -> Scalar:
        return scalar("le", self, self.like(other))

    def __gt__(self, other: Scalar | float) -> Scalar:
        return scalar("gt", self, self.like(other))

    def __ge__(self, other: Scalar | float) -> Scalar:
        return scalar("ge", self, self.like(other))

    __radd__, __rmul__ = __add__, __mul__

    def equal(self, other: Scalar | float) -> Scalar:
        return scalar("eq", self, self.like(other))

    def differs(self, other: Scalar | float) -> Scalar:
        return scalar("ne", self, self.like(other))

    def bits(self, dtype: str) -> Scalar:
        return scalar("bits", self, dtype=dtype)

    def like(self, value: Scalar | float | np.ndarray) -> Scalar:
        """`value`, a number as a constant of this dtype."""
        return value if isinstance(value, Scalar) else const(value, self.dtype)


_INTERNED: WeakValueDictionary = WeakValueDictionary()


def scalar(op: str, *args: Scalar, dtype: str | None = None, data: object = None) -> Scalar:
    """The expression ``op(*args)``; `dtype` is that of the first operand unless given.

    Examples
    --------
    >>> x = arg(0, "float32")
    >>> scalar("add", x, x) is scalar("add", x, x)
    True
    """
    if op in COMPARISONS:
        dtype = "bool"
    dtype = dtype or args[-1].dtype
    # An id stays an operand's as long as the expression that is found by it, which holds its operands.
    key = (op, tuple(map(id, args)), dtype, data)
    found = _INTERNED.get(key)
    if found is None:
        found = _INTERNED[key] = Scalar(op, args, dtype, data)
    return found


def arg(index: int, dtype: str) -> Scalar:
    """The element of input `index`."""
    return scalar("arg", dtype=dtype, data=index)


def const(value: object, dtype: str) -> Scalar:
    """A number; its bits are kept, NaN's and -0.0's too."""
    return scalar("const", dtype=dtype, data=np.asarray(value, dtype).tobytes())


def select(condition: Scalar, then: Scalar | float, otherwise: Scalar | float) -> Scalar:
    """One of two values, of which at most one is a plain number."""
    like: Any = then if isinstance(then, Scalar) else otherwise
    return scalar("select", condition, like.like(then), like.like(otherwise))


def from_begin(number: Scalar, length: Scalar) -> Scalar:
    """An index of any dtype as int64, counted from the begin of an axis of `length` where it is negative."""
    given = cast(number, "int64")
    return select(given < 0, given + length, given)


def fma(a: Scalar, b: Scalar | float, c: Scalar | float) -> Scalar:
    """``a * b + c``, rounded once."""
    return scalar("fma", a, a.like(b), a.like(c))


def constant_value(node: Scalar) -> Any:
    """The number that a ``const`` is."""
    return np.frombuffer(node.data, node.dtype)[0]


def cast(x: Scalar, dtype: str) -> Scalar:
    """`x` converted to `dtype`, as NumPy's compiled loops convert it on x86; `x` itself where the dtype is the same.

    A float is truncated. Where the register that the hardware converts to can't hold it (32 bits wide, 64 for those of
    64), and for NaN, it is that register's least number; then it is cut to the width.
    """
    if x.dtype == dtype:
        return x
    # A float to an integer is never converted here: what does not fit, NumPy converts as its processor does.
    if not (x.dtype.startswith("float") and "int" in dtype):
        return (
            const(constant_value(x), dtype) if x.op == "const" else scalar("cast", x, dtype=dtype)
        )
    if dtype in ("uint32", "uint64"):
        # in two halves: from the middle on, what is above it, with the top bit set again
        signed = dtype[1:]
        middle = -int(np.iinfo(signed).min)
        above = cast(x - middle, signed) ^ -middle
        return scalar("cast", select(x >= middle, above, cast(x, signed)), dtype=dtype)
    register = "int64" if dtype == "int64" else "int32"
    least = int(np.iinfo(register).min)
    fits = (x >= least) & (x < -least)
    whole = select(fits, scalar("cast", x, dtype=register), least)
    return whole if register == dtype else scalar("cast", whole, dtype=dtype)


def in_order(outputs: list[Scalar]) -> list[Scalar]:
    """The expressions that `outputs` are computed from, operands first."""
    # By hand instead of by recursion: what is fused may be deeper than Python's stack.
    done: dict[Scalar, None] = {}
    stack = list(reversed(outputs))
    while stack:
        node = stack[-1]
        waiting = [a for a in node.args if a not in done]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            done[stack.pop()] = None
    return list(done)


def substituted(outputs: list[Scalar], arguments: dict[int, Scalar]) -> list[Scalar]:
    """`outputs` with the input of each index replaced by an expression of its dtype."""
    new: dict[Scalar, Scalar] = {}
    for node in in_order(outputs):
        if node.op == "arg":
            new[node] = arguments.get(node.data, node)
        else:
            operands = tuple(new[a] for a in node.args)
            new[node] = (
                node
                if operands == node.args
                else scalar(node.op, *operands, dtype=node.dtype, data=node.data)
            )
    return [new[out] for out in outputs]
