"""What differs between PyTensor 3.0.x (Python 3.11) and 3.3.x (Python 3.12 and newer)."""

from collections.abc import Sequence
from typing import Any

from pytensor.graph.basic import Apply


def inner_graphs(op: Any) -> list[Any]:
    """The inner graphs of `op`, in display order; empty for most ops.

    Since 3.3 an op may hold several (``HasMultipleInnerGraph``), before it holds at most one.
    """
    graphs = getattr(op, "inner_graphs", None)
    if graphs is not None:
        return list(graphs.values())
    graph = getattr(op, "fgraph", None)
    return [] if graph is None else [graph]


def inlined(op: Any, inputs: Sequence[Any]) -> list[Any]:
    """What an `OpFromGraph` puts out on these inputs, as a graph with Scan ops of its own.

    Before 3.3, compiling with Numba rewrites the inner graphs of Scan ops in place, so no two functions may share them;
    since then they are frozen.
    """
    if hasattr(op.fgraph, "bind"):
        return op.fgraph.bind(dict(zip(op.fgraph.inputs, inputs, strict=True)))
    graph = op.fgraph.clone(clone_inner_graphs=True)
    new = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.toposort():
        clone = node.clone_with_new_inputs([new.get(i, i) for i in node.inputs])
        new.update(zip(node.outputs, clone.outputs, strict=True))
    return [new.get(out, out) for out in graph.outputs]


def bound(op: Any, inputs: Sequence[Any]) -> list[Any]:
    """The outputs of the graph in an OpFromGraph, on a copy of it that reads `inputs`.

    Since 3.2 the graph of an op is always frozen, before it has a frozen twin.
    """
    graph = getattr(op, "_frozen_fgraph", op.fgraph)
    return graph.bind(dict(zip(graph.inputs, inputs, strict=True)))


def join_parts(node: Apply) -> tuple[int | None, list[Any]]:
    """The axis along which a Join node joins, and what it joins.

    Since 3.3 the axis belongs to the op, before it is the node's first input; None where that is an expression.
    """
    if hasattr(node.op, "axis"):
        return node.op.axis, list(node.inputs)
    axis, *parts = node.inputs
    return (int(axis.data) if hasattr(axis, "data") else None), parts
