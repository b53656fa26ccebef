"""Scalar expressions: the algebra of one element, which both emitters print.

A `Scalar` is a node of a small graph. Equal nodes are one object, so what two outputs of a kernel share is computed
once. Dtypes are NumPy's names; a comparison is of dtype ``bool``.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np

BINARY = ("add", "sub", "mul", "div", "rem", "and", "or", "xor", "shl", "lshr", "ashr")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")  # ordered, but for ne: false where an operand is NaN
UNARY = ("neg", "not", "sqrt", "abs", "floor", "ceil", "trunc", "rint")


@dataclass(frozen=True, eq=False)
class Scalar:
    """A scalar expression.

    Attributes
    ----------
    op
        ``"arg"`` (`data` is its index), ``"const"`` (`data` is a NumPy scalar's bytes), one of `BINARY`,
        `COMPARISONS` or `UNARY`, ``"fma"``, ``"select"`` (condition, then, else), ``"cast"`` (to `dtype`, as C
        converts), ``"bits"`` (the same bits as `dtype`), ``"call"`` (`data` is the symbol of a C function).
    args
        Operands, of one dtype but for ``select``'s condition, ``cast``, ``bits`` and ``call``.
    dtype
        Of the value.
    """

    op: str
    args: tuple[Scalar, ...]
    dtype: str
    data: object = None
    __weakref__: object = None


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


def in_order(outputs: list[Scalar]) -> list[Scalar]:
    """The expressions that `outputs` are computed from, operands first."""
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
            new[node] = node if operands == node.args else scalar(node.op, *operands, dtype=node.dtype, data=node.data)
    return [new[out] for out in outputs]
