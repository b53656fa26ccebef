"""What differs between PyTensor 3.0.x (Python 3.11) and 3.3.x (Python 3.12 and newer)."""


def inner_graphs(op):
    """The inner graphs of `op`, in display order; empty for most ops.

    Since 3.3 an op may hold several (``HasMultipleInnerGraph``), before it holds at most one.
    """
    graphs = getattr(op, "inner_graphs", None)
    if graphs is not None:
        return list(graphs.values())
    graph = getattr(op, "fgraph", None)
    return [] if graph is None else [graph]


def bound(op, inputs):
    """The outputs of the graph in an OpFromGraph, on a copy of it that reads `inputs`.

    Since 3.2 the graph of an op is always frozen, before it has a frozen twin.
    """
    graph = getattr(op, "_frozen_fgraph", op.fgraph)
    return graph.bind(dict(zip(graph.inputs, inputs, strict=True)))
