"""Where rewriting spends its time: every pass and every node rewrite, tried and applied.

PyTensor's own profile has no count of tries, and its form changes with the version. So this one is taken from outside,
with three hooks that both lanes have:

* every ``GraphRewriter.apply`` is timed; calls within calls give the tree of passes,
* every ``NodeProcessingGraphRewriter.process_node`` is one try of a node rewrite,
* a `Feature` on each graph counts the nodes that appear and disappear.

All of it is undone when the block ends.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, fields
from functools import wraps
from time import perf_counter, process_time

from pytensor.graph.basic import Apply, Variable
from pytensor.graph.features import Feature
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter, NodeProcessingGraphRewriter

from symrnn.measure.patched import patched
from symrnn.measure.rewrite_timing import (
    NODE_REWRITE,
    PASS,
    RewriteProfile,
    RewriteTiming,
    added,
)

SHORTEST_SPAN_S = 2e-4  # shorter calls leave no span, unless they are node rewrites that applied


@contextmanager
def rewrite_profile(clock: Callable[[], float] = perf_counter) -> Iterator[Callable]:
    """Profile all rewriting in the block; what it yields returns the profile afterwards.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symrnn.measure.stages import FunctionSpec, rewritten
    >>> x = pt.vector("x")
    >>> with rewrite_profile() as profile:
    ...     maker = rewritten(FunctionSpec([x], [x * 1 + 0]), "FAST_COMPILE")
    >>> "local_useless_elemwise" in [each.name for each in profile().by_name("node rewrite")]
    True
    """
    recorder = Recorder(clock)
    begin = clock()
    with ExitStack() as stack:
        for owner, name, wrapper in recorder.hooks():
            stack.enter_context(patched(owner, name, wrapper))
        stack.callback(recorder.detach)
        yield lambda: recorder.profile(end - begin, begin)
        end = clock()


def profile_overhead(
    rewrite: Callable[[], object], *, rounds: int = 5, clock: Callable[[], float] = process_time
) -> dict[str, list[float]]:
    """Seconds of ``rewrite()`` without the profile (`off_s`) and with it (`on_s`), in turns.

    One call before them is not counted. Processor time, so that other processes do not matter.

    Examples
    --------
    >>> ticks = iter(range(99))
    >>> profile_overhead(lambda: None, rounds=2, clock=lambda: float(next(ticks)))
    {'off_s': [1.0, 1.0], 'on_s': [1.0, 1.0]}
    """
    rewrite()
    seconds: dict[str, list[float]] = {"off_s": [], "on_s": []}
    for _ in range(rounds):
        for name, context in (("off_s", nullcontext()), ("on_s", rewrite_profile())):
            gc.collect()
            begin = clock()
            with context:
                rewrite()
            seconds[name].append(clock() - begin)
    return seconds


@dataclass(slots=True)
class Frame:
    """A timing that is still being filled."""

    name: str
    kind: str
    rewriter: object
    seconds: float = 0.0
    tried: int = 0
    applied: int = 0
    created: int = 0
    pruned: int = 0
    nodes_before: int = 0
    nodes_after: int = 0
    children: dict = field(default_factory=dict)  # by the id of the rewriter

    def timing(self) -> RewriteTiming:
        """As a finished timing; children of one name are one."""
        merged: dict[tuple[str, str], RewriteTiming] = {}
        for child in self.children.values():
            key, timing = (child.kind, child.name), child.timing()
            merged[key] = added(merged[key], timing) if key in merged else timing
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "rewriter"}
        return RewriteTiming(**own | {"children": tuple(merged.values())})


class NodeCounter(Feature):
    """Counts the nodes that appear in one graph, those that disappear, and all changes."""

    def __init__(self) -> None:
        self.created = self.pruned = self.changes = 0

    def on_import(self, fgraph: FunctionGraph, node: Apply, reason: object) -> None:
        self.created += 1
        self.changes += 1

    def on_prune(self, fgraph: FunctionGraph, node: Apply, reason: object) -> None:
        self.pruned += 1

    def on_change_input(
        self,
        fgraph: FunctionGraph,
        node: Apply,
        i: int,
        var: Variable,
        new_var: Variable,
        reason: object = None,
    ) -> None:
        self.changes += 1


class Recorder:
    """What `rewrite_profile` writes into while it is active."""

    def __init__(self, clock: Callable[[], float]):
        self.clock = clock
        self.root = Frame("", PASS, None)
        self.stack = [self.root]
        self.graphs: dict[int, tuple[FunctionGraph, NodeCounter]] = {}  # by the graph's id
        self.outermost: FunctionGraph | None = None  # the first one
        self.curve: list[tuple[float, int]] = []
        self.spans: list[tuple[str, str, float, float]] = []

    def hooks(self) -> Iterator[tuple[type, str, Callable]]:
        """The methods to replace: class, name, wrapper."""
        yield NodeProcessingGraphRewriter, "process_node", self.counting_tries
        for cls in all_subclasses(GraphRewriter):
            for name in ("apply", "rewrite"):
                if name in cls.__dict__:
                    yield cls, name, self.timing_passes

    def timing_passes(self, method: Callable) -> Callable:
        """Wrap ``apply``; a call of the method of a base class is no pass of its own."""

        @wraps(method)
        def timed(rewriter, fgraph, *args, **kwargs):
            # `rewrite` calls `apply`, and `apply` that of its base class: all of it is one pass.
            if self.stack[-1].rewriter is rewriter:
                return method(rewriter, fgraph, *args, **kwargs)
            # A graph shows up at its first pass: bodies of scans are graphs of their own.
            self.attach(fgraph)
            counter = self.graphs[id(fgraph)][1]
            changes = counter.changes
            frame, counts = self.frame(PASS, rewriter, fgraph), (counter.created, counter.pruned)
            self.stack.append(frame)
            begin = self.clock()
            try:
                return method(rewriter, fgraph, *args, **kwargs)
            finally:
                span = self.clock() - begin
                self.stack.pop()
                self.count(frame, fgraph, counts, begin, span, counter.changes != changes)

        return timed

    def counting_tries(self, method: Callable) -> Callable:
        """Wrap ``process_node``, which returns whether the rewrite was applied.

        Called tens of thousands of times, mostly in vain, so the common way through it is short.
        """
        stack, clock, graphs = self.stack, self.clock, self.graphs

        @wraps(method)
        def counted(rewriter, fgraph, node, node_rewriter=None, enforce_tracks=True):
            tried = rewriter.node_rewriter if node_rewriter is None else node_rewriter
            frame = stack[-1].children.get(id(tried)) or self.frame(NODE_REWRITE, tried, fgraph)
            counter = graphs[id(fgraph)][1]
            counts = counter.created, counter.pruned
            stack.append(frame)
            is_applied = False
            begin = clock()
            try:
                is_applied = method(rewriter, fgraph, node, node_rewriter, enforce_tracks)
                return is_applied
            finally:
                span = clock() - begin
                stack.pop()
                if is_applied or span > SHORTEST_SPAN_S:
                    self.count(frame, fgraph, counts, begin, span, is_applied)
                else:
                    frame.seconds += span
                    frame.tried += 1

        return counted

    def frame(self, kind: str, rewriter: object, fgraph: FunctionGraph) -> Frame:
        """The frame of a rewriter below the one that runs now."""
        children = self.stack[-1].children
        if id(rewriter) not in children:
            # the frame keeps its rewriter, so that the id is not given to another one meanwhile
            nodes = len(fgraph.apply_nodes)
            children[id(rewriter)] = Frame(
                name_of(rewriter), kind, rewriter, nodes_before=nodes, nodes_after=nodes
            )
        return children[id(rewriter)]

    def count(
        self,
        frame: Frame,
        fgraph: FunctionGraph,
        counts: tuple[int, int],
        begin: float,
        span: float,
        is_applied: bool,
    ) -> None:
        """Add one call to its frame; `counts` are the nodes created and pruned before it."""
        counter = self.graphs[id(fgraph)][1]
        frame.seconds += span
        frame.tried += 1
        frame.applied += bool(is_applied)
        frame.created += counter.created - counts[0]
        frame.pruned += counter.pruned - counts[1]
        frame.nodes_after = len(fgraph.apply_nodes)
        # The curve is that of the graph to be compiled, not of the bodies that are rewritten meanwhile.
        if is_applied and fgraph is self.outermost:
            self.curve.append((begin + span, frame.nodes_after))
        if span > SHORTEST_SPAN_S or (is_applied and frame.kind == NODE_REWRITE):
            self.spans.append((frame.kind, frame.name, begin, span))

    def attach(self, fgraph: FunctionGraph) -> None:
        """Count the nodes of a graph from now on."""
        if id(fgraph) not in self.graphs:
            counter = NodeCounter()
            self.outermost = self.outermost or fgraph
            self.graphs[id(fgraph)] = fgraph, counter
            fgraph.attach_feature(counter)

    def detach(self) -> None:
        """Leave the graphs as they were."""
        for fgraph, counter in self.graphs.values():
            fgraph.remove_feature(counter)

    def profile(self, wall_s: float, begin: float) -> RewriteProfile:
        """Everything recorded so far; times count from `begin`."""
        return RewriteProfile(
            wall_s=wall_s,
            begin_s=begin,
            passes=self.root.timing().children,
            curve=tuple((at - begin, nodes) for at, nodes in self.curve),
            spans=tuple((kind, name, at - begin, s) for kind, name, at, s in self.spans),
        )


def all_subclasses(cls: type) -> list[type]:
    """`cls` and every class below it, each once."""
    found = [cls]
    below: list[type] = cls.__subclasses__()
    for child in below:
        found += all_subclasses(child)
    # A class with several bases is found several times; patched twice, its passes would count twice.
    return list(dict.fromkeys(found))


def name_of(rewriter: object) -> str:
    """The name that PyTensor's database of rewrites has for a rewriter, or else its class.

    Examples
    --------
    >>> from pytensor.graph.rewriting.basic import MergeOptimizer
    >>> name_of(MergeOptimizer())
    'MergeOptimizer'
    """
    for attribute in ("name", "__name__"):
        name = getattr(rewriter, attribute, None)
        if isinstance(name, str) and name:
            return name
    text = str(rewriter)
    return type(rewriter).__name__ if "<" in text else text[:120]
