"""Rules for slices and indices, tried by `symrnn.export.simplify`: each is named by its algebra."""

from collections.abc import Sequence
from typing import Any

from symrnn.export.build import Builder
from symrnn.export.graph import Value, number_of
from symrnn.export.lengths import length, same

Inputs = Sequence[Any]
Attributes = dict[str, Any]
LAYERS = {"Loop", "Recurrent", "Bidirectional"}


def is_flip(inputs: Inputs, attributes: Attributes) -> bool:
    """Whether a Slice takes the whole axis, backwards."""
    return tuple(inputs[1:]) == (None, None) and attributes["step"] == -1


def whole_slice(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``x[0:len(x)] = x``, and ``x[::-1] = x`` of one entry."""
    x, start, stop = inputs
    axis, step = attributes["axis"], attributes["step"]
    if step == -1 and x.shape[axis] == 1 and is_flip(inputs, attributes):
        return x
    if step < 1:
        return None
    size, last = x.shape[axis], number_of(stop)
    no_start = start is None or number_of(start) == 0
    no_stop = stop is None or same(stop, length(b, x, axis))
    no_stop = no_stop or (last is not None and size is not None and last >= size)
    if no_start and no_stop and step == 1:
        return x
    if (no_start and start is not None) or (no_stop and stop is not None):
        return b.slice(x, axis, None if no_start else start, None if no_stop else stop, step)
    return None


def slice_of_slice(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``x[::-1][::-1] = x``; ``x[a:][c:d] = x[a + c:a + d]``."""
    x, start, stop = inputs
    node, axis = x.node, attributes["axis"]
    if node is None or node.op != "Slice" or node.attributes["axis"] != axis:
        return None
    if is_flip(inputs, attributes) and is_flip(node.inputs, node.attributes):
        return node.inputs[0]
    if (attributes["step"], node.attributes["step"]) != (1, 1):
        return None
    inner, below = number_of(node.inputs[1]) or 0, node.inputs[2]
    first, last = number_of(start) or 0, number_of(stop)
    known = (start is None or number_of(start) is not None) and (stop is None or last is not None)
    known = known and (node.inputs[1] is None or number_of(node.inputs[1]) is not None)
    # Bounds from the end depend on the length of what is cut, which the outer slice changes.
    if not known or min(inner, first, 0 if last is None else last) < 0:
        return None
    if below is not None:
        end = number_of(below)
        if end is None or end < 0:
            return None
        last = min(end, end if last is None else inner + last)
    elif last is not None:
        last += inner
    return b.slice(node.inputs[0], axis, inner + first, last)


def slice_of_vector(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``vector(a, b, c)[1:] = vector(b, c)``."""
    x, *bounds = inputs
    if (
        x.node is None
        or x.node.op != "Vector"
        or any(v is not None and v.constant is None for v in bounds)
    ):
        return None
    first, last = (number_of(v) for v in bounds)
    items = x.node.inputs[slice(first, last, attributes["step"])]
    return b.make("Vector", *items, dtype=x.dtype, shape=(len(items),)) if items else None


def slice_of_join(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``join(x, y)[len(x):] = y``, for parts that the slice takes whole, or takes a piece of one."""
    x, start, stop = inputs
    node, axis = x.node, attributes["axis"]
    if node is None or node.op != "Concat" or node.attributes["axis"] != axis:
        return None
    first, last = (0 if start is None else number_of(start)), number_of(stop)
    if attributes["step"] != 1 or first is None or first < 0 or (stop is not None and last is None):
        return None
    if last is not None and last < 0:
        return None
    at, taken = 0, []
    parts = list(node.inputs)
    for i, part in enumerate(parts):
        size = part.shape[axis]
        # From here on nothing is known of places; all of the rest is right if the slice runs to the end.
        if size is None:
            if first <= at and last is None:
                taken += parts[i:]
                break
            return None
        low, high = max(first - at, 0), size if last is None else min(last - at, size)
        if low < high:
            taken.append(b.slice(part, axis, low, high))
        at += size
        if last is not None and at >= last:
            break
    return b.concat(taken, axis) if taken else None


def slice_of_update(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``set(x[:n], y)[:n] = y``."""
    x, start, stop = inputs
    node, axis = x.node, attributes["axis"]
    if node is None or node.op != "Update" or node.attributes["add"] or attributes["step"] != 1:
        return None
    slices, y = node.attributes["slices"], node.inputs[1]
    if axis != 0 or start is not None or len(slices) != 1 or slices[0] != (False, True, 1):
        return None
    # One entry may stand for several, which those of a length that is not known may be, too.
    known, rows = number_of(stop), y.shape[:1]
    has_rows = known == 1 or rows not in ([(1,)] if known is None else [(1,), (None,)])
    is_whole = y.ndim == x.ndim and has_rows and _fills_rows(y, x)
    return y if is_whole and same(stop, node.inputs[2]) else None


def _fills_rows(y: Value, x: Value) -> bool:
    """Whether rows of `y`, put into `x`, are not one entry for several."""
    each = zip(y.shape[1:], x.shape[1:], strict=True)
    return all(n == m or (n is not None and n != 1) for n, m in each)


def gather_of_update(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``set(x[:n], y)[i] = y[i]`` for i below n."""
    x, index = inputs
    node, at = x.node, number_of(index) if index.ndim == 0 else None
    if node is None or node.op != "Update" or node.attributes["add"] or attributes["axis"]:
        return None
    y, stop = node.inputs[1], number_of(node.inputs[2]) if len(node.inputs) > 2 else None
    if node.attributes["slices"] != ((False, True, 1),) or y.ndim != x.ndim:
        return None
    if not _fills_rows(y, x):
        return None
    if at is None or stop is None or not 0 <= at < stop:
        return None
    if at and y.shape[0] is None:
        return None
    # One row may stand for several.
    return b.gather(y, at if y.shape[0] != 1 else 0, 0)


def gather_of_join(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``join(x, y)[0] = x[0]``, and ``join(x, y)[-1] = y[-1]``."""
    x, index = inputs
    node, axis = x.node, attributes["axis"]
    if node is None or node.op != "Concat" or node.attributes["axis"] != axis or index.ndim:
        return None
    at = number_of(index)
    if at == -1:
        last = next((part for part in reversed(node.inputs) if part.shape[axis] != 0), x)
        # A part of unknown length may be empty; of the records of no step no file can make an array.
        is_full = last.shape[axis] is not None or (last.node is not None and last.node.op in LAYERS)
        return b.gather(last, -1, axis) if is_full and last is not x else None
    if at is None or at < 0:
        return None
    for part in node.inputs:
        size = part.shape[axis]
        if size is None:
            return None
        if at < size:
            return b.gather(part, at, axis)
        at -= size
    return None


def gather_of_vector(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``vector(a, b)[1] = b``."""
    x, index = inputs
    at = number_of(index) if index.ndim == 0 else None
    if x.node is None or x.node.op != "Vector" or at is None:
        return None
    return x.node.inputs[at]


def gather_of_flip(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``x[::-1][0] = x[-1]``."""
    x, index = inputs
    node, axis = x.node, attributes["axis"]
    at = number_of(index) if index.ndim == 0 else None
    if node is None or node.op != "Slice" or node.attributes["axis"] != axis or at is None:
        return None
    return (
        b.gather(node.inputs[0], -1 - at, axis) if is_flip(node.inputs, node.attributes) else None
    )


def gather_of_transpose(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``transpose(x)[:, i] = transpose(x[i])``, so that the last of all outputs is seen to be a state."""
    x, index = inputs
    node = x.node
    if node is None or node.op != "Transpose" or index.ndim:
        return None
    # The axis that is indexed falls out of the permutation, and those behind it move up by one.
    perm = list(node.attributes["perm"])
    axis = perm.pop(attributes["axis"])
    taken = b.gather(node.inputs[0], index, axis)
    return b.transpose(taken, [p - (p > axis) for p in perm])


def gather_of_widened(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``x[None][0] = x``."""
    x, index = inputs
    node = x.node
    if node is None or node.op != "Unsqueeze" or index.ndim or number_of(index) not in (0, -1):
        return None
    axes = node.attributes["axes"]
    return node.inputs[0] if axes == (attributes["axis"],) else None


def last_record_is_state(b: Builder, inputs: Inputs, attributes: Attributes) -> Value | None:
    """``records[-1]`` of a loop that records its state is the last state."""
    x, index = inputs
    node = x.node
    if (
        node is None
        or node.op != "Loop"
        or attributes["axis"]
        or index.ndim
        or number_of(index) != -1
    ):
        return None
    outputs, states = node.attributes["body"].outputs, node.attributes["states"]
    # Of a record that is a next state; records of anything else have no last value of their own.
    at = node.outputs.index(x)
    if at < states or outputs[at] not in outputs[:states]:
        return None
    return node.outputs[outputs.index(outputs[at])]
