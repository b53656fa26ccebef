"""Node rewriters that are not asked where they can be seen not to apply.

PyTensor's rewriters answer the same; those of the table ask first for the shapes above a node, though its indices would
have told, and a chain of rewriters looks up which of them serve each op, though most ops are of no type that any of
them is for. The rewriters are PyTensor's own and are shared by other modes, so what holds them is copied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

from pytensor import config
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import (
    EquilibriumGraphRewriter,
    FromFunctionNodeRewriter,
    GraphRewriter,
    NodeRewriter,
    OpToRewriterTracker,
    SequentialGraphRewriter,
    SequentialNodeRewriter,
    WalkingGraphRewriter,
)
from pytensor.tensor.rewriting.shape import ShapeOptimizer
from pytensor.tensor.subtensor import get_idx_list

from symrnn.native.asked_shapes import SPARING
from symrnn.native.equilibrium import SparingEquilibrium
from symrnn.native.node_order import order_of


class Foreseen(NodeRewriter):
    """A node rewriter that is asked where it `may_apply`."""

    def __init__(self, rewriter: NodeRewriter, may_apply: Callable[[Apply], bool]):
        self._rewriter, self._may_apply = rewriter, may_apply
        self.name = rewriter.name

    def transform(
        self, fgraph: Any, node: Apply, enforce_tracks: bool = True, *_: Any, **__: Any
    ) -> Any:
        if not self._may_apply(node):
            return False
        return self._rewriter.transform(fgraph, node, enforce_tracks=enforce_tracks)

    def tracks(self) -> Any:
        return self._rewriter.tracks()

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        self._rewriter.add_requirements(fgraph)

    def __str__(self) -> str:
        return str(self._rewriter)

    def __getattr__(self, name: str) -> Any:
        # A copy is asked before it has any attribute, and would ask itself without an end.
        if name == "_rewriter":
            raise AttributeError(name)
        return getattr(self._rewriter, name)


def may_take_all(node: Apply) -> bool:
    """Whether a Subtensor may take its input whole: of slices alone, from 0, by 1."""

    def is_default(bound: object, default: int) -> bool:
        return bound is None or (isinstance(bound, Constant) and bound.data == default)

    # The upper end is not looked at: PyTensor compares it with the shape, which is the question that costs.
    return all(
        isinstance(entry, slice) and is_default(entry.start, 0) and is_default(entry.step, 1)
        for entry in get_idx_list(node.inputs, node.op.idx_list)
    )


def folds_constants(node: Apply) -> bool:
    return all(x.owner is None and isinstance(x, Constant) for x in node.inputs)


def is_for(rewriter: NodeRewriter) -> Callable[[Apply], bool] | None:
    """Whether a node's op is among those that the rewriter is for; None where it is for all, or does not say."""
    if isinstance(rewriter, SequentialNodeRewriter):
        tracker = rewriter.tracker
        # For any op, or for ops that are equal to one: no type tells which.
        if tracker.untracked_rewrites or tracker.tracked_instances:
            return None
        return is_of((*tracker.tracked_types, *tracker.tracked_pattern_types))
    if isinstance(rewriter, FromFunctionNodeRewriter) and rewriter.tracks():
        if rewriter._tracked_ops:
            return None
        return is_of((rewriter._tracked_types, rewriter._tracked_op_pattern_types))
    return None


def is_of(types: tuple) -> Callable[[Apply], bool]:
    known: dict[type, bool] = {}  # PyTensor's classes of ops answer isinstance in Python

    def is_of_types(node: Apply) -> bool:
        kind = type(node.op)
        if kind not in known:
            known[kind] = issubclass(kind, types)
        return known[kind]

    return is_of_types


MAY_APPLY = {
    "local_useless_subtensor": may_take_all,
    "constant_folding": folds_constants,
    "unconditional_constant_folding": folds_constants,
}


class SparingWalk(WalkingGraphRewriter):
    """A walk to the nodes of a graph that its rewriter is for, in PyTensor's order."""

    may_apply: Callable[[Apply], bool]

    def apply(self, fgraph: Any, start_from: Any = None) -> Any:
        # A profile counts the very questions that are spared here.
        if start_from is not None or config.profile:
            return super().apply(fgraph, start_from)
        nodes, may_apply = order_of(fgraph, self.order), self.may_apply
        # Most walks are over here, before anything listens to the graph's changes.
        if not any(map(may_apply, nodes)):
            return None  # no profile
        # A copy, since other walks take the same order.
        queue = deque(nodes)
        take = queue.pop if self.order == "out_to_in" else queue.popleft
        visited = None

        def follow(node: Apply) -> None:
            if node is not visited:
                queue.append(node)

        updater = self.attach_updater(fgraph, follow, None, name=self.name)
        try:
            while queue:
                visited = take()
                # An earlier rewrite of this walk may have taken the node out of the graph.
                if may_apply(visited) and visited in fgraph.apply_nodes:
                    self.process_node(fgraph, visited)
        finally:
            self.detach_updater(fgraph, updater)
        return None


class SparingShapeOptimizer(ShapeOptimizer):
    """PyTensor's, with the feature that infers less; after equal nodes are merged, as there."""

    def apply(self, fgraph: Any) -> None:
        fgraph.attach_feature(SPARING())


def spared(rewriter: GraphRewriter) -> GraphRewriter:
    """The rewriter, its parts not asked where they are foreseen not to apply."""
    new: Any
    if isinstance(rewriter, SequentialGraphRewriter):
        new = copy(rewriter)
        new.data = [spared(part) for part in rewriter.data]
    elif isinstance(rewriter, WalkingGraphRewriter):
        new = _walk(rewriter)
    elif isinstance(rewriter, EquilibriumGraphRewriter):
        new = copy(rewriter)
        # Methods of PyTensor's subclasses still come first: the equilibrium for scans ends at once where there is none.
        new.__class__ = mixed(type(rewriter), SparingEquilibrium)
        new.node_tracker = _spared_tracker(rewriter.node_tracker)
        for parts in ("global_rewriters", "final_rewriters", "cleanup_rewriters"):
            setattr(new, parts, [spared(part) for part in getattr(rewriter, parts)])
    elif isinstance(rewriter, ShapeOptimizer):
        new = SparingShapeOptimizer()
    elif isinstance(vars(rewriter).get("_rewriter"), GraphRewriter):  # notes the mode, since 3.3
        new = copy(rewriter)
        new._rewriter = spared(new._rewriter)
    else:
        new = rewriter
    return new


@cache
def mixed(kind: type, sparing: type) -> type:
    """The sparing class, between `kind` and PyTensor's where `kind` is a class of its own."""
    return (
        sparing
        if issubclass(sparing, kind)
        else type(f"Sparing{kind.__name__}", (kind, sparing), {})
    )


def _walk(walk: WalkingGraphRewriter) -> WalkingGraphRewriter:
    rewriter: Any = walk.node_rewriter
    may_apply = MAY_APPLY.get(str(rewriter)) or is_for(rewriter)
    if may_apply is None:
        return walk
    new: Any = copy(walk)
    new.__class__ = mixed(type(walk), SparingWalk)
    new.may_apply = may_apply
    return new


def _foreseen(rewriter: NodeRewriter) -> NodeRewriter:
    may_apply = MAY_APPLY.get(str(rewriter))
    return Foreseen(rewriter, may_apply) if may_apply else rewriter


def _spared_tracker(tracker: OpToRewriterTracker) -> OpToRewriterTracker:
    """The same rewriters in the same order, by the same ops."""
    # One each, under however many ops it stands: an equilibrium counts a rewriter's uses, and has enough of too many.
    made: dict[NodeRewriter, NodeRewriter] = {}

    def each(rewriters):
        return [made.setdefault(r, _foreseen(r)) for r in rewriters]

    new = OpToRewriterTracker()
    new.untracked_rewrites = each(tracker.untracked_rewrites)
    for op, rewriters in tracker.tracked_instances.items():
        new.tracked_instances[op] = each(rewriters)
    for kind, rewriters in tracker.tracked_types.items():
        new.tracked_types[kind] = each(rewriters)
    for kind, patterns in tracker.tracked_pattern_types.items():
        for pattern, rewriters in patterns.items():
            new.tracked_pattern_types[kind][pattern] = each(rewriters)
    return new
