"""PyTensor's rewriting, the same rewrites on the same graphs, with less work for them.

Native code is made in a fifth of a second, so rewriting is most of what is left. What takes its time is not the
rewrites but what they ask for:

* shapes: PyTensor computes all extents of all values above one that is asked for, and of a Scan by copying graphs.
  `asked_shapes` computes the axis that is asked for, and of a Scan from a template that is made once for its step.
* properties: whether a matrix is diagonal is asked of everything that it was computed from. `assumed` notes in one pass
  that nothing follows.
* memory: Python's garbage collector walks the whole graph again and again, and finds nothing. It rests meanwhile.
"""

from __future__ import annotations

from typing import Any

from pytensor import config
from pytensor.compile.mode import Mode
from pytensor.graph.basic import clone_get_equiv
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter

from symrnn.collector import collector_at_rest
from symrnn.native import warm
from symrnn.native.asked_shapes import ANSWERS_SHAPES, AskedShapeFeature
from symrnn.native.assumed import SparingAssumptionFeature
from symrnn.native.digest import graph_digest
from symrnn.native.node_order import NodeOrder
from symrnn.native.spared import spared


class SparingMode(Mode):
    """A mode whose rewriting is PyTensor's, with the same result, spared what it does not need."""

    @property
    def optimizer(self) -> GraphRewriter:
        return SparingRewriter(spared(super().optimizer))


class NativeMode(Mode):
    """A mode whose rewriting is spared what it does not need, all of it on a warm start."""

    @property
    def optimizer(self) -> GraphRewriter:
        return WarmRewriter(spared(super().optimizer), self._optimizer)


class SparingRewriter(GraphRewriter):
    """Another rewriter, with the garbage collector at rest and shapes of scans remembered."""

    def __init__(self, rewriter: GraphRewriter):
        self._rewriter = rewriter

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        # Before PyTensor's own: a graph takes one feature of each kind, and refuses the next without a word.
        # An older one infers as soon as it is there: its place is after merges, by `spared`.
        if ANSWERS_SHAPES:
            fgraph.attach_feature(AskedShapeFeature())
        fgraph.attach_feature(SparingAssumptionFeature())
        fgraph.attach_feature(NodeOrder())
        self._rewriter.add_requirements(fgraph)

    def apply(self, fgraph: Any, *args: Any, **kwargs: Any) -> Any:
        with collector_at_rest():
            return self._rewriter.apply(fgraph, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        # A copy is asked before it has any attribute, and would ask itself without an end.
        if name == "_rewriter":
            raise AttributeError(name)
        return getattr(self._rewriter, name)


class WarmRewriter(SparingRewriter):
    """A sparing rewriter of graphs that are new.

    One whose programs are known from an earlier process is left as it is, with the programs noted in `fgraph.warm`.
    """

    def __init__(self, rewriter: GraphRewriter, query: object):
        super().__init__(rewriter)
        self._query = query

    def apply(self, fgraph: Any, *args: Any, **kwargs: Any) -> Any:
        with collector_at_rest():
            if warm.is_on() and not hasattr(fgraph, "warm"):
                fgraph.warm = WarmStart(fgraph, self, self._query)
                if fgraph.warm.recorded:
                    return None
            # Bodies of scans are rewritten by this too, and are no functions: one that was kept for an equal function
            # would leave a body as it is.
            with warm.turned_off():
                return super().apply(fgraph, *args, **kwargs)


class WarmStart:
    """What is known of a graph from earlier processes.

    Attributes
    ----------
    digest
        The graph's name, None where it has none.
    recorded
        Programs that are kept for it; empty on a cold start.
    """

    def __init__(self, fgraph: FunctionGraph, rewriter: GraphRewriter, query: object):
        self.rewriter = rewriter
        self.digest = graph_digest(fgraph.inputs, fgraph.outputs, query)
        self.recorded = warm.load(self.digest) if self.digest is not None else []

    def __reduce__(self) -> tuple:
        return type(None), ()  # a function that is pickled or copied starts without

    def rewritten(self, fgraph: FunctionGraph) -> FunctionGraph:
        """The graph after all, for a call that no program is kept for."""
        # Constants stay the same objects: of weights that are written into a graph there is one array.
        new: Any = clone_get_equiv(
            fgraph.inputs, fgraph.outputs, copy_inputs=True, copy_orphans=False
        )
        copy = FunctionGraph(
            [new[var] for var in fgraph.inputs], [new[var] for var in fgraph.outputs], clone=False
        )
        # as PyTensor rewrites: a node that a rewrite makes has no stack of its own
        own_stacks = config.change_flags(traceback__limit=config.traceback__compile_limit)
        with warm.turned_off(), own_stacks:
            self.rewriter.rewrite(copy)
        return copy
