"""PyTensor's rewriting to equilibrium, without asking again where nothing has changed.

PyTensor asks every rewriter of every node until a whole pass over the graph changes nothing. Of six passes the first
makes nearly all changes; the others mostly ask again what was answered. Here a pass after a change visits only nodes
near to what has changed. When that changes nothing the whole graph is asked once more, so that the end is what
PyTensor's is: a graph that none of the rewriters changes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pytensor import config
from pytensor.graph.basic import Apply
from pytensor.graph.features import Feature
from pytensor.graph.fg import Output
from pytensor.graph.rewriting.basic import EquilibriumGraphRewriter, GraphRewriter

from symrnn.native.node_order import order_of

NEAR = 3  # edges: few rewriters look further, and the last pass asks them all


class SparingEquilibrium(EquilibriumGraphRewriter):
    """PyTensor's equilibrium of the same rewriters, in the same order, by fewer questions."""

    def apply(self, fgraph: Any, start_from: Any = None) -> Any:
        if start_from is not None or config.profile:
            return super().apply(fgraph, start_from)  # keeps the times that a profile shows
        changes = Changes(
            follows_imports=not self.ignore_newtrees, follows_inputs=self.tracks_on_change_inputs
        )
        fgraph.attach_feature(changes)
        try:
            self._rewrite(fgraph, changes)
        finally:
            fgraph.remove_feature(changes)
        return None  # no profile

    def _rewrite(self, fgraph: Any, changes: Changes) -> None:
        uses: Counter = Counter()
        ratio = self.max_use_ratio or float("inf")
        largest = len(fgraph.apply_nodes)
        touched: set[Apply] | None = None  # None: the whole graph is visited
        while True:
            changes.begin()
            has_changed = apply_each(self.global_rewriters, fgraph, changes, uses)
            has_changed |= self._clean_up(fgraph, changes, uses)
            # A copy, since the queue is taken from its end: as in PyTensor, readers are asked before what they read.
            changes.queue = list(order_of(fgraph, "in_to_out"))
            largest = max(largest, len(changes.queue))
            if touched is not None:
                # `changes` holds what the global rewriters have done in this pass, `touched` what the pass before did.
                visited = near(touched | changes.nodes, fgraph, NEAR)
                changes.queue = [node for node in changes.queue if node in visited]
            has_changed |= self._visit(fgraph, changes, uses)
            has_changed |= apply_each(self.final_rewriters, fgraph, changes, uses)
            has_changed |= self._clean_up(fgraph, changes, uses)
            # PyTensor's own bound, without which two rewrites that undo each other would go on for ever.
            if exceeding := [r for r, n in uses.items() if n > largest * ratio]:
                self._complain(exceeding[0])
                return
            if not has_changed and touched is None:
                return
            touched = changes.nodes if has_changed else None

    def _visit(self, fgraph: Any, changes: Changes, uses: Counter) -> bool:
        """Ask each rewriter of each node in the queue, and of those that are added to it; from the outputs up."""
        has_changed = False
        queue, trackers, nodes = changes.queue, self.node_tracker.get_trackers, fgraph.apply_nodes
        while queue:
            node = queue.pop()
            if node not in nodes:
                continue
            changes.visited = node
            # Each is asked of the node as it is by then; one that replaced the node has ended its turn.
            for rewriter in trackers(node.op):
                if not self.process_node(fgraph, node, rewriter, enforce_tracks=False):
                    continue
                has_changed = True
                uses[rewriter] += 1
                self._clean_up(fgraph, changes, uses)
                if node not in nodes:
                    break
        changes.visited = None
        return has_changed

    def _clean_up(self, fgraph: Any, changes: Changes, uses: Counter) -> bool:
        return apply_each(self.cleanup_rewriters, fgraph, changes, uses)

    def _complain(self, rewriter: Any) -> None:
        message = (
            f"rewriting ({self.name}) stopped before its end: {rewriter} was applied more than {self.max_use_ratio} "
            "times the number of nodes; raise pytensor.config.optdb__max_use_ratio if it converges"
        )
        if config.on_opt_error == "raise":
            raise AssertionError(message)
        logging.getLogger("pytensor.graph.rewriting").error(message)


class Changes(Feature):
    """What changes in a graph while it is rewritten.

    Attributes
    ----------
    nodes
        Nodes that are new, or have another input or another reader, since `begin`.
    count
        Of nodes that came and of inputs that changed.
    queue
        Nodes to be visited, the next one last; new ones go there but what the visited node brings.
    """

    def __init__(self, *, follows_imports: bool, follows_inputs: bool):
        self._follows_imports = follows_imports
        # PyTensor attaches no listener at all where new nodes are not followed, so changed inputs are not either.
        self._follows_inputs = follows_inputs and follows_imports
        self.count = 0
        self.begin()

    def begin(self) -> None:
        self.nodes: set[Apply] = set()
        self.queue: list[Apply] = []
        self.visited: Apply | None = None

    def clone(self) -> Changes:
        return Changes(follows_imports=self._follows_imports, follows_inputs=self._follows_inputs)

    def on_import(self, fgraph: Any, node: Apply, reason: Any) -> None:
        self.count += 1
        self.nodes.add(node)
        if self._follows_imports and self.visited is not None and node is not self.visited:
            self.queue.append(node)

    def on_change_input(
        self, fgraph: Any, node: Apply, i: int, r: Any, new_r: Any, reason: Any = None
    ) -> None:
        self.count += 1
        # Many rewriters ask how many read a value: one has a reader less now, the other one more.
        self.nodes.update(x.owner for x in (r, new_r) if x.owner is not None)
        if isinstance(node.op, Output):
            return
        self.nodes.add(node)
        if self._follows_inputs and self.visited is not None and node is not self.visited:
            self.queue.append(node)

    def on_prune(self, fgraph: Any, node: Apply, reason: Any) -> None:
        self.nodes.update(x.owner for x in node.inputs if x.owner is not None)


def apply_each(
    rewriters: Iterable[GraphRewriter], fgraph: Any, changes: Changes, uses: Counter
) -> bool:
    """Apply the rewriters, count those that changed the graph, and say whether any did."""
    has_changed = False
    for rewriter in rewriters:
        # What a graph rewriter returns is a profile at best, and does not say whether it changed anything.
        before = changes.count
        rewriter.apply(fgraph)
        if changes.count != before:
            uses[rewriter] += 1
            has_changed = True
    return has_changed


def near(nodes: Iterable[Apply], fgraph: Any, edges: int) -> set[Apply]:
    """The nodes, and those of the graph that are so many edges or fewer away, up or down."""
    found = {node for node in nodes if node in fgraph.apply_nodes}
    edge = found
    for _ in range(edges):
        edge = {other for node in edge for other in neighbours(node, fgraph)} - found
        found = found | edge
    return found


def neighbours(node: Apply, fgraph: Any) -> Iterator[Apply]:
    for x in node.inputs:
        if x.owner is not None:
            yield x.owner
    for out in node.outputs:
        for client, _ in fgraph.clients[out]:
            if not isinstance(client.op, Output):
                yield client
