"""The order of a graph's nodes, kept until the graph changes.

Dozens of rewriters walk the same graph one after the other and change nothing; each would sort it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytensor.graph.basic import Apply
from pytensor.graph.features import AlreadyThere, Feature
from pytensor.graph.traversal import apply_ancestors, toposort


class NodeOrder(Feature):
    """The orders of one graph's nodes that are known, by their name in `WalkingGraphRewriter`."""

    def __init__(self) -> None:
        self.known: dict[str, list[Apply]] = {}

    def on_attach(self, fgraph: Any) -> None:
        if hasattr(fgraph, "node_order"):
            raise AlreadyThere
        fgraph.node_order = self

    def on_detach(self, fgraph: Any) -> None:
        del fgraph.node_order

    def clone(self) -> NodeOrder:
        return NodeOrder()

    def on_import(self, *_: Any, **__: Any) -> None:
        self.known.clear()

    on_prune = on_change_input = on_import


def order_of(fgraph: Any, name: str) -> Sequence[Apply]:
    """The nodes of the graph: "dfs" for that order, else from its inputs to its outputs."""
    # "out_to_in" is the same order, which a walk takes from its end.
    name = name if name == "dfs" else "in_to_out"
    feature = getattr(fgraph, "node_order", None)
    if feature is None:
        return sorted_nodes(fgraph, name)
    if name not in feature.known:
        feature.known[name] = sorted_nodes(fgraph, name)
    return feature.known[name]


def sorted_nodes(fgraph: Any, name: str) -> list[Apply]:
    return list((apply_ancestors if name == "dfs" else toposort)(fgraph.outputs))
