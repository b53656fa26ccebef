"""The whole of the matching: loops that are layers, layers that walk both ways, subgraphs that are one operator."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pytensor.compile.executor import Function
from pytensor.graph.basic import Variable

from symrnn.errors import UserError
from symrnn.export.build import Builder
from symrnn.export.graph import Graph, Node, Value, depends_on, readers
from symrnn.export.names import named_outputs
from symrnn.export.rebuild import rebuilt
from symrnn.export.recurrent import layer_values, recognised
from symrnn.export.subgraphs import replaced
from symrnn.export.translate import translated

MASKED = "A mask is taken to be true up to its sequence's end, and false behind it."


def matched(
    inputs: Sequence[Variable] | Function,
    outputs: Sequence[Variable] | None = None,
    *,
    names: Sequence[str] = (),
    floats: str = "float32",
    batch: int | None = None,
) -> Graph:
    """The graph to write: what PyTensor's is, with layers and operators found in it.

    Parameters
    ----------
    inputs, outputs
        Variables, or a function that PyTensor compiled, which is read as its mode rewrote it: give the variables that
        it was built from where that stands in the way.
    names
        Of the outputs.
    floats
        The dtype of every float in it.
    batch
        The length of the inputs' second axis, where it is unknown.

    Raises
    ------
    UserError
        When an op can't be exported, or an input is missing.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> x = pt.matrix("x")
    >>> [node.op for node in matched([x], [1 / (1 + pt.exp(-x))]).nodes()]
    ['Sigmoid']
    """
    given, wanted = variables_of(inputs, outputs)
    if names and len(names) != len(wanted):
        raise UserError(f"names must be one an output, {len(wanted)}, but are {len(names)}")
    graph = translated(given, wanted, floats=floats, batch=batch)
    b = Builder(floats)
    # Layers first: their algebra reads the products and sums that the subgraphs turn into dense layers.
    for step in (with_layers, with_subgraphs, with_both_ways):
        graph = step(graph, b)
    if any(node.op in LAYERS and node.inputs[MASK[node.op]] is not None for node in graph.nodes()):
        graph.notes.append(MASKED)
    named_outputs(graph, names or [""] * len(wanted))
    return graph


LAYERS = ("Recurrent", "Bidirectional")
MASK = {"Recurrent": 6, "Bidirectional": 11}  # where a layer's mask stands among its inputs


def variables_of(inputs: Any, outputs: Any) -> tuple[list[Variable], list[Variable]]:
    """Inputs and outputs as lists of variables; those of a function as its mode rewrote them."""
    if isinstance(inputs, Function):
        maker = inputs.maker
        given = [i.variable for i in maker.inputs if not (i.implicit or i.shared)]
        # Updates are outputs too, behind those that a call returns.
        returned = maker.fgraph.outputs[: len(maker.outputs)]
        return given, list(returned)
    if outputs is None:
        raise UserError(
            "outputs must be given with inputs, but are None; or give a compiled function"
        )
    wanted = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    return list(inputs), wanted


def with_layers(graph: Graph, b: Builder) -> Graph:
    """`graph` with a `Recurrent` node for each loop that is a layer of a known cell."""
    counts, names = readers(graph.outputs), Counter[str]()
    given = graph.parameters

    def rule(b: Builder, node: Node, inputs: list[Any], new: Any) -> list[Any] | None:
        if node.op != "Loop":
            return None
        # What nobody reads is no hindrance: an LSTM that records c at every step, unread, is still a layer.
        layer = recognised(node, [out in counts for out in node.outputs])
        if layer is None:
            return None
        count = node.attributes["states"]
        # A layer reads what lies below its projections, so the loop's own sequences fall away.
        sources = [new(s.value) for s in [*layer.sources, *([layer.mask] if layer.mask else [])]]
        names[layer.kind] += 1
        name = f"{layer.kind.lower()}{names[layer.kind]}"
        return layer_values(b, node, layer, [*inputs[:count], *sources], name, given)

    return rebuilt(graph, b, rule)


def with_subgraphs(graph: Graph, b: Builder) -> Graph:
    """`graph` with one operator for each subgraph that a row of `SUBGRAPHS` knows, in bodies too."""
    # A chain of maxima is looked at from its end, where all of it is seen.
    chained = {
        v.node
        for node in graph.nodes()
        if node.op == "Max"
        for v in node.inputs
        if v is not None and v.node is not None and v.node.op == "Max"
    }

    def rule(b: Builder, node: Node, inputs: list[Any], new: Callable) -> list[Any] | None:
        if "body" in node.attributes:
            body = with_subgraphs(node.attributes["body"], Builder(b.floats))
            types = [(out.dtype, out.shape) for out in node.outputs]
            return b.node(node.op, inputs, types, {**node.attributes, "body": body})
        if len(node.outputs) != 1 or node.op in LAYERS:
            return None
        [out] = node.outputs
        made = b.make(node.op, *inputs, dtype=out.dtype, shape=out.shape, **node.attributes)
        return [made if node in chained else replaced(b, made)]

    return rebuilt(graph, b, rule)


def with_both_ways(graph: Graph, b: Builder) -> Graph:
    """`graph` with one `Bidirectional` node for two layers that walk the same sequence from both ends.

    Its inputs are ``xs``, the five weights of the forward layer, those of the backward one, ``mask``, and both initial
    states; it puts out ``ys (T, B, 2H)`` and both last states.
    """
    partners = _partners(graph)
    made: dict[Node, list[Value]] = {}

    def rule(b: Builder, node: Node, inputs: list[Any], new: Callable) -> list[Any] | None:
        if node not in partners:
            return None
        other = partners[node]
        forward, backward = (other, node) if node.attributes["reverse"] else (node, other)
        if forward not in made:
            both = [[new(v) if v else None for v in each.inputs] for each in (forward, backward)]
            made[forward] = _both(b, forward, *both)
        ys, *states = made[forward]
        hidden, count = forward.inputs[2].shape[0], len(states) // 2  # type: ignore[union-attr]
        assert hidden is not None
        if node is forward:
            return [b.slice(ys, 2, None, hidden), *states[:count]]
        return [b.slice(ys, 2, hidden), *states[count:]]

    return rebuilt(graph, b, rule) if partners else graph


def _partners(graph: Graph) -> dict[Node, Node]:
    """Layers that walk one sequence from both ends, each with the other."""
    waiting: dict[Any, Node] = {}
    partners: dict[Node, Node] = {}
    for node in graph.nodes():
        if node.op != "Recurrent":
            continue
        xs, _, w_h, mask = (node.inputs[i] for i in (0, 1, 2, 6))
        attributes = {k: v for k, v in node.attributes.items() if k != "reverse"}
        # Same sequence and mask, as objects; H, since ONNX has one hidden size for both directions.
        key = (id(xs), id(mask), w_h.shape, repr(attributes))  # type: ignore[union-attr]
        other = waiting.get((key, not node.attributes["reverse"]))
        # The initial states of the second must not be made of the first.
        if other is None or any(v is not None and _reads(v, other) for v in node.inputs[7:]):
            waiting[key, node.attributes["reverse"]] = node
        else:
            del waiting[key, not node.attributes["reverse"]]
            partners[node], partners[other] = other, node
    return partners


def _reads(value: Value, node: Node) -> bool:
    return bool(depends_on(value, node.outputs))


def _both(b: Builder, node: Node, forward: list[Any], backward: list[Any]) -> list[Value]:
    attributes = {k: v for k, v in node.attributes.items() if k != "reverse"}
    # Of a Recurrent node: xs, five weights, the mask, then the states; xs and the mask are the same of both.
    inputs = [*forward[:6], *backward[1:6], forward[6], *forward[7:], *backward[7:]]
    steps, batch = forward[0].shape[:2]
    hidden = forward[2].shape[0]
    types: list[Any] = [(forward[0].dtype, (steps, batch, 2 * hidden))]
    types += [(forward[0].dtype, (batch, hidden))] * (2 * len(forward[7:]))
    b.line = node.line
    return b.node("Bidirectional", inputs, types, attributes)
