"""How operators are written for ncnn: one row of `NCNN` each.

An array here has as many axes as in the graph, and the axis of the batch, of length one, among them; ncnn's own layers
want it away, so they stand between two reshapes.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symrnn.export.graph import Node, Value
from symrnn.export.onnx_layers import is_zero

if TYPE_CHECKING:
    from symrnn.export.ncnn_file import NcnnWriter

# Numbers of ncnn's BinaryOp, UnaryOp and Reduction; those that are missing have no operator in the graph.
BINARY = {"Add": 0, "Sub": 1, "Mul": 2, "Div": 3, "Max": 4, "Min": 5, "Pow": 6}
UNARY = {
    "Abs": 0,
    "Neg": 1,
    "Floor": 2,
    "Ceil": 3,
    "Sqrt": 5,
    "Exp": 7,
    "Log": 8,
    "Sin": 9,
    "Cos": 10,
}
UNARY |= {"Tan": 11, "Asin": 12, "Acos": 13, "Atan": 14, "Reciprocal": 15}
REDUCTION = {
    "ReduceSum": 0,
    "ReduceMean": 3,
    "ReduceMax": 4,
    "ReduceMin": 5,
    "ReduceProd": 6,
    "ReduceLogSumExp": 10,
}
LAYERS = {"Sigmoid": "Sigmoid", "Tanh": "TanH", "Relu": "ReLU", "Erf": "Erf"}
END = -233  # to the end of an axis

# numpy's permutation of the axes (c h w), by ncnn's number, which names width, height and channels in turn
PERMUTATIONS: dict[tuple[int, ...], int] = {(0, 1): 0, (1, 0): 1}
PERMUTATIONS |= {
    tuple("chw".index(letter) for letter in reversed(order)): number
    for number, order in enumerate(["whc", "hwc", "wch", "cwh", "hcw", "chw"])
}


def _binary(w: "NcnnWriter", node: Node) -> str:
    x, y = node.inputs
    assert x is not None
    assert y is not None
    kind, ndim = BINARY[node.op], node.outputs[0].ndim
    # 1=1: the second operand is the number 2=, and no blob.
    if y.constant is not None and y.constant.size == 1 and x.ndim == ndim:
        return w.layer("BinaryOp", [w.blob(x)], f"0={kind} 1=1 2={float(y.constant.item())!r}")
    return w.layer("BinaryOp", [w.widened(x, ndim), w.widened(y, ndim)], f"0={kind}")


def _unary(w: "NcnnWriter", node: Node) -> str:
    return w.layer("UnaryOp", [w.blob(node.inputs[0])], f"0={UNARY[node.op]}")


def _named(w: "NcnnWriter", node: Node) -> str:
    return w.layer(LAYERS[node.op], [w.blob(node.inputs[0])])


def _cast(w: "NcnnWriter", node: Node) -> str:
    x = node.inputs[0]
    assert x is not None
    # Indices are of 32 bits whatever they were; floats are floats.
    if x.dtype.startswith("int") and node.outputs[0].dtype.startswith("int"):
        return w.blob(x)
    raise NotImplementedError("a cast between kinds of numbers")


def _reduced(w: "NcnnWriter", node: Node) -> str:
    axes, kept = node.attributes["axes"], int(node.attributes.get("keepdims", False))
    listed = f"-23303={len(axes)},{','.join(map(str, axes))}"
    # 5=1 is ncnn's `fixbug0`: without it the axes are taken for those of an older ncnn, and the file is refused.
    options = f"0={REDUCTION[node.op]} 1=0 {listed} 4={kept} 5=1"
    return w.layer("Reduction", [w.blob(node.inputs[0])], options)


def _softmax(w: "NcnnWriter", node: Node) -> str:
    # 1=1 as 5=1 of Reduction. ncnn has no log-softmax: 0=8 is the logarithm behind it.
    made = w.layer("Softmax", [w.blob(node.inputs[0])], f"0={node.attributes['axis']} 1=1")
    return w.layer("UnaryOp", [made], "0=8") if node.op == "LogSoftmax" else made


def _transposed(w: "NcnnWriter", node: Node) -> str:
    perm = tuple(node.attributes["perm"])
    number = PERMUTATIONS.get(perm)
    if number is None:
        raise NotImplementedError("a permutation of more than three axes")
    return w.layer("Permute", [w.blob(node.inputs[0])], f"0={number}")


def _sliced(w: "NcnnWriter", node: Node) -> str:
    x, start, stop = node.inputs
    axis, step = node.attributes["axis"], node.attributes["step"]
    bounds = [None if v is None or v.constant is None else int(v.constant) for v in (start, stop)]
    is_known = all(v is None or v.constant is not None for v in (start, stop))
    if step != 1 or not is_known:
        raise NotImplementedError("a slice by a step, or of an unknown length")
    return w.crop(w.blob(x), axis, bounds[0] or 0, END if bounds[1] is None else bounds[1])


def _gathered(w: "NcnnWriter", node: Node) -> str:
    x, index = node.inputs
    assert x is not None
    assert index is not None
    axis = node.attributes["axis"]
    if x.constant is not None and x.ndim == 2 and axis == 0 and index.constant is None:
        return _embedded(w, x, index, node.outputs[0])
    if index.constant is None or index.ndim:
        raise NotImplementedError("indices that are no lookup in a table")
    at = int(index.constant)
    # Behind the last entry, -1 + 1 would be 0, the beginning.
    piece = w.crop(w.blob(x), axis, at, END if at == -1 else at + 1)
    return w.layer("Squeeze", [piece], f"-23303=1,{axis}") if x.ndim > 1 else piece


def _embedded(w: "NcnnWriter", table: Value, index: Value, out: Value) -> str:
    rows, width = table.shape
    # Embed wants one row of indices, InnerProduct one table of rows; both get their shape back afterwards.
    flat = w.layer("Reshape", [w.blob(index)], "0=-1")
    made = w.layer("Embed", [flat], f"0={width} 1={rows} 2=0 3={rows * width}")  # type: ignore[operator]
    w.weight(table.constant)
    return w.reshaped(made, out)


def _dense(w: "NcnnWriter", node: Node) -> str:
    x, matrix, *bias = node.inputs
    assert x is not None
    if matrix is None or matrix.constant is None or matrix.ndim != 2:
        raise NotImplementedError("a product of two arrays")
    inside, outside = matrix.constant.shape
    rows = w.blob(x) if x.ndim == 1 else w.layer("Reshape", [w.blob(x)], f"0={inside} 1=-1")
    made = w.layer("InnerProduct", [rows], f"0={outside} 1={len(bias)} 2={inside * outside}")
    # (outside, inside), as InnerProduct reads its weights.
    w.weight(matrix.constant.T)
    if bias:
        w.numbers(bias[0].constant)  # type: ignore[union-attr]
    return w.reshaped(made, node.outputs[0]) if x.ndim > 1 else made


def _joined(w: "NcnnWriter", node: Node) -> str:
    parts = [w.blob(part) for part in node.inputs]
    return w.layer("Concat", parts, f"0={node.attributes['axis']}")


def _widened(w: "NcnnWriter", node: Node) -> str:
    return w.reshaped(w.blob(node.inputs[0]), node.outputs[0])


def _filled(w: "NcnnWriter", node: Node) -> str:
    fill, *sizes = (None if v is None else v.constant for v in node.inputs)
    if fill is None or any(size is None for size in sizes):
        raise NotImplementedError("an array in a shape that is not known")
    return w.memory(np.broadcast_to(fill, [int(size) for size in sizes if size is not None]))


def _conv(w: "NcnnWriter", node: Node) -> str:
    x, filters, *bias = node.inputs
    if filters is None or filters.constant is None:
        raise NotImplementedError("a convolution with filters that are no constants")
    array, given = filters.constant, node.attributes
    inside = w.without_batch(x)
    axes = array.ndim - 2
    if axes == 1:
        [(before, after)] = given["pads"]
        # 0 filters, 1 window, 2 dilation, 3 stride, 4 and 15 padding before and after, 5 a bias, 6 the number of
        # weights; of two axes width first, the height at 10 more (padding: 4 left, 15 right, 14 top, 16 bottom).
        options = f"0={array.shape[0]} 1={array.shape[2]} 2={given['dilations'][0]} 3={given['strides'][0]}"
        options += f" 4={before} 15={after} 5={len(bias)} 6={array.size}"
        made = w.layer("Convolution1D", [inside], options)
    elif axes == 2:
        (top, bottom), (left, right) = given["pads"]
        (dh, dw), (sh, sw) = given["dilations"], given["strides"]
        options = f"0={array.shape[0]} 1={array.shape[3]} 11={array.shape[2]} 2={dw} 12={dh} 3={sw} 13={sh}"
        options += f" 4={left} 15={right} 14={top} 16={bottom} 5={len(bias)} 6={array.size}"
        made = w.layer("Convolution", [inside], options)
    else:
        raise NotImplementedError("a convolution over three axes")
    w.weight(array)
    if bias:
        w.numbers(bias[0].constant)  # type: ignore[union-attr]
    return w.with_batch(made)


def _pooled(w: "NcnnWriter", node: Node) -> str:
    window, strides = node.attributes["window"], node.attributes["strides"]
    inside = w.without_batch(node.inputs[0])
    if len(window) == 1:
        # 0=0 is the maximum; 5=1 leaves out windows that reach over the end, as the graph does.
        made = w.layer("Pooling1D", [inside], f"0=0 1={window[0]} 2={strides[0]} 5=1")
    elif len(window) == 2:
        options = f"0=0 1={window[1]} 11={window[0]} 2={strides[1]} 12={strides[0]} 5=1"
        made = w.layer("Pooling", [inside], options)
    else:
        raise NotImplementedError("a pooling over three axes")
    return w.with_batch(made)


Row = Callable[["NcnnWriter", Node], str]
NCNN: dict[str, Row] = {
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(UNARY, _unary),
    **dict.fromkeys(LAYERS, _named),
    **dict.fromkeys(REDUCTION, _reduced),
    "Cast": _cast,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
    "Transpose": _transposed,
    "Slice": _sliced,
    "Gather": _gathered,
    "Dense": _dense,
    "MatMul": _dense,
    "Concat": _joined,
    "Unsqueeze": _widened,
    "Squeeze": _widened,
    "Reshape": _widened,
    "Expand": _filled,
    "Conv": _conv,
    "MaxPool": _pooled,
}
ORDER = {
    "LSTM": 4,
    "GRU": 3,
    "RNN": 1,
}  # gates; those of ncnn stand in the library's own order: i f o g, r u n


def recurrent(w: "NcnnWriter", node: Node) -> list[str]:
    """The blobs of a layer's outputs; masks are left out, for one sequence alone has no end before its own."""
    is_both = node.op == "Bidirectional"
    weights = [node.inputs[1:6], node.inputs[6:11]] if is_both else [node.inputs[1:6]]
    states = list(node.inputs[12 if is_both else 7 :])
    kind, count = node.attributes["kind"], len(states) // len(weights)
    check_kind(node, weights)
    if node.inputs[0].shape[1] != 1:  # type: ignore[union-attr]
        raise NotImplementedError("a batch that is not one")
    d, hidden = node.inputs[1].shape[0], node.inputs[2].shape[0]  # type: ignore[union-attr]
    gates = ORDER[kind]
    # (T, 1, D) as (T, D): ncnn walks the rows of one sequence.
    given = [w.layer("Reshape", [w.blob(node.inputs[0])], f"0={d} 1=-1")]
    given += _initial_states(w, node, states, count, hidden or 0)
    direction = 2 if is_both else int(node.attributes["reverse"])
    tops = 1 if len(given) == 1 else 1 + count
    # ncnn divides the number of input weights by what it knows, so that it finds D.
    size = len(weights) * gates * d * hidden  # type: ignore[operator]
    made = w.layers(kind, given, tops, f"0={hidden} 1={size} 2={direction}")
    for part in packed(kind, weights):
        w.weight(part)
    steps = node.outputs[0]
    outputs = [w.reshaped(made[0], steps)]
    for i, out in enumerate(node.outputs[1:]):
        if tops == 1 or not w.is_read(out):
            outputs.append("")
            continue
        way, state = divmod(i, count)
        final = made[1 + state]
        outputs.append(w.crop(final, 0, way, way + 1) if is_both else final)
    return outputs


def _initial_states(
    w: "NcnnWriter", node: Node, states: list[Value | None], count: int, hidden: int
) -> list[str]:
    """The blobs of `count` initial states, those of both directions in rows; none where ncnn's own zeros will do."""
    if not all(is_zero(state) for state in states):  # type: ignore[arg-type]
        given = []
        for i in range(count):
            own = [w.blob(state) for state in states[i::count]]
            rows = [w.layer("Reshape", [blob], f"0={hidden} 1=1") for blob in own]
            given.append(rows[0] if len(rows) == 1 else w.layer("Concat", rows, "0=0"))
        return given
    if any(w.is_read(out) for out in node.outputs[1:]):
        # Last states are put out where initial ones are given.
        zeros = np.zeros((len(states) // count, hidden), np.float32)
        return [w.memory(zeros) for _ in range(count)]
    return []


def check_kind(node: Node, weights: Sequence[Any]) -> None:
    """Refuse a layer that ncnn computes otherwise."""
    usual = {"LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh"), "RNN": ("Tanh",)}
    kind = node.attributes["kind"]
    if node.attributes["activations"] != usual[kind]:
        raise NotImplementedError(f"{kind} of other activations than its own")
    if any(each[4] is not None for each in weights):
        raise NotImplementedError("LSTM with peepholes")
    if node.attributes.get("reset") == "before":
        raise NotImplementedError("GRU whose reset gate comes before the product")


def packed(kind: str, weights: Sequence[Any]) -> list[np.ndarray]:
    """``weight_xc``, ``bias_c``, ``weight_hc`` of all directions."""
    inputs, biases, recurrents = [], [], []
    for w_x, w_h, b, b_n, _ in weights:
        hidden = w_h.shape[0]
        bias = b.constant
        # Four rows of biases: reset, update, new, and the one within the product that the reset gate multiplies.
        if kind == "GRU":
            within = np.zeros(hidden, bias.dtype) if b_n is None else b_n.constant
            bias = np.concatenate([bias, within])
        inputs.append(w_x.constant.T)
        biases.append(bias)
        recurrents.append(w_h.constant.T)
    return [np.stack(each) for each in (inputs, biases, recurrents)]
