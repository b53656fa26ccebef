"""How each operator of the intermediate graph is written in ONNX: one row of `ONNX` where it is not just its name."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symrnn.errors import UserError
from symrnn.export.graph import Node

if TYPE_CHECKING:
    from symrnn.export.onnx_file import Emitter

Names = list[str]
FAR = np.iinfo(np.int64)


def _plain(op: str, **attributes: Any) -> Callable[["Emitter", Node, Names], Names]:
    return lambda e, node, names: [e.emit(op, names, **attributes)]


def _cast(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.cast(names[0], node.attributes["to"])]


def _floor_div(e: "Emitter", node: Node, names: Names) -> Names:
    x, y = names
    if node.outputs[0].dtype.startswith("float"):
        return [e.emit("Floor", [e.emit("Div", [x, y])])]
    # ONNX's division of integers cuts towards zero, its Mod has the sign of the divisor, as Python's.
    return [e.emit("Div", [e.emit("Sub", [x, e.emit("Mod", [x, y])]), y])]


def _mod(e: "Emitter", node: Node, names: Names) -> Names:
    x, y = names
    if not node.outputs[0].dtype.startswith("float"):
        return [e.emit("Mod", [x, y])]
    # ONNX's Mod of floats is C's `fmod`, which has the sign of the dividend.
    whole = e.emit("Floor", [e.emit("Div", [x, y])])
    return [e.emit("Sub", [x, e.emit("Mul", [whole, y])])]


def _slice(e: "Emitter", node: Node, names: Names) -> Names:
    _, start, stop = node.inputs
    step = node.attributes["step"]
    # ONNX has no open ends: beyond the axis they are cut to it, -1 would be its last entry.
    ends = [0, FAR.max] if step > 0 else [FAR.max, FAR.min]
    bounds = [
        e.integers([end]) if v is None else e.vector([v])
        for v, end in zip((start, stop), ends, strict=True)
    ]
    return [
        e.emit(
            "Slice", [names[0], *bounds, e.integers([node.attributes["axis"]]), e.integers([step])]
        )
    ]


def _gather(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.emit("Gather", names, axis=node.attributes["axis"])]


def _gather_nd(e: "Emitter", node: Node, names: Names) -> Names:
    places = [e.emit("Unsqueeze", [name, e.integers([-1])]) for name in names[1:]]
    return [e.emit("GatherND", [names[0], e.emit("Concat", places, axis=-1)])]


def _shaped(op: str) -> Callable[["Emitter", Node, Names], Names]:
    return lambda e, node, names: [e.emit(op, [names[0], e.vector(node.inputs[1:])])]


def _dim(e: "Emitter", node: Node, names: Names) -> Names:
    axis = node.attributes["axis"]
    shape = e.emit("Shape", names, start=axis, end=axis + 1)
    return [e.emit("Squeeze", [shape, e.integers([0])])]


def _vector(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.vector(node.inputs)]


def _axes(op: str) -> Callable[["Emitter", Node, Names], Names]:
    return lambda e, node, names: [e.emit(op, [names[0], e.integers(node.attributes["axes"])])]


def _transpose(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.emit("Transpose", names, perm=list(node.attributes["perm"]))]


def _concat(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.emit("Concat", names, axis=node.attributes["axis"])]


def _reduced(op: str) -> Callable[["Emitter", Node, Names], Names]:
    def row(e: "Emitter", node: Node, names: Names) -> Names:
        axes, kept = list(node.attributes["axes"]), int(node.attributes.get("keepdims", False))
        # The axes of ReduceSum became an input with opset 13, those of the others with 18.
        if op == "ReduceSum" or e.opset >= 18:
            return [e.emit(op, [names[0], e.integers(axes)], keepdims=kept)]
        return [e.emit(op, names, axes=axes, keepdims=kept)]

    return row


def _reduced_truth(op: str) -> Callable[["Emitter", Node, Names], Names]:
    def row(e: "Emitter", node: Node, names: Names) -> Names:
        # ONNX reduces no truths before opset 20: the least of 0 and 1 is 1 where all are.
        return [e.cast(_reduced(op)(e, node, [e.cast(names[0], "int32")])[0], "bool")]

    return row


def _arg_max(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.emit("ArgMax", names, axis=node.attributes["axis"], keepdims=0)]


def _cum_sum(e: "Emitter", node: Node, names: Names) -> Names:
    return [e.emit("CumSum", [names[0], e.array(np.int64(node.attributes["axis"]))])]


def _along(op: str) -> Callable[["Emitter", Node, Names], Names]:
    return lambda e, node, names: [e.emit(op, names, axis=node.attributes["axis"])]


def _pad(e: "Emitter", node: Node, names: Names) -> Names:
    pads = node.attributes["pads"]
    # All beginnings, then all ends.
    flat = [before for before, _ in pads] + [after for _, after in pads]
    value = e.array(np.asarray(node.attributes.get("value", 0.0), node.outputs[0].dtype))
    return [e.emit("Pad", [names[0], e.integers(flat), value], mode="constant")]


def _conv(e: "Emitter", node: Node, names: Names) -> Names:
    given = node.attributes
    pads = [before for before, _ in given["pads"]] + [after for _, after in given["pads"]]
    attributes = {"strides": list(given["strides"]), "dilations": list(given["dilations"])}
    return [e.emit("Conv", names, pads=pads, **attributes)]


def _max_pool(e: "Emitter", node: Node, names: Names) -> Names:
    window, strides = node.attributes["window"], node.attributes["strides"]
    return [e.emit("MaxPool", names, kernel_shape=list(window), strides=list(strides))]


def _dense(e: "Emitter", node: Node, names: Names) -> Names:
    if node.inputs[0].ndim == 2:  # type: ignore[union-attr]
        return [e.emit("Gemm", names)]
    return [e.emit("Add", [e.emit("MatMul", names[:2]), names[2]])]


def _update(e: "Emitter", node: Node, names: Names) -> Names:
    """Written to places that are known: ScatterND."""
    x, _, *bounds = node.inputs
    known = [None if v is None else v.constant for v in bounds]
    slices: Any = node.attributes["slices"]
    shape: Any = () if x is None else x.shape
    if any(v is None for v in known) or None in shape:
        place = f" of {node.line}" if node.line else ""
        raise UserError(
            f"outputs must write to parts whose places and lengths are known, but IncSubtensor{place} does not;"
            " give the input a static shape"
        )
    rest = iter(int(v) for v in known if v is not None)
    where: list[Any] = []
    for kind in slices:
        if kind == "index":
            where.append(next(rest))
        else:
            start, stop, step = kind
            where.append(slice(next(rest) if start else None, next(rest) if stop else None, step))
    # The index of every entry, from which the same brackets take those that are written to.
    places = np.moveaxis(np.indices(shape), 0, -1)[tuple(where)]
    values = e.emit("Expand", [names[1], e.integers(places.shape[:-1])])
    attributes = {"reduction": "add"} if node.attributes["add"] else {}
    return [e.emit("ScatterND", [names[0], e.array(places), values], **attributes)]


Row = Callable[["Emitter", Node, Names], Names]
ONNX: dict[str, Row] = {
    "Cast": _cast,
    "FloorDiv": _floor_div,
    "Mod": _mod,
    "Slice": _slice,
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Reshape": _shaped("Reshape"),
    "Expand": _shaped("Expand"),
    "Dim": _dim,
    "Vector": _vector,
    "Unsqueeze": _axes("Unsqueeze"),
    "Squeeze": _axes("Squeeze"),
    "Transpose": _transpose,
    "Concat": _concat,
    "ReduceSum": _reduced("ReduceSum"),
    "ReduceMean": _reduced("ReduceMean"),
    "ReduceMax": _reduced("ReduceMax"),
    "ReduceMin": _reduced("ReduceMin"),
    "ReduceProd": _reduced("ReduceProd"),
    "ReduceLogSumExp": _reduced("ReduceLogSumExp"),
    "ReduceAll": _reduced_truth("ReduceMin"),
    "ReduceAny": _reduced_truth("ReduceMax"),
    "ArgMax": _arg_max,
    "CumSum": _cum_sum,
    "Softmax": _along("Softmax"),
    "LogSoftmax": _along("LogSoftmax"),
    "Pad": _pad,
    "Dense": _dense,
    "Conv": _conv,
    "MaxPool": _max_pool,
    # The rate holds the epsilon already; ONNX would add 1e-5 of its own.
    "BatchNormalization": _plain("BatchNormalization", epsilon=0.0),
    "Update": _update,
}


def row_of(node: Node) -> Row:
    """How a node is written: by its row, or by its own name."""
    return ONNX.get(node.op, _plain(node.op))


__all__: Sequence[str] = ["ONNX", "row_of"]
