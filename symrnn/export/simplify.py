"""Rules that make a node simpler as it is built: each is named by its algebra, and tried for its operator.

A rule is a function ``(builder, inputs, attributes)`` that returns what stands for the node, or None. A rule of your
own is one function here and its place in `RULES`.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from symrnn.export.arithmetic import ELEMENTWISE
from symrnn.export.build import Builder, broadcast
from symrnn.export.graph import Value, number_of
from symrnn.export.lengths import length, same
from symrnn.export.simplify_indexing import (
    Attributes,
    Inputs,
    gather_of_flip,
    gather_of_join,
    gather_of_transpose,
    gather_of_update,
    gather_of_vector,
    gather_of_widened,
    is_flip,
    last_record_is_state,
    slice_of_join,
    slice_of_slice,
    slice_of_update,
    slice_of_vector,
    whole_slice,
)


def joined_once(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``join(x) = x``; ``join(join(x, y), z) = join(x, y, z)``."""
    if len(inputs) == 1:
        return inputs[0]
    axis = attributes["axis"]
    flat: list[Value] = []
    for each in inputs:
        is_join = each.node is not None and each.node.op == "Concat"
        is_join = is_join and each.node.attributes["axis"] == axis
        flat += each.node.inputs if is_join else [each]
    return b.concat(flat, axis) if len(flat) > len(inputs) else None


def joined_again(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``join(x[:a], x[a:]) = x``."""
    axis = attributes["axis"]
    nodes = [each.node for each in inputs]
    if any(node is None or node.op != "Slice" for node in nodes):
        return None
    if any((n.attributes["axis"], n.attributes["step"]) != (axis, 1) for n in nodes):
        return None
    whole, at = nodes[0].inputs[0], nodes[0].inputs[1]
    if at is not None or any(node.inputs[0] is not whole for node in nodes):
        return None
    for before, after in pairwise(nodes):
        if not same(before.inputs[2], after.inputs[1]):
            return None
    # Two parts meet wherever they are cut; of more, cuts in another order would have entries twice.
    cuts = [number_of(node.inputs[2]) for node in nodes[:-1]]
    known = [0, *(cut for cut in cuts if cut is not None)]
    if len(cuts) > 1 and (None in cuts or known != sorted(known)):
        return None
    return whole if nodes[-1].inputs[2] is None else None


def cast_to_itself(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """A cast to what is there already."""
    return inputs[0] if inputs[0].dtype == attributes["to"] else None


def transposed_once(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``transpose(transpose(x))`` is one, or none."""
    x, perm = inputs[0], attributes["perm"]
    if perm == tuple(range(len(perm))):
        return x
    if x.node is not None and x.node.op == "Transpose":
        return b.transpose(x.node.inputs[0], [x.node.attributes["perm"][p] for p in perm])
    return None


def transpose_of_flip(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``transpose(x[::-1]) = transpose(x)[::-1]``, so that flips meet."""
    node, perm = inputs[0].node, attributes["perm"]
    if node is None or node.op != "Slice" or not is_flip(node.inputs, node.attributes):
        return None
    return b.flip(b.transpose(node.inputs[0], perm), perm.index(node.attributes["axis"]))


def join_of_transposes(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``join(transpose(x), transpose(y)) = transpose(join(x, y))``."""
    nodes = [each.node for each in inputs]
    if any(node is None or node.op != "Transpose" for node in nodes):
        return None
    perms = {node.attributes["perm"] for node in nodes}
    if len(perms) > 1:
        return None
    [perm] = perms
    return b.transpose(b.concat([n.inputs[0] for n in nodes], perm[attributes["axis"]]), perm)


def unsqueezed_back(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``x[None]`` without its new axis is x."""
    x = inputs[0]
    if x.node is not None and x.node.op == "Unsqueeze":
        return x.node.inputs[0] if x.node.attributes == attributes else None
    return None


def product_of_vector(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``(A @ x[:, None])[:, 0] = A @ x`` and ``(x[None] @ A)[0] = x @ A``."""
    node = inputs[0].node
    if node is None or node.op != "MatMul" or inputs[0].ndim != 2:
        return None
    x, y = node.inputs
    # The second of the pair is the vector that was widened: y for A @ x[:, None], x for x[None] @ A.
    operands = {(1,): (x, y), (0,): (y, x)}.get(attributes["axes"])
    vector = None if operands is None else operands[1].node
    if vector is None or vector.op != "Unsqueeze" or vector.inputs[0].ndim != 1:
        return None
    if vector.attributes["axes"] != attributes["axes"]:
        return None
    pair = (x, vector.inputs[0]) if attributes["axes"] == (1,) else (vector.inputs[0], y)
    axis = 0 if attributes["axes"] == (1,) else 1
    return b.make("MatMul", *pair, dtype=x.dtype, shape=(inputs[0].shape[axis],))


def no_axes(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """No axis is put in."""
    return inputs[0] if not attributes["axes"] else None


def expanded_to_itself(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """An Expand to the shape that is there already."""
    x, *sizes = inputs
    is_same = x.ndim == len(sizes)
    return x if is_same and all(same(n, length(b, x, i)) for i, n in enumerate(sizes)) else None


def reshaped_to_itself(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """A Reshape to the shape that is there already."""
    x, *sizes = inputs
    if x.ndim != len(sizes):
        return None
    # One length of -1 is what the others leave: the same, if they are.
    differ = [i for i, size in enumerate(sizes) if not same(size, length(b, x, i))]
    unknown = [i for i, size in enumerate(sizes) if number_of(size) == -1]
    return x if not differ or differ == unknown else None


def rows_and_back(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``f(x.reshape(-1, D)).reshape(T, B, N) = f(x)`` for whatever f does to each row by itself."""
    y, *sizes = inputs
    if y.ndim != 2 or len(sizes) < 3 or not same(sizes[-1], length(b, y, 1)):
        return None
    lifted = _lifted(b, y, sizes[:-1], {})
    return None if lifted is None or lifted is y or lifted.ndim != len(sizes) else lifted


def _lifted(
    b: Builder, y: Value, leading: Inputs, known: dict[Value, Value | None]
) -> Value | None:
    """`y` ``(T*B, N)`` on ``(T, B, ...)``; as it is where it does not depend on the row; or None."""
    if y.ndim < 2 or (y.shape[0] == 1 and y.constant is not None):
        return y
    if y not in known:
        known[y] = _lifted_node(b, y, leading, known) if y.node is not None else None
    return known[y]


def _lifted_node(b, y, leading, known):
    node, x = y.node, y.node.inputs[0]
    if node.op == "Reshape" and x.ndim == len(leading) + 1 and y.ndim == 2:
        heads = [same(size, length(b, x, i)) for i, size in enumerate(leading)]
        return x if all(heads) and same(length(b, x, x.ndim - 1), length(b, y, 1)) else None
    if node.op == "MatMul" and node.inputs[1].ndim == 2:
        rows = _lifted(b, x, leading, known)
        if rows is None or rows is x:
            return None
        shape = (*rows.shape[:-1], y.shape[1])
        return b.make("MatMul", rows, node.inputs[1], dtype=y.dtype, shape=shape)
    if node.op in ELEMENTWISE or node.op == "Cast":
        parts = [_lifted(b, each, leading, known) for each in node.inputs]
        if any(part is None for part in parts):
            return None
        if node.op == "Cast":
            return b.cast(parts[0], y.dtype)
        return b.make(node.op, *parts, dtype=y.dtype)
    if node.op == "Slice" and node.attributes["axis"] == 1:
        rows = _lifted(b, x, leading, known)
        return rows and b.slice(rows, rows.ndim - 1, *node.inputs[1:], node.attributes["step"])
    return None


def neutral_number(neutral: float, *, right_only: bool = False) -> Callable[..., Value | None]:
    """The rule that drops a constant that changes nothing."""

    def rule(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
        for x, c in ((inputs[0], inputs[1]), (inputs[1], inputs[0]))[: 1 if right_only else 2]:
            # With more axes than x it would give x some of its own.
            is_one_number = c.constant is not None and c.ndim <= x.ndim and c.constant.size == 1
            if is_one_number and c.constant.item() == neutral and x.dtype == c.dtype:
                return x
        return None

    return rule


def same_twice(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``max(x, x) = x``."""
    return inputs[0] if inputs[0] is inputs[1] else None


def rectified(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``max(x, 0) = relu(x)``."""
    for x, c in (inputs, inputs[::-1]):
        is_zero = c.constant is not None and c.constant.size == 1 and not np.any(c.constant)
        if is_zero and c.ndim <= x.ndim and x.dtype.startswith("float"):
            return b.make("Relu", x)
    return None


def where_is_known(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``where(c, x, x) = x``."""
    c, x, y = inputs
    # The condition may have more rows than the choices.
    return x if x is y and broadcast([c.shape, x.shape]) == x.shape else None


RULES: dict[str, tuple[Callable[..., Value | None], ...]] = {
    "Slice": (whole_slice, slice_of_slice, slice_of_join, slice_of_update, slice_of_vector),
    "Gather": (
        gather_of_vector,
        gather_of_update,
        gather_of_join,
        gather_of_flip,
        gather_of_widened,
        gather_of_transpose,
        last_record_is_state,
    ),
    "Concat": (joined_once, joined_again, join_of_transposes),
    "Cast": (cast_to_itself,),
    "Transpose": (transposed_once, transpose_of_flip),
    "Unsqueeze": (no_axes,),
    "Squeeze": (unsqueezed_back, product_of_vector),
    "Expand": (expanded_to_itself,),
    "Reshape": (reshaped_to_itself, rows_and_back),
    "Mul": (neutral_number(1),),
    "Add": (neutral_number(0),),
    "Sub": (neutral_number(0, right_only=True),),
    "Div": (neutral_number(1, right_only=True),),
    "Max": (same_twice, rectified),
    "Min": (same_twice,),
    "Where": (where_is_known,),
}
