"""A graph built again, node by node, with what a rule puts in a node's place."""

from collections.abc import Callable
from typing import Any

from symrnn.export.build import Builder
from symrnn.export.graph import Graph, Node, Value

Rule = Callable[[Builder, Node, list[Any], Callable[[Value], Any]], list[Any] | None]


def rebuilt(graph: Graph, b: Builder, rule: Rule) -> Graph:
    """`graph` where `rule` has had a look at each node.

    A rule gets the builder, the old node, its new inputs, and what finds the new value of an old one; it returns the
    new outputs, or None to keep the node.
    """
    known: dict[Value, Value] = {}

    def new(value: Value) -> Value:
        return known.get(value, value)

    for node in graph.nodes():
        inputs = [None if v is None else new(v) for v in node.inputs]
        b.line = node.line
        made = rule(b, node, inputs, new)
        if made is None:
            made = again(b, node, inputs)
        for old, value in zip(node.outputs, made, strict=True):
            if value is not None:
                # A name stays with what it was given to; a value that has one of its own is somebody else's.
                if old.name and value.name is None:
                    value.name = old.name
                known[old] = value
    outputs = [new(out) for out in graph.outputs]
    return Graph(graph.inputs, outputs, graph.output_names, graph.notes, graph.parameters)


def again(b: Builder, node: Node, inputs: list[Any]) -> list[Value]:
    """The same node on new inputs."""
    if inputs == list(node.inputs):
        return node.outputs
    if len(node.outputs) > 1 or node.op in ("Loop", "Recurrent"):
        types = [(out.dtype, out.shape) for out in node.outputs]
        return b.node(node.op, inputs, types, node.attributes)
    [out] = node.outputs
    return [b.make(node.op, *inputs, dtype=out.dtype, shape=out.shape, **node.attributes)]
