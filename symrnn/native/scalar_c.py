"""Scalar expressions as C99, to check what LLVM makes of them: the same values bit for bit without contraction.

Compile with ``-ffp-contract=off``. Signed integers wrap, as they are computed unsigned; what is undefined in
`symrnn.native.scalar_llvm` is undefined here.
"""

from __future__ import annotations

import numpy as np

from symrnn.native.scalar import Scalar, in_order
from symrnn.native.scalar_llvm import kind

PREAMBLE = "#include <math.h>\n#include <stdint.h>\n#include <stdlib.h>\n"
TYPES = {"float32": "float", "float64": "double", "bool": "_Bool"}
INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "rem": "%",
    "and": "&",
    "or": "|",
    "xor": "^",
    "shl": "<<",
    "lshr": ">>",
    "ashr": ">>",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}
WRAPPING = ("add", "sub", "mul", "neg", "shl")  # computed unsigned
FUNCTIONS = {
    "sqrt": "sqrt",
    "abs": "fabs",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "rint": "rint",
    "fma": "fma",
    "rem": "fmod",
}


def c_type(dtype: str) -> str:
    """C's name for `dtype`.

    Examples
    --------
    >>> [c_type(dtype) for dtype in ("float32", "uint8", "bool")]
    ['float', 'uint8_t', '_Bool']
    """
    return TYPES.get(dtype) or f"{dtype}_t"


def c_literal(node: Scalar) -> str:
    """A constant, by its bits where C has no digits for it."""
    value = np.frombuffer(node.data, node.dtype)[0]
    if node.dtype == "bool":
        return "1" if value else "0"
    if kind(node.dtype) == "f":
        suffix = "f" if node.dtype == "float32" else ""
        if np.isfinite(value):
            return f"({float(value).hex()}{suffix})"
        bits = value.view(f"uint{value.itemsize * 8}")
        return reinterpreted(
            f"{bits}u{'ll' if value.itemsize == 8 else ''}", bits.dtype.name, node.dtype
        )
    digits = f"{value}u" if kind(node.dtype) == "u" else str(value)
    # C reads the digits before the sign, and they do not fit.
    if node.dtype == "int64" and value == np.iinfo("int64").min:
        return "INT64_MIN"
    return f"(({c_type(node.dtype)}){digits}{'ll' if value.itemsize == 8 else ''})"


def reinterpreted(operand: str, source: str, target: str) -> str:
    union = f"(union {{{c_type(source)} a; {c_type(target)} b;}})"
    return f"({union}{{{operand}}}).b"


def c_lines(
    outputs: list[Scalar], arguments: dict[int, str], prefix: str = "s"
) -> tuple[list[str], list[str]]:
    """Statements that compute `outputs`, and the outputs' names or literals; see `llvm_lines`.

    Examples
    --------
    >>> from symrnn.native.scalar import arg, scalar
    >>> c_lines([scalar("add", arg(0, "int8"), arg(1, "int8"))], {0: "x", 1: "y"})
    (['int8_t s0 = (int8_t)((uint32_t)x + (uint32_t)y);'], ['s0'])
    """
    names: dict[Scalar, str] = {}
    lines: list[str] = []
    for node in in_order(outputs):
        if node.op == "arg":
            names[node] = arguments[node.data]
        elif node.op == "const":
            names[node] = c_literal(node)
        else:
            text = expression(node, [names[a] for a in node.args])
            names[node] = f"{prefix}{len(lines)}"
            lines.append(f"{c_type(node.dtype)} {names[node]} = {text};")
    return lines, [names[out] for out in outputs]


def expression(node: Scalar, operands: list[str]) -> str:
    """The text of one operation."""
    op, source = node.op, node.args[-1].dtype
    if op == "select":
        return f"{operands[0]} ? {operands[1]} : {operands[2]}"
    if op == "bits":
        return reinterpreted(operands[0], source, node.dtype)
    if op == "cast":
        return f"({c_type(node.dtype)}){operands[0]}"
    if op == "call":
        return f"{node.data}({', '.join(operands)})"
    if op == "not":
        return f"!{operands[0]}" if source == "bool" else f"({c_type(source)})~{operands[0]}"
    if kind(source) == "f":
        if op in FUNCTIONS:
            suffix = "f" if source == "float32" else ""
            return f"{FUNCTIONS[op]}{suffix}({', '.join(operands)})"
        return infix(op, operands)
    if op == "abs":
        minus = f"({c_type(source)})-({wide(source)}){operands[0]}"
        return (
            operands[0] if kind(source) == "u" else f"{operands[0]} < 0 ? {minus} : {operands[0]}"
        )
    if op in WRAPPING or op == "lshr":
        unsigned = f"uint{np.dtype(source).itemsize * 8}" if op == "lshr" else None
        first = c_type(unsigned) if unsigned else wide(source)
        return f"({c_type(source)})({infix(op, [f'({first}){x}' for x in operands])})"
    return f"({c_type(node.dtype)})({infix(op, operands)})"


def infix(op: str, operands: list[str]) -> str:
    if op == "neg":
        return f"-{operands[0]}"
    return f"{operands[0]} {INFIX[op]} {operands[1]}"


def wide(dtype: str) -> str:
    """The unsigned type that an integer's arithmetic is done in: C promotes narrower ones to a signed one."""
    return f"uint{max(32, np.dtype(dtype).itemsize * 8)}_t"


def prototypes(outputs: list[Scalar]) -> set[str]:
    """Pointers to the called functions that C's headers don't declare; whoever loads the code sets them."""
    calls = [node for node in in_order(outputs) if node.op == "call"]
    return {
        f"{c_type(n.dtype)} (*{n.data})({', '.join(c_type(a.dtype) for a in n.args)});"
        for n in calls
        if str(n.data).startswith("symrnn_")
    }
