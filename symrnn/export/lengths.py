"""Lengths of axes, traced to the inputs that they come from, so that equal lengths are the same scalar."""

from typing import Any

from symrnn.export.arithmetic import ELEMENTWISE
from symrnn.export.build import Builder
from symrnn.export.graph import Node, Value

SAME = {
    "Softmax",
    "LogSoftmax",
    "CumSum",
    "Cast",
    "Update",
    "BatchNormalization",
}  # as their first input


def length(b: Builder, value: Value, axis: int) -> Value:
    """The length of an axis as a scalar: a constant, or as an expression of the lengths of inputs where it can be.

    Examples
    --------
    >>> b, x = Builder(), Value("float32", (None, 3), "x")
    >>> length(b, b.make("Neg", x), 0).node, length(b, x, 1).constant
    (<Dim {'axis': 0}>, array(3))
    """
    size = value.shape[axis]
    if size is not None:
        return b.integer(size)
    if value.node is not None and (known := _of_node(b, value, value.node, axis)) is not None:
        return known
    return b.make("Dim", value, dtype="int64", shape=(), axis=axis)


def same(a: Value | None, b: Value | None) -> bool:
    """Whether two scalars are known to be one."""
    if a is None or b is None or a is b:
        return a is b
    return a.constant is not None and b.constant is not None and int(a.constant) == int(b.constant)


def _of_node(b: Builder, value: Value, node: Node, axis: int) -> Value | None:
    x: Any = node.inputs[0] if node.inputs else None
    attributes = node.attributes
    if node.op in ELEMENTWISE:
        return _of_broadcast(b, value, node, axis)
    if node.op in SAME:
        return length(b, x, axis)
    match node.op:
        case "Transpose":
            return length(b, x, attributes["perm"][axis])
        case "Unsqueeze":
            return length(b, x, axis - sum(1 for each in attributes["axes"] if each < axis))
        case "Squeeze":
            kept = [i for i in range(x.ndim) if i not in attributes["axes"]]
            return length(b, x, kept[axis])
        case "Reshape" | "Expand":
            given: Any = node.inputs[1 + axis]  # behind the operand, one for each axis
            # A length of -1 says that the others decide.
            return None if given.constant is not None and int(given.constant) < 0 else given
        case "Slice":
            whole = node.inputs[1:] == (None, None) and abs(attributes["step"]) == 1
            return length(b, x, axis) if whole or axis != attributes["axis"] else None
        case "Gather":
            return _of_gathered(b, x, node.inputs[1], attributes["axis"], axis)
        case "Concat":
            return length(b, x, axis) if axis != attributes["axis"] else None
        case "MatMul" | "Dense":
            return _of_product(b, value, node, axis)
        case "Recurrent" | "Bidirectional":
            return _of_recurrent(b, value, node, axis)
        case "Loop":
            return _of_loop(b, value, node, axis)
    if node.op.startswith("Reduce"):
        gone = () if attributes.get("keepdims") else attributes["axes"]
        return length(b, x, [i for i in range(x.ndim) if i not in gone][axis])
    return None


def _of_gathered(b: Builder, x: Any, index: Any, at: int, axis: int) -> Value | None:
    """The axes of `index` stand in the place of axis `at` of what it is looked up in."""
    if axis < at:
        return length(b, x, axis)
    if axis < at + index.ndim:
        return length(b, index, axis - at)
    return length(b, x, axis - index.ndim + 1)


def _of_broadcast(b: Builder, value: Value, node: Node, axis: int) -> Value | None:
    for each in node.inputs:
        assert each is not None
        own = axis - (value.ndim - each.ndim)
        # An unknown length is never a broadcast one: PyTensor broadcasts only what its type says is 1.
        if own >= 0 and each.shape[own] != 1:
            return length(b, each, own)
    return None


def _of_product(b: Builder, value: Value, node: Node, axis: int) -> Value | None:
    x, y = node.inputs[:2]
    assert x is not None
    assert y is not None
    if y.ndim == 1:
        return length(b, x, axis)
    if axis == value.ndim - 1:
        return length(b, y, y.ndim - 1)
    if x.ndim == value.ndim and axis < value.ndim - 1 and x.shape[axis] != 1:
        return length(b, x, axis)
    return None


def _of_recurrent(b: Builder, value: Value, node: Node, axis: int) -> Value | None:
    xs = node.inputs[0]
    assert xs is not None
    # ys (T, B, H), then the last states (B, H)
    own = axis if value is node.outputs[0] else axis + 1
    return length(b, xs, own) if own < 2 else None


def _of_loop(b: Builder, value: Value, node: Node, axis: int) -> Value | None:
    """The length that the body's own variable has, in terms of what the loop was given."""
    body, states = node.attributes["body"], node.attributes["states"]
    at = node.outputs.index(value)
    if at < states:
        return length(b, node.inputs[at], axis)  # type: ignore[arg-type]
    if axis == 0:
        return length(b, node.inputs[states], 0)
    following = body.outputs[:states]
    if body.outputs[at] in following:
        state: Value | None = node.inputs[following.index(body.outputs[at])]
        assert state is not None
        return length(b, state, axis - 1)
    inside = length(b, body.outputs[at], axis - 1)
    if inside.constant is not None:
        return inside
    if inside.node is not None and inside.node.op == "Dim" and inside.node.inputs[0] in body.inputs:
        source = body.inputs.index(inside.node.inputs[0])
        # An element has lost the axis of time that its sequence has in front.
        is_element = states <= source < states + node.attributes["sequences"]
        outer = node.inputs[source]
        assert outer is not None
        return length(b, outer, inside.node.attributes["axis"] + is_element)
    return None
