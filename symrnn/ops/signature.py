"""A name for a small graph: equal names are the same algebra on other variables, with the same gradient."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.op import Op
from pytensor.scalar.basic import Composite, ScalarOp
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.subtensor import Subtensor

from symrnn.ops.substitute import in_order

MODULES = ("pytensor.scalar.basic", "pytensor.scalar.math", "symrnn.ops.activations")


def signature(inputs: Sequence[Variable], outputs: Sequence[Variable]) -> Hashable | None:
    """The types of the inputs, and each node by its op and the numbers of what it reads; None where no name is safe.

    Only ops are named whose equality is known to be complete: element-wise algebra, PyTensor's own and ours, and
    indexing. (Two ops that are equal may differ in their gradient, as PyTensor's clipped views do.) Constants stand for
    themselves, bit by bit.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x, y, z = pt.vectors("xyz")
    >>> signature([x], [2 * pt.tanh(x)]) == signature([y], [2 * pt.tanh(y)])
    True
    >>> signature([x], [2 * pt.tanh(x)]) == signature([x], [3 * pt.tanh(x)])
    False
    >>> signature([x], [x * z])  # z is given by nobody
    """
    numbers: dict[Variable, int] = {x: i for i, x in enumerate(inputs)}
    parts: list[Hashable] = [x.type for x in inputs]
    for var in in_order(outputs):
        if var in numbers:
            continue
        part = _part(var, numbers)
        if part is None:
            return None
        numbers[var] = len(parts)
        parts.append(part)
    return (tuple(parts), len(inputs), tuple(numbers[out] for out in outputs))


def _part(var: Any, numbers: dict[Variable, int]) -> Hashable | None:
    if isinstance(var, Constant):
        data = np.asarray(var.data)
        return None if data.dtype.hasobject else (var.type, data.shape, data.tobytes())
    if var.owner is None or not _is_known(var.owner.op):
        return None
    node = var.owner
    return (node.op, node.outputs.index(var), var.type, *(numbers[x] for x in node.inputs))


def _is_known(op: Op) -> bool:
    if isinstance(op, Elemwise):
        scalar: ScalarOp = op.scalar_op
        return type(scalar).__module__ in MODULES and not isinstance(scalar, Composite)
    return type(op) in (DimShuffle, Subtensor)
