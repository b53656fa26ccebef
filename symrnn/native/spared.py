"""Node rewriters that are not asked where they can be seen not to apply.

PyTensor's rewriters answer the same; those of the table ask first for the shapes above a node, though its indices would
have told, and a chain of rewriters looks up which of them serve each op, though most ops are of no type that any of
them is for. The rewriters are PyTensor's own and are shared by other modes, so what holds them is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from pytensor.graph.basic import Apply, Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import (
    EquilibriumGraphRewriter,
    GraphRewriter,
    NodeRewriter,
    OpToRewriterTracker,
    SequentialGraphRewriter,
    SequentialNodeRewriter,
    WalkingGraphRewriter,
)
from pytensor.tensor.subtensor import get_idx_list


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
        if name == "_rewriter":
            raise AttributeError(name)
        return getattr(self._rewriter, name)


def may_take_all(node: Apply) -> bool:
    """Whether a Subtensor may take its input whole: of slices alone, from 0, by 1."""

    def is_default(bound: object, default: int) -> bool:
        return bound is None or (isinstance(bound, Constant) and bound.data == default)

    return all(
        isinstance(entry, slice) and is_default(entry.start, 0) and is_default(entry.step, 1)
        for entry in get_idx_list(node.inputs, node.op.idx_list)
    )


def is_for_a_type_of(rewriter: SequentialNodeRewriter) -> Callable[[Apply], bool]:
    """Whether a node's op is of a type that one of the chain's rewriters is for."""
    types = tuple(rewriter.tracker.tracked_types)
    tracker = rewriter.tracker
    if tracker.untracked_rewrites or tracker.tracked_instances or tracker.tracked_pattern_types:
        return lambda node: True
    return lambda node: isinstance(node.op, types)


MAY_APPLY = {"local_useless_subtensor": may_take_all}


def spared(rewriter: GraphRewriter) -> GraphRewriter:
    """The rewriter, its parts not asked where they are foreseen not to apply."""
    new: Any
    if isinstance(rewriter, SequentialGraphRewriter):
        new = copy(rewriter)
        new.data = [spared(part) for part in rewriter.data]
    elif isinstance(rewriter, WalkingGraphRewriter):
        new = copy(rewriter)
        new.node_rewriter = _foreseen(new.node_rewriter)
    elif isinstance(rewriter, EquilibriumGraphRewriter):
        new = copy(rewriter)
        new.node_tracker = _spared_tracker(rewriter.node_tracker)
        for parts in ("global_rewriters", "final_rewriters", "cleanup_rewriters"):
            setattr(new, parts, [spared(part) for part in getattr(rewriter, parts)])
    elif isinstance(vars(rewriter).get("_rewriter"), GraphRewriter):  # notes the mode, since 3.3
        new = copy(rewriter)
        new._rewriter = spared(new._rewriter)
    else:
        new = rewriter
    return new


def _foreseen(rewriter: NodeRewriter) -> NodeRewriter:
    if isinstance(rewriter, SequentialNodeRewriter):
        return Foreseen(rewriter, is_for_a_type_of(rewriter))
    may_apply = MAY_APPLY.get(str(rewriter))
    return Foreseen(rewriter, may_apply) if may_apply else rewriter


def _spared_tracker(tracker: OpToRewriterTracker) -> OpToRewriterTracker:
    """The same rewriters in the same order, by the same ops."""
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
