"""Element-wise algebra, which gathers in open kernels, and whole-number algebra on shapes, which is done at once."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
from pytensor.graph.basic import Apply, Constant
from pytensor.scalar import basic as ps
from pytensor.tensor.elemwise import Elemwise

from symrnn.native.builder import Builder
from symrnn.native.lowering.rule import Rule
from symrnn.native.scalar import arg, const
from symrnn.native.scalar_ops import lowered
from symrnn.native.shapes import Shape, Shapes, broadcast_shape, dtype_of
from symrnn.native.sizes import Int, floor_quotient, floor_remainder

ON_SIZES: dict[
    type, Callable
] = {  # on extents that may be parameters; None: only as the numbers of this call
    ps.Add: lambda *n: sum(n[1:], n[0]),
    ps.Sub: operator.sub,
    ps.Mul: lambda *n: _product(n),
    ps.Neg: operator.neg,
    ps.IntDiv: lambda a, b: floor_quotient(a, b),
    ps.Mod: lambda a, b: floor_remainder(a, b),
    ps.EQ: lambda a, b: int(a == b),
    ps.NEQ: lambda a, b: int(a != b),
    ps.LT: lambda a, b: int(a < b),
    ps.LE: lambda a, b: int(a <= b),
    ps.GT: lambda a, b: int(a > b),
    ps.GE: lambda a, b: int(a >= b),
    ps.Minimum: lambda a, b: a if a <= b else b,
    ps.Maximum: lambda a, b: a if a >= b else b,
    ps.Switch: lambda c, a, b: a if c else b,
    ps.Cast: lambda n: n,
    ps.Identity: lambda n: n,
    ps.Second: lambda a, b: b,
}


def _product(numbers):
    result = numbers[0]
    for n in numbers[1:]:
        result = result * n
    return result


def check_lowered(node: Apply, scalar_op: ps.ScalarOp) -> None:
    """Raise `Unsupported` where there is no expression of the node's values."""
    arguments = [
        # With its numbers: some rules are for such alone, as a power of integers is.
        const(np.asarray(x.data).flat[0], dtype_of(x))
        if isinstance(x, Constant) and np.size(x.data) == 1
        else arg(i, dtype_of(x))
        for i, x in enumerate(node.inputs)
    ]
    lowered(scalar_op, arguments, [dtype_of(out) for out in node.outputs])


def elementwise_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_lowered(node, node.op.scalar_op)
    shape = broadcast_shape([shapes.of(x) for x in node.inputs])
    for x in (
        node.inputs
    ):  # what isn't known to be of extent 1 must not be repeated, as PyTensor demands
        for axis, n in enumerate(shapes.of(x)):
            if n != shape[axis + len(shape) - len(shapes.of(x))] and not x.type.broadcastable[axis]:
                raise ValueError(
                    f"Runtime broadcasting not allowed. The shapes are {[shapes.of(x) for x in node.inputs]}: an axis "
                    "of "
                    "extent 1 is repeated that is not known to be 1; make it known with shape="
                )
    _note_numbers(node, shapes, node.op.scalar_op)
    return [shape] * len(node.outputs)


def _note_numbers(node, shapes, scalar_op):
    if any(dtype_of(out).startswith("float") or out.type.ndim > 1 for out in node.outputs):
        return
    numbers = [shapes.number_or_none(x) for x in node.inputs]
    if None in numbers:
        return
    # On sizes where that goes, so that the result stays a parameter; else on the numbers of this call, by PyTensor.
    on_sizes = ON_SIZES.get(type(scalar_op))
    found = None
    if on_sizes is not None and len(node.outputs) == 1:
        found = _found(on_sizes, numbers)
    if found is not None:
        dtype = dtype_of(node.outputs[0])
        shapes.numbers[node.outputs[0]] = (
            tuple(held(n, dtype) for n in found) if isinstance(found, tuple) else held(found, dtype)
        )
    elif len(node.outputs) == 1:
        values = [
            np.asarray(_plain(n), dtype_of(x)) for n, x in zip(numbers, node.inputs, strict=True)
        ]
        storage = [[None]]
        node.op.perform(
            node, [v if v.ndim or isinstance(node.op, Elemwise) else v[()] for v in values], storage
        )
        shapes.note(node.outputs[0], storage[0][0])


def _found(on_sizes: Callable, numbers: list) -> Int | tuple[Int, ...] | None:
    """What an op makes of numbers, of vectors entry by entry; None where it can't tell."""
    lengths = {len(n) for n in numbers if isinstance(n, tuple)}
    if not lengths:
        return on_sizes(*numbers)
    entries = []
    for i in range(min(lengths) and max(lengths)):  # none, where one has none
        entry = [n[i if len(n) > 1 else 0] if isinstance(n, tuple) else n for n in numbers]
        entries.append(on_sizes(*entry))
    return None if any(n is None for n in entries) else tuple(entries)


def held(number: Int, dtype: str) -> Int:
    """A whole number as a dtype holds it, as NumPy's casts make it: beyond the range it wraps around.

    A size stays one where the range holds it, which becomes a guard; of ``int64`` machine code wraps as well.

    Examples
    --------
    >>> held(300, "int8"), held(-1, "uint8"), held(3, "bool")
    (44, 255, 1)
    """
    if dtype == "bool":
        return int(number != 0)
    if dtype == "int64" and not isinstance(number, int):
        return number
    least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if least <= number <= most:
        return number
    return (int(number) - least) % (most - least + 1) + least


def _plain(number):
    return [int(n) for n in number] if isinstance(number, tuple) else int(number)


def elementwise_lower(node: Apply, builder: Builder) -> None:
    # It follows from shapes: a number wherever it is read, and no code.
    if all(builder.shapes.number_or_none(out) is not None for out in node.outputs):
        return
    dtypes = [dtype_of(out) for out in node.outputs]
    builder.elementwise(node, lambda arguments: lowered(node.op.scalar_op, arguments, dtypes))


def scalar_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    check_lowered(node, node.op)
    _note_numbers(node, shapes, node.op)
    return [()] * len(node.outputs)


def scalar_lower(node: Apply, builder: Builder) -> None:
    if all(builder.shapes.number_or_none(out) is not None for out in node.outputs):
        return
    dtypes = [dtype_of(out) for out in node.outputs]
    builder.elementwise(node, lambda arguments: lowered(node.op, arguments, dtypes))


RULES: dict[type, Rule] = {
    Elemwise: Rule(elementwise_shapes, elementwise_lower),
    ps.ScalarOp: Rule(scalar_shapes, scalar_lower),
}
