"""ONNX files: nodes of the intermediate graph as operators of an opset from 17 to 27."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from symrnn.errors import UserError
from symrnn.export.graph import Graph, Node, Value, nodes_before
from symrnn.export.names import Names
from symrnn.export.onnx_layers import bidirectional, recurrent
from symrnn.export.onnx_ops import row_of

OPSETS = range(17, 28)
IR_VERSION = 10  # the newest that a runtime of two years ago reads


def needed(package: str) -> Any:
    """An optional package, or the sentence that says how to get it."""
    from importlib import import_module

    try:
        return import_module(package)
    except ImportError as error:
        raise UserError(
            f"this needs the package {package}, which is not installed; pip install 'symrnn[export]'"
        ) from error


class Emitter:
    """Writes one graph; a body has an emitter of its own, which shares names and constants."""

    def __init__(self, opset: int, outer: "Emitter | None" = None) -> None:
        self.onnx = needed("onnx")
        self.opset, self.outer = opset, outer
        self.nodes: list[Any] = []
        self.names: Names = outer.names if outer else Names()
        self.initializers: dict[Any, tuple[str, np.ndarray]] = outer.initializers if outer else {}
        # Of this graph alone: what a body emits is not seen from outside.
        self._lengths: dict[Value, str] = {}

    def emit(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """The name of what an operator puts out."""
        [name] = self.emit_several(op, inputs, 1, **attributes)
        return name

    def emit_several(
        self, op: str, inputs: Sequence[str], count: int, **attributes: Any
    ) -> list[str]:
        """The names of an operator's outputs."""
        outputs = [self.names.fresh(op.lower()) for _ in range(count)]
        name = self.names.fresh(f"{op}_node")
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), outputs, name, **attributes))
        return outputs

    def array(self, array: Any, name: str = "constant") -> str:
        """The name of a constant; equal ones are kept once."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self.initializers:
            self.initializers[key] = (self.names.fresh(name), array)
        return self.initializers[key][0]

    def integers(self, numbers: Sequence[int]) -> str:
        """The name of a constant vector of int64."""
        return self.array(np.array(list(numbers), np.int64))

    def vector(self, scalars: Sequence[Value | None]) -> str:
        """The name of a vector of scalars."""
        known = [None if v is None else v.constant for v in scalars]
        if all(number is not None for number in known):
            return self.array(np.array([int(n) for n in known], np.int64))  # type: ignore[arg-type]
        parts = [
            self.integers([int(n)]) if n is not None else self.emit("Unsqueeze", [self.name(v), self.integers([0])])
            for v, n in zip(scalars, known, strict=True)
        ]  # fmt: skip
        return parts[0] if len(parts) == 1 else self.emit("Concat", parts, axis=0)

    def name(self, value: Any) -> str:
        """The name of a value."""
        if value.constant is not None:
            return self.array(value.constant, value.name or "constant")
        return self.names.of(value)

    def cast(self, name: str, dtype: str) -> str:
        """The name of a value as another dtype."""
        return self.emit("Cast", [name], to=tensor_type(self.onnx, dtype))

    def lengths(self, mask: Value) -> str:
        """The name of how many steps of each sequence a mask has."""
        if mask not in self._lengths:
            # `sequence_lens` must be int32.
            counted = self.cast(self.name(mask), "int32")
            self._lengths[mask] = self.emit("ReduceSum", [counted, self.integers([0])], keepdims=0)
        return self._lengths[mask]

    def stacked(self, values: Sequence[Any]) -> str:
        """The name of values with a new axis in front."""
        parts = [self.emit("Unsqueeze", [self.name(v), self.integers([0])]) for v in values]
        return parts[0] if len(parts) == 1 else self.emit("Concat", parts, axis=0)

    def write(self, outputs: Sequence[Value]) -> None:
        """Emit every node that `outputs` need."""
        for node in nodes_before(outputs):
            if self.outer and all(self.outer.has(out) for out in node.outputs):
                continue  # a constant in its shape, which the graph around has written
            for out, name in zip(node.outputs, self._written(node), strict=False):
                self._call(out, name)

    def has(self, value: Value) -> bool:
        """Whether a value of this graph or of one around it is written."""
        return self.names.knows(value)

    def _call(self, value: Value, name: str) -> None:
        self.names.give(value, name)

    def _written(self, node: Node) -> list[str]:
        match node.op:
            case "Recurrent":
                return recurrent(self, node)
            case "Bidirectional":
                return bidirectional(self, node)
            case "Loop":
                return self._scan(node)
        return row_of(node)(self, node, [self.name(v) for v in node.inputs if v is not None])

    def _scan(self, node: Node) -> list[str]:
        """A Scan operator: only states and elements are its inputs; a body sees what is around it by name."""
        body, states, sequences = (node.attributes[key] for key in ("body", "states", "sequences"))
        inside = Emitter(self.opset, self)
        walked = states + sequences
        # Invariants are no inputs in ONNX: inside they are called as they are outside.
        for inner, outer in zip(body.inputs[walked:], node.inputs[walked:], strict=True):
            self.names.give(inner, self.name(outer))
        inputs = [
            self.names.of(v, "state" if i < states else "element")
            for i, v in enumerate(body.inputs[:walked])
        ]
        inside.write(body.outputs)
        # An output of a graph has a name of its own, even if it is an input, a constant or the same as another.
        outputs = [inside.emit("Identity", [inside.name(out)]) for out in body.outputs]
        helper = self.onnx.helper
        infos = [
            [self.info(name, v.dtype, v.shape) for name, v in zip(names, values, strict=True)]
            for names, values in ((inputs, body.inputs[: len(inputs)]), (outputs, body.outputs))
        ]
        graph = helper.make_graph(inside.nodes, self.names.fresh("step"), *infos)
        given = [self.name(v) for v in node.inputs[:walked]]
        return self.emit_several(
            "Scan", given, len(node.outputs), body=graph, num_scan_inputs=sequences
        )

    def info(self, name: str, dtype: str, shape: Sequence[Any]) -> Any:
        """The type of an input or output."""
        kind = tensor_type(self.onnx, dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, list(shape))


def tensor_type(onnx: Any, dtype: str) -> int:
    """ONNX's number of a dtype."""
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def onnx_model(graph: Graph, *, opset: int = 20, name: str = "symrnn") -> Any:
    """An ONNX ModelProto of a graph, checked.

    Raises
    ------
    UserError
        When `opset` is none of `OPSETS`, or onnx is not installed.
    """
    if opset not in OPSETS:
        raise UserError(
            f"opset must be from {OPSETS[0]} to {OPSETS[-1]}, but is {opset!r}; leave it out for 20"
        )
    e = Emitter(opset)
    helper = e.onnx.helper
    # Inputs and outputs first, so that nothing else takes their names.
    inputs = [e.info(e.names.of(v, "input"), v.dtype, axes_of(e.names, v)) for v in graph.inputs]
    names = [e.names.fresh(given) for given in graph.output_names]
    e.write(graph.outputs)
    for out, given in zip(graph.outputs, names, strict=True):
        e.nodes.append(helper.make_node("Identity", [e.name(out)], [given]))
    _take_names(e, names)
    e.nodes = read_nodes(e.nodes, names)
    outputs = [
        e.info(given, out.dtype, list(out.shape))
        for given, out in zip(names, graph.outputs, strict=True)
    ]
    # Of bodies, too: an ONNX body reads by name what lies around it.
    constants = [
        e.onnx.numpy_helper.from_array(array, each) for each, array in e.initializers.values()
    ]
    used = {i for node in all_nodes(e.nodes) for i in node.input}
    made = helper.make_graph(
        e.nodes, name, inputs, outputs, [c for c in constants if c.name in used]
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=IR_VERSION,
        producer_name="symrnn",
        doc_string="\n".join(graph.notes),
    )
    e.onnx.checker.check_model(model, full_check=True)
    return model


def _take_names(e: Emitter, names: Sequence[str]) -> None:
    """Let the node that makes an output give it its name, where nothing else reads it."""
    # The Identity nodes stand last, one an output.
    made = {out: node for node in e.nodes[: -len(names)] for out in node.output}
    reads: dict[str, int] = {}
    for node in all_nodes(e.nodes):
        for name in node.input:
            reads[name] = reads.get(name, 0) + 1
    for identity in e.nodes[-len(names) :]:
        source = identity.input[0]
        if source in made and reads[source] == 1:
            outputs = made[source].output
            outputs[list(outputs).index(source)] = identity.output[0]
            e.nodes.remove(identity)


def read_nodes(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """The nodes that something reads; what nothing reads of an operator's outputs has no name."""
    read, kept = set(outputs), []
    for node in reversed(nodes):
        if read.isdisjoint(node.output):
            continue
        # An output that is left out in the middle is "", at the end it is not there at all.
        named = [out if out in read else "" for out in node.output]
        while not named[-1]:
            named.pop()
        if node.op_type != "Scan":  # all of whose outputs are there
            del node.output[:]
            node.output.extend(named)
        read |= {name for each in all_nodes([node]) for name in each.input}
        kept.append(node)
    return kept[::-1]


def all_nodes(nodes: Any) -> list[Any]:
    """Nodes, with those of bodies."""
    found = []
    for node in nodes:
        found.append(node)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found += all_nodes(attribute.g.node)
    return found


def axes_of(names: Names, value: Value) -> list[Any]:
    """The shape of an input, unknown lengths by a name."""
    return [f"{names.of(value)}_{i}" if n is None else n for i, n in enumerate(value.shape)]
