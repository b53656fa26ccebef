"""The nodes of a graph with graphs in ops (`OpFromGraph`) written out."""

from __future__ import annotations

from collections.abc import Sequence

from pytensor.graph.basic import Apply


def inlined_nodes(fgraph, order: Sequence[Apply] | None = None) -> list[Apply]:
    """The nodes in the order in which they are computed."""
    return list(order if order is not None else fgraph.toposort())
