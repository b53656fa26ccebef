"""Scalar expressions as lines of LLVM: a table of instructions and a table of intrinsics.

Floats carry ``contract``, the one fast-math flag that moves neither NaN nor infinity. What C leaves undefined is so
here too (integers divided by zero, floats cast to integers that can't hold them): `symrnn.native.scalar_ops` and
`symrnn.native.scalar.cast` guard it.
"""

from __future__ import annotations

import numpy as np

from symrnn.native.scalar import COMPARISONS, Scalar, in_order

FLOATS = {"float32": "float", "float64": "double"}
FLAGS = "contract"

# One line each: {t} the type, {a}, {b}, {c} the operands; kinds f(loat), s(igned), u(nsigned) and b(ool)
INSTRUCTIONS = {
    "f": {
        "add": "fadd {flags}{t} {a}, {b}",
        "sub": "fsub {flags}{t} {a}, {b}",
        "mul": "fmul {flags}{t} {a}, {b}",
        "div": "fdiv {flags}{t} {a}, {b}",
        "rem": "frem {flags}{t} {a}, {b}",
        "neg": "fneg {flags}{t} {a}",
    },
    "s": {"div": "sdiv {t} {a}, {b}", "rem": "srem {t} {a}, {b}"},
    "u": {"div": "udiv {t} {a}, {b}", "rem": "urem {t} {a}, {b}"},
    "i": {
        "add": "add {t} {a}, {b}",
        "sub": "sub {t} {a}, {b}",
        "mul": "mul {t} {a}, {b}",
        "and": "and {t} {a}, {b}",
        "or": "or {t} {a}, {b}",
        "xor": "xor {t} {a}, {b}",
        "shl": "shl {t} {a}, {b}",
        "lshr": "lshr {t} {a}, {b}",
        "ashr": "ashr {t} {a}, {b}",
        "neg": "sub {t} 0, {a}",
        "not": "xor {t} {a}, -1",
    },
}
INSTRUCTIONS["s"] |= INSTRUCTIONS["i"]
INSTRUCTIONS["u"] |= INSTRUCTIONS["i"]
INSTRUCTIONS["b"] = {"not": "xor i1 {a}, true"} | {
    op: INSTRUCTIONS["i"][op] for op in ("and", "or", "xor")
}
INTRINSICS = {
    "f": {
        "sqrt": "llvm.sqrt",
        "abs": "llvm.fabs",
        "floor": "llvm.floor",
        "ceil": "llvm.ceil",
        "trunc": "llvm.trunc",
        "rint": "llvm.rint",
        "fma": "llvm.fma",
    },
    "s": {"abs": "llvm.abs"},
    "u": {},
    "b": {},
}
UNSIGNED_PREDICATES = {"eq": "eq", "ne": "ne", "lt": "ult", "le": "ule", "gt": "ugt", "ge": "uge"}
PREDICATES = {  # ordered for floats, but for ne
    "f": {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"},
    "s": {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"},
    "u": UNSIGNED_PREDICATES,
    "b": UNSIGNED_PREDICATES,
}


def llvm_type(dtype: str) -> str:
    """LLVM's name for the values of `dtype`.

    Examples
    --------
    >>> [llvm_type(dtype) for dtype in ("float32", "uint8", "bool")]
    ['float', 'i8', 'i1']
    """
    if dtype == "bool":
        return "i1"
    return FLOATS.get(dtype) or f"i{np.dtype(dtype).itemsize * 8}"


def kind(dtype: str) -> str:
    """``"f"``, ``"s"`` (signed), ``"u"`` or ``"b"``."""
    return np.dtype(dtype).kind.replace("i", "s")


def llvm_literal(node: Scalar) -> str:
    """A constant; floats as the hexadecimal digits of the double with the same value, as LLVM wants them."""
    value = np.frombuffer(node.data, node.dtype)[0]
    if node.dtype == "bool":
        return "true" if value else "false"
    if node.dtype in FLOATS:
        return f"0x{np.asarray(value, 'float64').view('uint64')[()]:016X}"
    return str(value)


def llvm_lines(
    outputs: list[Scalar], arguments: dict[int, str], prefix: str = "s", flags: str = FLAGS
) -> tuple[list[str], list[str]]:
    """Instructions that compute `outputs`, and the outputs' names or literals.

    Parameters
    ----------
    arguments
        The SSA name (or a literal) of each input by its index, of type ``llvm_type(dtype)``.
    prefix
        Of the names that the lines define: ``%s0``, ``%s1``, ...

    Examples
    --------
    >>> from symrnn.native.scalar import arg, scalar
    >>> llvm_lines([scalar("add", arg(0, "int8"), arg(1, "int8"))], {0: "%x", 1: "%y"})
    (['%s0 = add i8 %x, %y'], ['%s0'])
    """
    names: dict[Scalar, str] = {}
    lines: list[str] = []
    for node in in_order(outputs):
        if node.op == "arg":
            names[node] = arguments[node.data]
        elif node.op == "const":
            names[node] = llvm_literal(node)
        elif keeps_bits(node):
            names[node] = names[node.args[0]]
        else:
            text = instruction(node, [names[a] for a in node.args], flags)
            names[node] = f"%{prefix}{len(lines)}"
            lines.append(f"{names[node]} = {text}")
    return lines, [names[out] for out in outputs]


def keeps_bits(node: Scalar) -> bool:
    """Whether LLVM has the value already: it knows no sign of an integer."""
    source = node.args[0].dtype
    if node.op == "abs":
        return kind(source) == "u"
    same = source == node.dtype or {kind(source), kind(node.dtype)} == {"s", "u"}
    return node.op in ("cast", "bits") and same and llvm_type(source) == llvm_type(node.dtype)


def instruction(node: Scalar, operands: list[str], flags: str = FLAGS) -> str:
    """The text of one operation; `operands` are names or literals."""
    # Of the last operand, since a select has its condition first.
    op, source = node.op, node.args[-1].dtype
    typed = [f"{llvm_type(a.dtype)} {name}" for a, name in zip(node.args, operands)]
    if op in COMPARISONS:
        compare = "fcmp" if source in FLOATS else "icmp"
        return f"{compare} {PREDICATES[kind(source)][op]} {typed[0]}, {operands[1]}"
    if op == "select":
        return f"select {', '.join(typed)}"
    if op == "bits":
        return f"bitcast {typed[0]} to {llvm_type(node.dtype)}"
    if op == "cast":
        return cast_instruction(typed[0], source, node.dtype)
    if op == "call" or op in INTRINSICS[kind(source)]:
        # False: the least number is its own magnitude, as NumPy has it, and not undefined.
        extra = ["i1 false"] if op == "abs" and kind(source) == "s" else []
        return f"call {llvm_type(node.dtype)} @{callee(node)}({', '.join(typed + extra)})"
    names = dict(zip("ab", operands))
    spaced = f"{flags} " if flags else ""
    return INSTRUCTIONS[kind(source)][op].format(t=llvm_type(source), flags=spaced, **names)


def cast_instruction(operand: str, source: str, target: str) -> str:
    """The conversion of a typed operand; to ``bool`` it is a comparison with zero."""
    before, after = kind(source), kind(target)
    if after == "b":
        return f"fcmp une {operand}, 0.0" if before == "f" else f"icmp ne {operand}, 0"
    width, new_width = np.dtype(source).itemsize, np.dtype(target).itemsize
    if before == after == "f":
        name = "fpext" if new_width > width else "fptrunc"
    elif before == "f":
        name = "fptosi" if after == "s" else "fptoui"
    elif after == "f":
        name = "sitofp" if before == "s" else "uitofp"
    elif new_width < width:
        name = "trunc"
    else:
        name = "sext" if before == "s" else "zext"
    return f"{name} {operand} to {llvm_type(target)}"


def callee(node: Scalar) -> str:
    """The symbol that a ``call`` or an intrinsic's operation calls."""
    if node.op == "call":
        return str(node.data)
    width = np.dtype(node.dtype).itemsize * 8
    letter = "f" if node.dtype in FLOATS else "i"
    return f"{INTRINSICS[kind(node.dtype)][node.op]}.{letter}{width}"


def declarations(outputs: list[Scalar]) -> set[str]:
    """The ``declare`` lines that the instructions of `outputs` need.

    A called function is said to touch no memory, so that the loop about it is vectorized.
    """
    found = set()
    for node in in_order(outputs):
        if not node.args:
            continue
        known = node.op in INTRINSICS[kind(node.args[0].dtype)]
        if node.op == "call" or known:
            types = [llvm_type(a.dtype) for a in node.args]
            types += ["i1"] if node.op == "abs" else []
            types = types[:1] if node.op == "abs" and node.dtype in FLOATS else types
            attributes = "" if known else " nounwind willreturn memory(none)"
            result = llvm_type(node.dtype)
            found.add(f"declare {result} @{callee(node)}({', '.join(types)}){attributes}")
    return found
