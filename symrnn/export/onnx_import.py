"""The way back: recurrent layers of an ONNX file as cells, to be trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import Cell, GRUCell, GRUState, LSTMCell, PeepholeLSTMCell, RNNCell
from symrnn.errors import UserError
from symrnn.export.onnx_file import needed
from symrnn.export.onnx_layers import DEFAULTS, ORDER
from symrnn.unroll import bidirectional, scan_unroll


@dataclass(frozen=True)
class TwoBiasGRUCell(Cell):
    """A `symrnn.cells.GRUCell` with a bias of its own within the product that the reset gate multiplies.

    ``n := tanh(n + sigmoid(s + s') * (n' + b_n))``, as in PyTorch, cuDNN and ONNX; `b_n` is ``(H,)``.

    Examples
    --------
    >>> cell = GRUCell.create(3, 4, rng=0)
    >>> TwoBiasGRUCell(cell.w_x, cell.w_h, cell.b, pytensor.shared(np.zeros(4))).gates
    3
    """

    b_n: TensorVariable

    State: ClassVar = GRUState
    gates: ClassVar = 3

    def advance(self, z: TensorVariable, r: TensorVariable, state: GRUState) -> GRUState:
        n = self.hidden_size
        gates = pt.sigmoid(z[:, : 2 * n] + r[:, : 2 * n])
        reset, update = gates[:, :n], gates[:, n:]
        new = pt.tanh(z[:, 2 * n :] + reset * (r[:, 2 * n :] + self.b_n))
        return GRUState(update * state.h + (1 - update) * new)


@dataclass(frozen=True)
class ImportedLayer:
    """A recurrent operator of a file: a cell, or two that walk from both ends.

    Attributes
    ----------
    name
        Of the operator.
    cells
        One, or the forward and the backward one.
    reverse
        Whether one alone walks from the end.
    needs
        What the file has for an option of `outputs`, by its name there: states to start from that are computed or
        given (``initial``), lengths of sequences (``mask``). They are no weights: whoever calls the layer gives them.
    """

    name: str
    cells: tuple[Cell, ...]
    reverse: bool = False
    needs: Mapping[str, str] = field(default_factory=dict)

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight."""
        return [param for cell in self.cells for param in cell.params]

    def outputs(self, xs: TensorVariable, **options: Any) -> TensorVariable:
        """``ys (T, B, H)``, or ``(T, B, 2H)``, from ``xs (T, B, D)``; `options` are those of `symrnn.unroll`.

        Raises
        ------
        UserError
            Without an option that the layer `needs`.
        """
        for option, source in self.needs.items():
            if option not in options:
                raise UserError(
                    f"{option} must be given to the layer {self.name}, whose file has {source} for it;"
                    f" say {option}=None if it is to be left out"
                )
        if len(self.cells) == 2:
            return bidirectional(*self.cells, xs, **options)
        return scan_unroll(self.cells[0], xs, reverse=self.reverse, **options)


def layers_of_onnx(path: str | Path, *, dtype: str | None = None) -> list[ImportedLayer]:
    """The recurrent layers of an ONNX file, in its order; their weights are fresh shared variables.

    `dtype` is `pytensor.config.floatX` unless given. What stands between the layers is left to the reader.

    Raises
    ------
    UserError
        When there is no such file, it is no ONNX, has no recurrent layer, or one that no cell here is, or onnx is not
        installed.

    Examples
    --------
    A layer of PyTorch's goes on in PyTensor (this needs ``pip install 'symrnn[export]'``)::

        [layer] = layers_of_onnx("lstm.onnx")
        loss = ((layer.outputs(xs) - targets) ** 2).mean()
        train = pytensor.function([xs, targets], loss, updates=adam(loss, layer.params))
    """
    model = loaded(Path(path))
    arrays = constants(model)
    dtype = dtype or pytensor.config.floatX
    nodes = [node for node in model.graph.node if node.op_type in ORDER]
    if not nodes:
        raise UserError(
            f"path must have an LSTM, GRU or RNN in it, but {path} has none; give another"
        )
    names = [
        node.name.strip("/") or f"{node.op_type.lower()}{i}" for i, node in enumerate(nodes, 1)
    ]
    makers = {name: node for node in model.graph.node for name in node.output}
    return [
        replace(layer(node, arrays, name, dtype), needs=needs_of(node, arrays, makers))
        for node, name in zip(nodes, names, strict=True)
    ]


LENGTHS, STATES = 4, slice(5, 7)  # among the inputs of an operator
KEEPING = ("Cast", "Expand", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Tile", "Transpose",
           "Unsqueeze")  # ops that leave zeros zeros  # fmt: skip


def needs_of(
    node: Any, arrays: Mapping[str, np.ndarray], makers: Mapping[str, Any]
) -> dict[str, str]:
    """The options that a layer needs, and what stands for them in the file."""
    inputs = [*node.input, *[""] * 8]
    states = [name for name in inputs[STATES] if name and not is_zeros(name, arrays, makers)]
    found = {"initial": ", ".join(states), "mask": inputs[LENGTHS]}
    return {option: f"the input {names}" for option, names in found.items() if names}


def is_zeros(name: str, arrays: Mapping[str, np.ndarray], makers: Mapping[str, Any]) -> bool:
    """Whether a value is zeros in whatever shape, as PyTorch has them made where no states are given."""
    if name in arrays:
        return not np.any(arrays[name])
    node = makers.get(name)
    if node is None:
        return False
    if node.op_type == "ConstantOfShape":
        to_array = needed("onnx").numpy_helper.to_array
        return not any(np.any(to_array(each.t)) for each in node.attribute)
    read = node.input if node.op_type == "Concat" else node.input[:1]
    is_kept = node.op_type in (*KEEPING, "Concat")
    return is_kept and all(is_zeros(each, arrays, makers) for each in read)


def loaded(path: Path) -> Any:
    """The model in a file."""
    onnx = needed("onnx")
    if not path.is_file():
        raise UserError(f"path must be an ONNX file, but there is none at {path}; give another")
    try:
        return onnx.load(str(path))
    except Exception as error:  # whatever protobuf says of what is no message of its own
        raise UserError(
            f"path must be an ONNX file, but {path} is none that can be read: {error}; give another"
        ) from error


def constants(model: Any) -> dict[str, np.ndarray]:
    """The arrays that a model holds, by name."""
    to_array = needed("onnx").numpy_helper.to_array
    found = {each.name: to_array(each) for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = to_array(node.attribute[0].t)
    return found


def layer(node: Any, arrays: Mapping[str, np.ndarray], name: str, dtype: str) -> ImportedLayer:
    """The layer that a node is."""
    get = needed("onnx").helper.get_attribute_value
    attributes = {each.name: get(each) for each in node.attribute}
    kind = node.op_type
    direction = attributes.get("direction", b"forward").decode()
    given = [a.decode().capitalize() for a in attributes.get("activations", [])]
    # Inputs at the end may be left out, those in the middle are ""; `P`, the last one, has number 7.
    inputs = [*node.input, *[""] * 8]
    w, r = (weight(arrays, inputs[i], kind, name) for i in (1, 2))
    ways, hidden = r.shape[0], r.shape[2]
    # Those of the way back stand behind those of the way forward.
    own, count = given or [*DEFAULTS[kind]] * ways, len(DEFAULTS[kind])
    activations = [tuple(own[i * count : (i + 1) * count]) for i in range(ways)]
    starts = [arrays[each] for each in inputs[5:7] if each in arrays]
    for each in activations:
        check_plain(kind, name, attributes, each, starts)
    zeros = np.zeros((ways, 2 * w.shape[1]), w.dtype)
    b = weight(arrays, inputs[3], kind, name) if inputs[3] else zeros
    p = weight(arrays, inputs[7], kind, name) if kind == "LSTM" and inputs[7] else None
    sides = ["forward.", "backward."] if ways == 2 else [""]
    parts = [[None if a is None else a[i] for a in (w, r, b, p)] for i in range(ways)]
    cells = tuple(
        cell_of(kind, hidden, acts, f"{name}.{side}", dtype, own)
        for side, acts, own in zip(sides, activations, parts, strict=True)
    )
    return ImportedLayer(name, cells, reverse=direction == "reverse")


def check_plain(
    kind: str, name: str, attributes: Mapping[str, Any], activations: Any, starts: list[np.ndarray]
) -> None:
    """Refuse what no cell here does."""
    unusual = ""
    if kind == "GRU" and not attributes.get("linear_before_reset", 0):
        unusual = "has its reset gate before the product"
    elif activations != DEFAULTS[kind] and not (kind == "RNN" and activations == ("Relu",)):
        unusual = f"has the activations {', '.join(activations)}"
    elif attributes.get("layout", 0) or attributes.get("clip") or attributes.get("input_forget", 0):
        unusual = "has a layout, a clip, or coupled gates"
    elif any(np.any(start) for start in starts):
        unusual = "starts from states that are not zeros"
    if unusual:
        raise UserError(f"path must have layers that are cells here, but its {kind} {name} {unusual};"
                        " write a cell of your own for it")  # fmt: skip


def weight(arrays: Mapping[str, np.ndarray], name: str, kind: str, layer_name: str) -> np.ndarray:
    """A weight, which the file itself must hold."""
    if name not in arrays:
        raise UserError(
            f"path must hold the weights of its layers, but those of the {kind} {layer_name} are computed in it"
            f" ({name}); fold its constants first"
        )
    return arrays[name]


def cell_of(
    kind: str, hidden: int, activations: Any, prefix: str, dtype: str, arrays: list[Any]
) -> Cell:
    """A cell with the weights of one direction, its gates in the library's order."""
    w, r, b, p = arrays
    # The permutation that undoes the one of `packed_weights`.
    order = np.argsort(ORDER[kind])

    def gates(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(order), axis=0)
        return np.concatenate([blocks[i] for i in order], axis=0)

    def shared(name: str, array: np.ndarray) -> TensorSharedVariable:
        value = np.ascontiguousarray(array, dtype=dtype)
        return pytensor.shared(value, name=f"{prefix}{name}", shape=value.shape)

    into, within = (gates(half) for half in np.split(b, 2))
    # ONNX has a bias of the input and one of the state; their sum is all that a step sees.
    bias = into + within
    weights: dict[str, Any] = {"w_x": shared("w_x", gates(w).T), "w_h": shared("w_h", gates(r).T)}
    if kind == "LSTM":
        if p is None:
            return LSTMCell(**weights, b=shared("b", bias))
        i, o, f = np.split(p, 3)
        return PeepholeLSTMCell(**weights, b=shared("b", bias), p=shared("p", np.stack([i, f, o])))
    if kind == "RNN":
        return RNNCell(**weights, b=shared("b", bias), activation=activations[0].lower())
    # But for a GRU's new gate, where the reset gate multiplies the second one: there the first stands alone.
    new = within[2 * hidden :]
    if not np.any(new):
        return GRUCell(**weights, b=shared("b", bias))
    bias[2 * hidden :] = into[2 * hidden :]
    return TwoBiasGRUCell(**weights, b=shared("b", bias), b_n=shared("b_n", new))
