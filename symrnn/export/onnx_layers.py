"""Recurrent layers in ONNX: one LSTM, GRU or RNN operator each, and what stands around it.

ONNX keeps the gates in another order, wants them transposed, with an axis of directions in front, and puts out zeros
where a sequence has ended, where a masked scan repeats the last state (or, walking backwards, has not left the initial
one yet): a Where behind the operator puts that back.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symrnn.export.graph import Node, Value

if TYPE_CHECKING:
    from symrnn.export.onnx_file import Emitter

ORDER = {
    "LSTM": (0, 2, 1, 3),
    "GRU": (1, 0, 2),
    "RNN": (0,),
}  # ONNX's gates among ours: i o f c, z r h


def recurrent(e: "Emitter", node: Node) -> list[str]:
    """The names of a layer's ``ys`` and last states."""
    xs, *weights = node.inputs[:6]
    mask, *states = node.inputs[6:]
    side = "reverse" if node.attributes["reverse"] else "forward"
    ys, *finals = _operator(e, node, xs, [weights], mask, [states], side)
    # Y is (T, directions, B, H), Y_h (directions, B, H).
    ys = e.emit("Squeeze", [ys, e.integers([1])])
    finals = [e.emit("Squeeze", [final, e.integers([0])]) for final in finals]
    if mask is not None:
        # Behind its end a walk from the end has not begun, a walk from the start is over.
        fill = e.name(states[0]) if side == "reverse" else finals[0]
        ys = e.emit("Where", [e.emit("Unsqueeze", [e.name(mask), e.integers([2])]), ys, fill])
    return [ys, *finals]


def bidirectional(e: "Emitter", node: Node) -> list[str]:
    """The names of ``ys (T, B, 2H)`` and the last states of both directions, forward first."""
    xs, *rest = node.inputs
    weights, (mask, *states) = [rest[:5], rest[5:10]], rest[10:]
    each = len(states) // 2
    both = [states[:each], states[each:]]
    ys, *finals = _operator(e, node, xs, weights, mask, both, "bidirectional")
    if mask is not None:
        here = e.emit("Unsqueeze", [e.name(mask), e.integers([1, 3])])
        # Start, end, axis: the forward direction with its axis kept, to be joined with the backward one's initial
        # state.
        forward = e.emit("Slice", [finals[0], *(e.integers([n]) for n in (0, 1, 0))])
        backward = e.emit("Unsqueeze", [e.name(both[1][0]), e.integers([0])])
        ys = e.emit("Where", [here, ys, e.emit("Concat", [forward, backward], axis=0)])
    side_by_side = e.emit("Transpose", [ys], perm=[0, 2, 1, 3])
    # 0 keeps a length: (T, B, 2, H) to (T, B, 2H).
    ys = e.emit("Reshape", [side_by_side, e.integers([0, 0, -1])])
    last = [
        e.emit("Gather", [final, e.array(np.int64(way))], axis=0)
        for way in (0, 1)
        # Forward h, forward c, backward h, backward c: the order of a Bidirectional node's outputs.
        for final in finals
    ]
    return [ys, *last]


def _operator(
    e: "Emitter",
    node: Node,
    xs: Any,
    weights: Sequence[Sequence[Any]],
    mask: Value | None,
    states: Sequence[Sequence[Any]],
    side: str,
) -> list[str]:
    """The outputs of the operator itself: Y, Y_h, and of an LSTM Y_c."""
    kind = node.attributes["kind"]
    packed = [packed_weights(kind, *each) for each in weights]
    arrays = [np.stack(each) for each in zip(*(p[:3] for p in packed), strict=True)]
    hidden = arrays[1].shape[2]
    names = [f"{kind.lower()}.{part}" for part in "WRB"]
    inputs = [e.name(xs), *(e.array(a, name) for a, name in zip(arrays, names, strict=True))]
    inputs.append(e.lengths(mask) if mask is not None else "")
    for together in zip(*states, strict=True):
        inputs.append("" if all(map(is_zero, together)) else e.stacked(together))
    if any(p[3] is not None for p in packed):
        peepholes = [
            np.zeros(3 * hidden, arrays[0].dtype) if p[3] is None else p[3] for p in packed
        ]
        inputs.append(e.array(np.stack(peepholes), f"{kind.lower()}.P"))
    # Inputs at the end that are not given must not be there.
    while inputs[-1] == "":
        inputs.pop()
    attributes: dict[str, Any] = {"hidden_size": hidden, "direction": side}
    activations = list(node.attributes["activations"]) * len(weights)
    if node.attributes["activations"] != DEFAULTS[kind]:
        attributes["activations"] = activations
    if kind == "GRU":
        attributes["linear_before_reset"] = int(node.attributes["reset"] == "after")
    return e.emit_several(kind, inputs, 3 if kind == "LSTM" else 2, **attributes)


DEFAULTS = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}


def in_order(array: Any, order: Sequence[int]) -> np.ndarray:
    """A weight whose last axis holds a block for each gate, with the blocks in another order.

    Examples
    --------
    >>> in_order(np.array([1, 2, 3, 4]), (1, 0))
    array([3, 4, 1, 2])
    """
    blocks = np.split(array, len(order), axis=-1)
    return np.concatenate([blocks[i] for i in order], axis=-1)


def packed_weights(
    kind: str, w_x: Value, w_h: Value, b: Value, b_n: Value | None, p: Value | None
) -> tuple[Any, ...]:
    """``W (G*H, D)``, ``R (G*H, H)``, ``B (2*G*H,)`` and ``P (3*H,)`` or None, in ONNX's order."""
    arrays = [v.constant for v in (w_x, w_h, b)]
    assert all(array is not None for array in arrays)
    hidden, order = w_h.shape[0], ORDER[kind]
    assert hidden is not None
    recurrent_bias = np.zeros_like(arrays[2])
    if b_n is not None:
        recurrent_bias[..., 2 * hidden :] = b_n.constant
    bias = np.concatenate([in_order(arrays[2], order), recurrent_bias])
    peepholes = None
    if p is not None:
        i, f, o = p.constant  # type: ignore[misc]
        # No permutation of columns: ONNX's P has three gates, of which the order is its own.
        peepholes = np.concatenate([i, o, f])
    w, r = (in_order(array, order).T for array in arrays[:2])
    return w, r, bias, peepholes


def is_zero(value: Value) -> bool:
    """Whether a state is zeros, as it is where none is given."""
    if value.constant is not None:
        return not np.any(value.constant)
    node = value.node
    return node is not None and node.op == "Expand" and is_zero(node.inputs[0])  # type: ignore[arg-type]
