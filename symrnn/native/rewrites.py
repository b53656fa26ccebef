"""PyTensor's rewriting, the same rewrites on the same graphs, with less work for them.

Native code is made in a fifth of a second, so rewriting is most of what is left. What takes its time is not the
rewrites but what they ask for:

* shapes: each question for the shape of a Scan copies its inner graph, infers the shapes there, and copies the graph
  *outside* while it puts them together (half of the rewriting of eight recurrent layers). `ScanShapes` answers from a
  template that is made once for an inner graph.
* properties: whether a matrix is diagonal is asked of everything that it was computed from. `SparingAssumptionFeature`
  does not ask beyond an op that has no rule for it.
* memory: Python's garbage collector walks the whole graph again and again, and finds nothing. It rests meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any

from pytensor.assumptions import core as assumptions
from pytensor.assumptions.core import (
    ASSUMPTION_INFER_REGISTRY,
    IMPLIES,
    AssumptionFeature,
    AssumptionKey,
    FactState,
)
from pytensor.compile.mode import Mode
from pytensor.graph.basic import Apply, Constant, Variable, clone_get_equiv
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.scan.op import Scan
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.shape import Shape_i

from symrnn.native import warm
from symrnn.native.digest import graph_digest


class NativeMode(Mode):
    """A mode whose rewriting is spared what it does not need, all of it on a warm start."""

    @property
    def optimizer(self) -> GraphRewriter:
        return SparingRewriter(super().optimizer, self._optimizer)


class SparingRewriter(GraphRewriter):
    """Another rewriter, with the garbage collector at rest and shapes of scans remembered.

    A graph whose programs are known from an earlier process is left as it is, with the programs noted in `fgraph.warm`.
    """

    def __init__(self, rewriter: GraphRewriter, query: object):
        self._rewriter, self._query = rewriter, query

    def add_requirements(self, fgraph: FunctionGraph) -> None:
        if REMEMBERS_SHAPES:
            fgraph.attach_feature(RememberingShapeFeature())
        fgraph.attach_feature(SparingAssumptionFeature())
        self._rewriter.add_requirements(fgraph)

    def apply(self, fgraph: Any, *args: Any, **kwargs: Any) -> Any:
        with collector_at_rest():
            if warm.is_on() and not hasattr(fgraph, "warm"):
                fgraph.warm = WarmStart(fgraph, self, self._query)
                if fgraph.warm.recorded:
                    return None
            return self._rewriter.apply(fgraph, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name == "_rewriter":
            raise AttributeError(name)
        return getattr(self._rewriter, name)


class SparingAssumptionFeature(AssumptionFeature):
    """PyTensor's feature, which does not look behind an op of which nothing can follow."""

    __slots__ = ()

    def clone(self) -> SparingAssumptionFeature:
        return SparingAssumptionFeature()

    def _compute(self, var, key):
        if key not in CLIENT_INFER_KEYS:
            self._settle_frontier(var, key)
            if (state := self.cache.get((var, key))) is not None:
                return state
        return super()._compute(var, key)

    def _settle_frontier(self, var: Variable, key: AssumptionKey) -> None:
        """Note as unknown what is put out by ops without a rule, so that the search ends there."""
        seen, stack = {var}, [var]
        while stack:
            var = stack.pop()
            if var.owner is None or (var, key) in self.cache:
                continue
            kind: Any = type(var.owner.op)
            if has_rule(key, kind):
                fresh = [x for x in var.owner.inputs if x not in seen]
                seen.update(fresh)
                stack += fresh
            else:
                self.cache[var, key] = FactState.UNKNOWN
                self._var_to_keys.setdefault(var, set()).add(key)


@cache
def has_rule(key: AssumptionKey, kind: Any) -> bool:
    """Whether `key`, or a property that it implies or follows from, can be inferred for ops of that type."""
    return any((k, cls) in ASSUMPTION_INFER_REGISTRY for k in related(key) for cls in kind.__mro__)


@cache
def related(key: AssumptionKey) -> frozenset[AssumptionKey]:
    """The keys tied to `key` by implications, in either direction and through others."""
    found, stack = {key}, [key]
    while stack:
        k = stack.pop()
        near = [
            *IMPLIES.get(k, ()),
            *(stronger for stronger, weaker in IMPLIES.items() if k in weaker),
        ]
        stack += [n for n in near if n not in found]
        found.update(near)
    return frozenset(found)


class WarmStart:
    """What is known of a graph from earlier processes.

    Attributes
    ----------
    digest
        The graph's name, None where it has none.
    recorded
        Programs that are kept for it; empty on a cold start.
    """

    def __init__(self, fgraph: FunctionGraph, rewriter: SparingRewriter, query: object):
        self.rewriter = rewriter
        self.digest = graph_digest(fgraph.inputs, fgraph.outputs, query)
        self.recorded = warm.load(self.digest) if self.digest is not None else []

    def __reduce__(self) -> tuple:
        return type(None), ()  # a function that is pickled or copied starts without

    def rewritten(self, fgraph: FunctionGraph) -> FunctionGraph:
        """The graph after all, for a call that no program is kept for."""
        new: Any = clone_get_equiv(
            fgraph.inputs, fgraph.outputs, copy_inputs=True, copy_orphans=False
        )
        copy = FunctionGraph(
            [new[var] for var in fgraph.inputs], [new[var] for var in fgraph.outputs], clone=False
        )
        with warm.turned_off():
            self.rewriter.rewrite(copy)
        return copy


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No garbage collection inside; as before afterwards."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


CLIENT_INFER_KEYS = getattr(
    assumptions, "CLIENT_INFER_KEYS", ()
)  # since PyTensor 3.3: promises of what reads a value
REMEMBERS_SHAPES = hasattr(
    ShapeFeature, "_compute_node_shapes"
)  # since PyTensor 3.2; another class before


class RememberingShapeFeature(ShapeFeature):
    """PyTensor's feature, which answers for a Scan from a template."""

    def __init__(self) -> None:
        super().__init__()
        self.templates: dict[object, ScanShapes | None] = {}

    def _compute_node_shapes(self, node: Apply, recursive: bool) -> tuple:
        if not isinstance(node.op, Scan) or not recursive:
            return super()._compute_node_shapes(node, recursive)
        graph = node.op.fgraph
        if graph not in self.templates:
            self.templates[graph] = scan_shapes(node.op)
        template = self.templates[graph]
        if template is None:
            return super()._compute_node_shapes(node, recursive)
        given = [
            tuple(self.get_shape(x, i) for i in range(getattr(x.type, "ndim", 0)))
            for x in node.inputs
        ]
        return tuple(
            tuple(self._coerce_shape_element(n, node) for n in shape)
            for shape in template.of_outputs(node, given)
        )


class ScanShapes:
    """The shapes that a step records, as expressions of the shapes and values that it is given.

    Attributes
    ----------
    recorded
        For each output that is recorded without a state, an expression an axis.
    extents
        What stands in them for the extent of an inner input: ``{variable: (input's index, axis)}``.
    """

    def __init__(
        self,
        op: Scan,
        inputs: Sequence[Variable],
        recorded: Sequence[Sequence[Variable]],
        extents: dict[Variable, tuple[int, int]],
    ):
        self.op, self.inputs, self.recorded, self.extents = op, inputs, recorded, extents

    def of_outputs(self, node: Apply, given: Sequence[tuple]) -> list[tuple]:
        """The shapes of a node's outputs, where those of its inputs are `given`."""
        op, info = self.op, self.op.info
        states = [*op.outer_mitmot(given), *op.outer_mitsot(given), *op.outer_sitsot(given)]
        taps = chain(info.mit_mot_in_slices, info.mit_sot_in_slices, info.sit_sot_in_slices)
        carried = op.outer_untraced_sit_sot(given)
        of_inputs = [
            *(shape[1:] for shape in op.outer_seqs(given)),
            *(shape[1:] for shape, slices in zip(states, taps, strict=True) for _ in slices),
            *carried,
            *op.outer_non_seqs(given),
        ]
        new = {symbol: of_inputs[i][axis] for symbol, (i, axis) in self.extents.items()}
        new |= zip(op.inner_non_seqs(self.inputs), op.outer_non_seqs(node.inputs), strict=True)
        lengths = op.outer_nitsot(node.inputs)
        recorded = [
            (length, *(_evaluated(n, new) for n in dims))
            for length, dims in zip(lengths, self.recorded, strict=True)
        ]
        return [*states, *recorded, *carried]


def scan_shapes(op: Scan) -> ScanShapes | None:
    """The template of an op; None where a shape depends on what only a step knows, or on when a loop stops."""
    if op.info.as_while:
        return None
    graph = op.fgraph.unfreeze()
    feature = ShapeFeature()
    recorded = [feature.shape_tuple(out) for out in op.inner_nitsot_outs(list(graph.outputs))]
    if None in recorded:
        return None
    inputs = list(graph.inputs)
    extents = {
        symbol: (i, axis)
        for i, var in enumerate(inputs)
        for axis, symbol in feature._shape_i_cache.get(var, {}).items()
        if not isinstance(symbol, Constant)
    }
    known = {*extents, *op.inner_non_seqs(inputs)}
    if any(not _reads_only(n, known) for dims in recorded for n in dims):
        return None
    return ScanShapes(op, inputs, recorded, extents)


def _reads_only(var: Variable, known: set[Variable]) -> bool:
    stack = [var]
    while stack:
        var = stack.pop()
        if var in known or isinstance(var, Constant):
            continue
        if var.owner is None or isinstance(var.owner.op, Shape_i):
            return False
        stack += var.owner.inputs
    return True


def _evaluated(var: Variable, new: dict[Variable, Variable]) -> Variable:
    """`var` with what stands for extents replaced; nothing of what is put in its place is copied."""
    if var not in new:
        node = var.owner
        if node is None:
            return var
        inputs = [_evaluated(x, new) for x in node.inputs]
        if all(a is b for a, b in zip(inputs, node.inputs, strict=True)):
            return var
        new.update(zip(node.outputs, node.clone_with_new_inputs(inputs).outputs, strict=True))
    return new[var]
