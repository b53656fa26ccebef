"""Convolutions, paddings and poolings among slices, joins and products.

PyTensor has no convolution over several axes with strides; libraries lay the windows' entries side by side and
multiply. What is looked for is that: parts that are the same array, each some steps later than the one before, where
what lies outside of the array is zeros.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from symrnn.export.build import Builder
from symrnn.export.graph import Value, number_of

Binding = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A part of `whole` along an axis, from `start` to `stop` by `step`; what lies outside of it is zeros."""

    whole: Value
    start: int
    stop: int
    step: int = 1


def is_zeros(value: Value) -> bool:
    """Whether a value is zeros in a shape."""
    if value.constant is not None:
        return not np.any(value.constant)
    node = value.node
    return node is not None and node.op == "Expand" and is_zeros(node.inputs[0])  # type: ignore[arg-type]


def span(value: Value, axis: int) -> Span | None:
    """What part of which array a value is, along an axis whose lengths are known."""
    size, node = value.shape[axis], value.node
    if size is None or node is None:
        return None if size is None else Span(value, 0, size)
    if node.op == "Slice" and node.attributes["axis"] == axis and node.attributes["step"] >= 1:
        if any(v is not None and v.constant is None for v in node.inputs[1:]):
            return Span(value, 0, size)  # of bounds that are computed nothing is known
        inside = span(node.inputs[0], axis)  # type: ignore[arg-type]
        first, last = (number_of(v) for v in node.inputs[1:])
        length = node.inputs[0].shape[axis]  # type: ignore[union-attr]
        # A part of a part by steps would need a product of steps, and starts between them: no window is written so.
        if inside is None or inside.step != 1 or length is None:
            return None
        low, high, step = slice(first, last, node.attributes["step"]).indices(length)
        return Span(inside.whole, inside.start + low, inside.start + high, step)
    if node.op == "Concat" and node.attributes["axis"] == axis:
        return _span_of_join(value, axis)
    if node.op == "Pad" and not node.attributes.get("value"):
        before, after = node.attributes["pads"][axis]
        others = [pad for i, pad in enumerate(node.attributes["pads"]) if i != axis]
        if not any(any(pad) for pad in others):
            whole: Any = node.inputs[0]
            return Span(whole, -before, whole.shape[axis] + after)
    return Span(value, 0, size)


def _span_of_join(value: Value, axis: int) -> Span | None:
    """Zeros, an array, and zeros."""
    parts: Any = value.node.inputs  # type: ignore[union-attr]
    full = [i for i, part in enumerate(parts) if not is_zeros(part)]
    size = value.shape[axis]
    assert size is not None
    if len(full) != 1:
        return Span(value, 0, size)
    inside, whole = span(parts[full[0]], axis), None
    if inside is not None and inside.step == 1:
        whole = inside.whole.shape[axis]
    before = sum(part.shape[axis] for part in parts[: full[0]])
    after = sum(part.shape[axis] for part in parts[full[0] + 1 :])
    if inside is None or whole is None:
        return Span(value, 0, size)
    # Zeros beside a part that does not reach to that end of the array hide some of it.
    if (before and inside.start > 0) or (after and inside.stop < whole):
        return Span(value, 0, size)
    return Span(inside.whole, inside.start - before, inside.stop + after)


@dataclass(frozen=True)
class Windows:
    """Entries of windows along one axis of `whole`."""

    whole: Value
    axis: int
    count: int
    dilation: int
    stride: int
    before: int
    after: int


def windows(parts: list[Value], axis: int) -> Windows | None:
    """The windows whose entries `parts` are, one part an entry."""
    spans = [span(part, axis) for part in parts]
    first = spans[0]
    if first is None or any(
        s is None or s.whole is not first.whole or s.step != first.step for s in spans
    ):
        return None
    places = {part.shape[axis] for part in parts}
    starts = [s.start for s in spans if s is not None]
    steps = {b - a for a, b in pairwise(starts)}
    size = first.whole.shape[axis]
    if len(places) > 1 or len(steps) > 1 or size is None or min(steps or {1}) < 1:
        return None
    outputs = places.pop()
    if not outputs:
        return None
    dilation = steps.pop() if steps else 1
    # Behind the last entry of the last window; what lies before 0 or behind `size` was zeros.
    end = starts[-1] + (outputs - 1) * first.step + 1
    before, after = -starts[0], end - size
    # Rows behind the last window at this stride are seen by none.
    if before < 0 or after <= -first.step:
        return None
    return Windows(first.whole, axis, len(parts), dilation, first.step, before, max(after, 0))


def conv_of_rows(b: Builder, found: Binding) -> Value | None:
    """``join(2, taps of xs (T, B, C)) @ w (K*C, F)``: a convolution over time."""
    columns, weight = found["root"].inputs
    node = columns.node
    if node is None or node.op != "Concat" or columns.ndim != 3 or node.attributes["axis"] != 2:
        return None
    if weight.constant is None or weight.ndim != 2:
        return None
    seen = windows(list(node.inputs), 0)
    if seen is None or seen.count < 2 or seen.whole.shape[2] is None:
        return None
    channels = seen.whole.shape[2]
    # Rows of the weight are tap by tap, each with all channels; a Conv has (F, C, K).
    filters = weight.constant.reshape(seen.count, channels, -1).transpose(2, 1, 0)
    # Time is walked in front here, and stands behind in a Conv: (T, B, C) to (B, C, T).
    xs = b.transpose(seen.whole, (1, 2, 0))
    out = found["root"].outputs[0]
    shape = (out.shape[1], out.shape[2], out.shape[0])
    made = _conv(b, xs, b.constant(filters, weight.name), [seen], shape)
    return b.transpose(made, (2, 0, 1))


def _conv(b: Builder, xs: Value, w: Value, seen: list[Windows], shape: Any) -> Value:
    attributes = {
        "strides": tuple(s.stride for s in seen),
        "dilations": tuple(s.dilation for s in seen),
        "pads": tuple((s.before, s.after) for s in seen),
    }
    return b.make("Conv", xs, w, dtype=xs.dtype, shape=shape, **attributes)


def conv_of_columns(b: Builder, found: Binding) -> Value | None:
    """``filters (F, K*C) @ windows (K*C, B*O)``, shaped and turned: a convolution of ``(B, C, *S)``."""
    root = found["root"]
    perm, out = root.attributes["perm"], root.outputs[0]
    # (F, B, *O) to (B, F, *O): the filters come first out of the product.
    if perm[:2] != (1, 0) or perm[2:] != tuple(range(2, out.ndim)):
        return None
    shaped = root.inputs[0].node
    product = shaped.inputs[0].node if shaped is not None and shaped.op == "Reshape" else None
    if product is None or product.op != "MatMul" or product.inputs[0].constant is None:
        return None
    weight, flat = product.inputs
    if flat.node is None or flat.node.op != "Reshape" or weight.ndim != 2:
        return None
    columns, axes = flat.node.inputs[0], out.ndim - 2
    seen: dict[int, Windows] = {}
    while _is_join(columns):
        axis = _axis_of(columns, seen)
        made = None if axis is None else windows(list(columns.node.inputs), axis)
        if axis is None or made is None:
            return None
        seen[axis], columns = made, made.whole
    if columns.ndim != out.ndim or columns.shape[0] is None:
        return None
    return _shaped_conv(b, columns, weight, seen, axes, out)


def _is_join(value: Value) -> bool:
    """Whether parts are joined along the first axis."""
    node = value.node
    return node is not None and node.op == "Concat" and node.attributes["axis"] == 0


def _axis_of(columns: Value, seen: dict[int, Windows]) -> int | None:
    """The axis along which joined parts differ."""
    parts: Any = columns.node.inputs  # type: ignore[union-attr]
    # Each axis once: windows of windows along one axis are no single convolution.
    for axis in set(range(2, columns.ndim)) - set(seen):
        made = windows(list(parts), axis)
        if made is not None and made.count > 1:
            return axis
    return None


def _shaped_conv(
    b: Builder, columns: Value, weight: Value, seen: Any, axes: int, out: Value
) -> Value | None:
    channels = columns.shape[0]
    counts = [each.count for each in seen.values()]
    filters = weight.constant
    assert filters is not None
    assert channels is not None
    if filters.shape[1] != channels * int(np.prod(counts)):
        return None
    # Rows of the windows: the axis that was joined last slowest, which was seen first, and channels fastest.
    filters = np.moveaxis(filters.reshape(-1, *counts, channels), -1, 1)
    filters = filters.transpose(0, 1, *(2 + i for i in np.argsort(list(seen))))
    sizes = [seen[2 + i].count if 2 + i in seen else 1 for i in range(axes)]
    filters = filters.reshape(-1, channels, *sizes)
    whole = [seen.get(2 + i, Windows(columns, 2 + i, 1, 1, 1, 0, 0)) for i in range(axes)]
    xs = b.transpose(columns, (1, 0, *range(2, columns.ndim)))
    # A frame of zeros around all axes at once is the convolution's own.
    node = xs.node
    if node is not None and node.op == "Pad" and not node.attributes.get("value"):
        pads = node.attributes["pads"]
        if not any(any(pad) for pad in pads[:2]) and not any(s.before or s.after for s in whole):
            whole = [
                Windows(s.whole, s.axis, s.count, s.dilation, s.stride, *pad)
                for s, pad in zip(whole, pads[2:], strict=True)
            ]
            xs = node.inputs[0]  # type: ignore[assignment]
    return _conv(b, xs, b.constant(filters, weight.name), whole, out.shape)


def padded(b: Builder, found: Binding) -> Value | None:
    """``set(zeros[a:-b], x)``: x with zeros, or another number, around it."""
    root = found["root"]
    frame, x, *bounds = root.inputs
    if root.attributes["add"] or x.ndim != frame.ndim:
        return None
    node = frame.node
    fill = (
        frame
        if frame.constant is not None
        else node.inputs[0]
        if node and node.op == "Expand"
        else None
    )
    if fill is None or fill.constant is None or len(set(fill.constant.ravel().tolist())) != 1:
        return None
    pads, rest = [], iter(bounds)
    slices = root.attributes["slices"]
    for axis in range(frame.ndim):
        kind = slices[axis] if axis < len(slices) else (False, False, 1)
        size, inner = frame.shape[axis], x.shape[axis]
        if kind == "index" or kind[2] != 1:
            return None
        start = number_of(next(rest)) if kind[0] else 0
        stop = next(rest) if kind[1] else None
        pad = _around(start, stop, size, inner)
        if pad is None:
            return None
        pads.append(pad)
    value = float(fill.constant.ravel()[0])
    return b.make("Pad", x, dtype=x.dtype, shape=frame.shape, pads=tuple(pads), value=value)


def _around(start: int | None, stop: Value | None, size: int | None, inner: int | None) -> Any:
    """How much lies before and after, where that is known, and the value is not one entry for several."""
    end = number_of(stop)
    if start is None or start < 0:
        return None
    is_known = stop is None or end is not None
    if size is not None:
        if inner is None:
            return None  # it may be one entry, which is written to several
        fits = len(range(size)[start:end]) == inner if is_known else inner != 1
        return (start, size - inner - start) if fits else None
    # A frame of unknown length was made for what it frames.
    return (start, -(end or 0)) if is_known and inner != 1 and (end is None or end < 0) else None


def pooled(b: Builder, found: Binding) -> Value | None:
    """``max(x[0::k], x[1::k], ...)``: the maximum of a window."""
    root = found["root"]
    out = root.outputs[0]
    parts = _operands(out)
    if len(parts) < 2 or out.ndim < 3 or any(part.ndim != out.ndim for part in parts):
        return None
    for axis in range(out.ndim):
        node = parts[0].node
        if node is None or node.op != "Slice" or node.attributes["axis"] != axis:
            continue
        seen = windows(parts, axis)
        if (
            seen is None
            or seen.dilation != 1
            or seen.before
            or seen.after
            or seen.count != len(parts)
        ):
            continue
        whole = span(parts[0], axis)
        return None if whole is None else _pool(b, seen, out)
    return None


def _operands(value: Value) -> list[Value]:
    """What a chain of maxima is of, in its order."""
    node = value.node
    if node is None or node.op != "Max":
        return [value]
    return [part for each in node.inputs for part in _operands(each)]  # type: ignore[arg-type]


def _pool(b: Builder, seen: Windows, out: Value) -> Value:
    """Along any axis; one of the first two is put last for the while."""
    xs, axis = seen.whole, seen.axis
    perm = tuple(range(xs.ndim))
    if axis < 2:
        perm = (*(i for i in range(xs.ndim) if i != axis), axis)
    turned = b.transpose(xs, perm)
    at = perm.index(axis)
    window = tuple(seen.count if i == at else 1 for i in range(2, xs.ndim))
    strides = tuple(seen.stride if i == at else 1 for i in range(2, xs.ndim))
    shape = tuple(out.shape[i] for i in perm)
    made = b.make("MaxPool", turned, dtype=out.dtype, shape=shape, window=window, strides=strides)
    return b.transpose(made, tuple(perm.index(i) for i in range(xs.ndim)))


def pooled_twice(b: Builder, found: Binding) -> Value | None:
    """Maxima along one axis of maxima along another are those of a window of two."""
    root = found["root"]
    x, out = root.inputs[0], root.outputs[0]
    if x.node is None or x.node.op != "MaxPool":
        return None
    inner, outer = x.node.attributes, root.attributes
    pairs = zip(inner["window"], inner["strides"], outer["window"], outer["strides"], strict=True)
    # Along each axis one of the two does nothing; only then are products of windows and strides right.
    if any((1, 1) not in ((a, s), (c, t)) for a, s, c, t in pairs):
        return None
    window = tuple(a * c for a, c in zip(inner["window"], outer["window"], strict=True))
    strides = tuple(a * c for a, c in zip(inner["strides"], outer["strides"], strict=True))
    attributes = {"window": window, "strides": strides}
    return b.make("MaxPool", x.node.inputs[0], dtype=out.dtype, shape=out.shape, **attributes)
