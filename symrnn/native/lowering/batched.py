"""Blockwise: an op once for each index of the leading axes; products go to BLAS as they lie."""

from __future__ import annotations

from functools import partial

from pytensor.graph.basic import Apply
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.math import Dot

from symrnn.native.builder import Builder
from symrnn.native.lowering.products import product_shape, products_of_stacks
from symrnn.native.lowering.rule import Rule
from symrnn.native.program import Loop
from symrnn.native.scalar_ops import Unsupported
from symrnn.native.shapes import NeedsValue, Shape, Shapes, broadcast_shape
from symrnn.native.sizes import counter


def blockwise_shapes(node: Apply, shapes: Shapes) -> list[Shape]:
    from symrnn.native.lowering import infer

    ranks = [len(dims) for dims in node.op.inputs_sig]
    given = [shapes.of(x) for x in node.inputs]
    batch = broadcast_shape([s[: len(s) - r] for s, r in zip(given, ranks, strict=True)])
    _check_repeated(node, given, ranks, batch)
    cores = [s[len(s) - r :] for s, r in zip(given, ranks, strict=True)]
    if isinstance(node.op.core_op, Dot):
        return [(*batch, *product_shape(*cores))]
    core = core_node(node)
    inner = Shapes(dict(zip(core.inputs, cores, strict=True)))
    try:
        infer([core], inner)
    except NeedsValue:
        raise Unsupported(node.op, "shapes of its core depend on values") from None
    shapes.inner[node] = inner
    shapes.inner[node, "core"] = core
    return [(*batch, *inner.of(out)) for out in core.outputs]


def core_node(node: Apply) -> Apply:
    """The op on one entry of the leading axes."""
    inputs = [
        x.type.clone(shape=x.type.shape[x.type.ndim - len(dims) :])()
        for x, dims in zip(node.inputs, node.op.inputs_sig, strict=True)
    ]
    return node.op.core_op.make_node(*inputs)


def _check_repeated(node, given, ranks, batch):
    """As PyTensor, repeat along a batch axis only what is known to be of extent 1."""
    for x, shape, rank in zip(node.inputs, given, ranks, strict=True):
        leading = shape[: len(shape) - rank]
        for axis, n in enumerate(leading):
            if n != batch[axis + len(batch) - len(leading)] and not x.type.broadcastable[axis]:
                raise ValueError(
                    f"Runtime broadcasting not allowed. The shapes are {given}: an axis of extent 1 is repeated that "
                    "is "
                    "not "
                    "known to be 1; make it known with shape="
                )


def blockwise_lower(node: Apply, builder: Builder) -> None:
    ranks = [len(dims) for dims in node.op.inputs_sig]
    cores = [len(dims) for dims in node.op.outputs_sig]
    shape = builder.shapes.of(node.outputs[0])
    batch = shape[: len(shape) - cores[0]]
    windows = []
    for x, rank in zip(node.inputs, ranks, strict=True):
        # Written here if it was not yet: in the loops it would be written in each round.
        window = builder.window(x)
        windows.append(window.broadcast((*batch, *window.shape[len(window.shape) - rank :])))
    if isinstance(node.op.core_op, Dot):
        left, right = windows
        products_of_stacks(builder, node.outputs[0], left, right, len(batch))
    else:
        _lower_core(node, builder, batch, windows)


def _lower_core(node, builder, batch, windows):
    from symrnn.native.lowering import lower

    core, known = builder.shapes.inner[node, "core"], builder.shapes.inner[node]
    places = [builder.place(out) for out in node.outputs]
    inner = Builder([core], core.outputs, known, builder.parts)
    loops = [Loop(builder.parts.name("b"), n) for n in batch]
    index = [counter(loop.name) for loop in loops]
    body = builder.body
    for loop in loops:
        body.append(loop)
        body = loop.body
    inner.body = body
    for var, window in zip(core.inputs, windows, strict=True):
        for at in index:
            window = window.indexed(0, at)
        inner.bind(var, window)
        # Its other entries are for other rounds.
        inner.borrowed.add(window.buffer)
    targets = []
    for var, place in zip(core.outputs, places, strict=True):
        for at in index:
            place = place.indexed(0, at)
        targets.append(place)
        inner.borrowed.add(place.buffer)
        inner.want(var, partial(lambda place: place, place))
    lower([core], inner)
    inner.close_all()
    for var, place in zip(core.outputs, targets, strict=True):
        inner.settle(var, place)
    for out, place in zip(node.outputs, places, strict=True):
        builder.bind(out, place)


RULES: dict[type, Rule] = {Blockwise: Rule(blockwise_shapes, blockwise_lower)}
