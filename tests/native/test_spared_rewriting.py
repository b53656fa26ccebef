"""Native mode's rewriting answers as PyTensor's does: shapes, assumptions, and rewriters that are not asked."""

from collections import Counter

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.assumptions.core import ASSUMPTION_INFER_REGISTRY, AssumptionFeature
from pytensor.compile.mode import Mode, get_mode, optdb
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import (
    EquilibriumGraphRewriter,
    SequentialGraphRewriter,
    dfs_rewriter,
    node_rewriter,
)
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import graph_inputs
from pytensor.scan.op import Scan
from pytensor.tensor.math import Sum
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.rewriting.subtensor import local_useless_subtensor

import symrnn.native
from symrnn.cells import GRUCell, LSTMCell
from symrnn.native import warm
from symrnn.native.asked_shapes import ANSWERS_SHAPES, SPARING, AskedShapeFeature
from symrnn.native.assumed import SparingAssumptionFeature
from symrnn.native.equilibrium import SparingEquilibrium
from symrnn.native.node_order import NodeOrder, order_of
from symrnn.native.spared import Foreseen, may_take_all, spared
from symrnn.unroll import stack

KEYS = sorted({key for key, _ in ASSUMPTION_INFER_REGISTRY}, key=lambda key: key.name)


def recurrent(shape=(None, None, 3)):
    """Two layers and their gradient, through plain scans."""
    xs = pt.tensor("xs", shape=shape)
    layers = [[LSTMCell.create(3, 2, rng=0)], [GRUCell.create(2, 2, rng=1)]]
    params = [param for layer in layers for cell in layer for param in cell.params]
    loss = (stack(layers, xs, gradient="autodiff")[::-1][1:] ** 2).sum()
    return [xs], [loss, *pytensor.grad(loss, params)]


def static():
    """The same, of extents that are known."""
    return recurrent((4, 2, 3))


def known_steps():
    """The same, of steps whose extents are known and lengths that are not."""
    return recurrent((None, 2, 3))


def matrices():
    """Diagonal, symmetric and positive definite matrices among others, with a solve that promises one."""
    a, b = pt.matrices("a", "b")
    diagonal, constant = pt.diag(a[0]), pt.constant(np.diag([1.0, 2.0]))
    gram = a @ a.T
    return [a, b], [
        2 * diagonal @ b,
        (constant + 0 * constant) @ a,
        pt.tanh(a) @ b.T @ gram,
        pt.linalg.solve(gram + pt.eye(a.shape[0]), b, assume_a="pos"),
        pt.linalg.solve(b, a, assume_a="sym") @ diagonal,
    ]


def indexed():
    """Slices and indices of all kinds, reshapes and joins."""
    x, n = pt.tensor3("x"), pt.iscalar("n")
    y = x.reshape((x.shape[0] * x.shape[1], -1))
    return [x, n], [
        x[::-1, 1:, :n],
        x[0, :n],
        x[: x.shape[0], 2:5:2],
        y[:-1].sum(0),
        pt.concatenate([x, x[1:]], 0)[n:],
        x.transpose(2, 0, 1).max(axis=1) + x[0, 0][:, None],
    ]


GRAPHS = {make.__name__: make for make in (recurrent, static, known_steps, matrices, indexed)}


def graph(name):
    return FunctionGraph(*inputs_and_outputs(name), clone=True)


def inputs_and_outputs(name):
    """The graph, shared variables among its inputs."""
    inputs, outputs = GRAPHS[name]()
    return [*inputs, *(x for x in graph_inputs(outputs) if isinstance(x, SharedVariable))], outputs


@pytest.mark.skipif(not ANSWERS_SHAPES, reason="PyTensor's feature of before 3.2 infers all")
@pytest.mark.parametrize("name", GRAPHS)
def test_extents_are_pytensors(name):
    fgraph = graph(name)
    variables = [var for node in fgraph.toposort() for var in node.outputs]
    asked, pytensors = AskedShapeFeature(), ShapeFeature()
    fgraph.attach_feature(asked)
    asked.fgraph = fgraph
    pytensors.fgraph = fgraph
    for var in reversed(variables):
        for axis in reversed(range(getattr(var.type, "ndim", 0))):
            mine, theirs = asked.get_shape(var, axis), pytensors.get_shape(var, axis)
            assert text(mine) == text(theirs), (var.owner, axis)


@pytest.mark.skipif(ANSWERS_SHAPES, reason="PyTensor's feature since 3.2 answers when it is asked")
@pytest.mark.parametrize("name", GRAPHS)
def test_extents_of_every_value_are_those_of_pytensors_older_feature(name, monkeypatch):
    infer, inferred = ShapeFeature.get_node_infer_shape, []
    monkeypatch.setattr(
        ShapeFeature,
        "get_node_infer_shape",
        lambda self, node: inferred.append(node) or infer(self, node),
    )
    found, left = [], []
    for feature in (SPARING(), ShapeFeature()):
        fgraph = graph(name)
        inferred.clear()
        fgraph.attach_feature(feature)
        left.append(fgraph.apply_nodes & set(inferred))
        variables = [var for node in fgraph.toposort() for var in node.outputs]
        found.append([[text(n) for n in feature.shape_of[var] or ()] for var in variables])
    assert found[0] == found[1]
    assert len(left[0]) < len(left[1]) == len(fgraph.apply_nodes)
    if name in ("static", "known_steps"):
        assert not any(isinstance(node.op, Scan) for node in left[0])


def test_shapes_are_inferred_by_the_sparing_feature_and_not_before_equal_nodes_are_merged():
    """Nor where a warm start rewrites nothing."""
    fgraph, rewriter = graph("recurrent"), get_mode("NATIVE").optimizer
    rewriter.add_requirements(fgraph)
    assert not getattr(fgraph, "shape_feature", SPARING()).__dict__.get("shape_of")
    with warm.turned_off():
        rewriter.apply(fgraph)
    assert isinstance(fgraph.shape_feature, SPARING)


def text(var):
    return pytensor.dprint(var, file="str", print_type=True)


@pytest.mark.parametrize("name", GRAPHS)
def test_assumptions_are_pytensors(name):
    fgraph, other = graph(name), graph(name)
    fgraph.attach_feature(SparingAssumptionFeature())
    other.attach_feature(AssumptionFeature())
    nodes = zip(fgraph.toposort(), other.toposort(), strict=True)
    for mine, theirs in reversed(list(nodes)):
        for key in KEYS:
            found = fgraph.assumption_feature.get(mine.outputs[0], key)
            assert found is other.assumption_feature.get(theirs.outputs[0], key), (mine, key)


def test_something_is_assumed_of_the_matrices():
    """Else the test above would compare nothing with nothing."""
    fgraph = graph("matrices")
    fgraph.attach_feature(SparingAssumptionFeature())
    known = {
        key.name
        for node in fgraph.toposort()
        for key in KEYS
        if fgraph.assumption_feature.check(node.outputs[0], key)
    }
    assert {"diagonal", "symmetric", "positive_definite"} <= known


@pytest.mark.parametrize("name", GRAPHS)
def test_a_subtensor_that_is_not_asked_about_is_useful(name):
    fgraph = graph(name)
    fgraph.attach_feature(ShapeFeature())
    nodes = [node for node in fgraph.toposort() if type(node.op).__name__ == "Subtensor"]
    refused = [node for node in nodes if not may_take_all(node)]
    assert not any(local_useless_subtensor.transform(fgraph, node) for node in refused)


@pytest.mark.parametrize("name", GRAPHS)
def test_spared_rewriting_ends_in_the_same_graph(name):
    passes = RewriteDatabaseQuery(include=["canonicalize", "stabilize", "specialize"])

    def rewritten(rewriter, *features):
        fgraph = graph(name)
        for feature in features:
            fgraph.attach_feature(feature)
        rewriter.rewrite(fgraph)
        return [text(out) for out in fgraph.outputs]

    mine = rewritten(spared(optdb.query(passes)), SPARING(), SparingAssumptionFeature())
    assert mine == rewritten(optdb.query(passes), ShapeFeature(), AssumptionFeature())


def test_pytensors_rewriters_are_not_touched():
    """They are shared by all modes: what native mode asks less of are copies."""

    def foreseen(rewriter):
        if isinstance(rewriter, SequentialGraphRewriter):
            return any(map(foreseen, rewriter.data))
        trackers = getattr(rewriter, "node_tracker", None)
        held = trackers.get_rewriters() if trackers else [getattr(rewriter, "node_rewriter", None)]
        return any(isinstance(r, Foreseen) for r in held)

    def unwrapped(rewriter):
        return getattr(rewriter, "_rewriter", rewriter)

    assert symrnn.native
    native = unwrapped(get_mode("NATIVE").optimizer)
    assert foreseen(unwrapped(native))
    assert not foreseen(unwrapped(get_mode("FAST_COMPILE").optimizer))
    assert not foreseen(unwrapped(Mode("py", "fast_run").optimizer))


def test_few_nodes_are_asked_again():
    """After the first pass, those near to a change, and in the end all: not all in each pass."""
    inputs, outputs = inputs_and_outputs("recurrent")
    for _ in range(100):  # far from where anything changes
        outputs[-1] = pt.sin(outputs[-1])
    fgraph, asked = FunctionGraph(inputs, outputs, clone=True), Counter()
    for feature in (SPARING, AssumptionFeature):
        fgraph.attach_feature(feature())
    visited = []

    class Counting(SparingEquilibrium):
        def _visit(self, fgraph, changes, uses):
            visited.append((len(changes.queue), len(fgraph.apply_nodes)))
            return super()._visit(fgraph, changes, uses)

        def process_node(self, fgraph, node, node_rewriter=None, enforce_tracks=True):
            asked[node_rewriter] += 1
            return super().process_node(fgraph, node, node_rewriter, enforce_tracks)

    canonicalize = spared(optdb.query(RewriteDatabaseQuery(include=["canonicalize"])))
    for equilibrium in (r for r in canonicalize.data if isinstance(r, SparingEquilibrium)):
        equilibrium.__class__ = Counting
    canonicalize.rewrite(fgraph)
    (first, size), *between, (last, end) = visited
    assert first == size
    assert last == end
    assert sum(queue for queue, _ in between) < 0.75 * sum(size for _, size in between)
    assert sum(asked.values()) > 0


def test_a_rewriter_that_never_ends_is_stopped():
    """As PyTensor's: so many times the number of nodes."""
    x = pt.vector("x")

    @node_rewriter([pt.exp])
    def again(fgraph, node):
        return [pt.exp(*node.inputs)]

    equilibrium = spared(EquilibriumGraphRewriter([again], max_use_ratio=5))
    fgraph = FunctionGraph([x], [pt.exp(x)], clone=False)
    message = "again was applied more than 5 times"
    with (
        pytensor.config.change_flags(on_opt_error="raise"),
        pytest.raises(AssertionError, match=message),
    ):
        equilibrium.rewrite(fgraph)


def test_a_walk_is_not_begun_without_a_node_for_it():
    x = pt.vector("x")
    asked = []

    @node_rewriter([Sum])
    def remember(fgraph, node):
        asked.append(node)

    def walked(*outputs):
        asked.clear()
        spared(dfs_rewriter(remember)).rewrite(FunctionGraph([x], outputs, clone=False))
        return len(asked)

    assert walked(pt.exp(x)) == 0
    assert walked(pt.exp(x), x.sum(), x.sum(dtype="float32")) == 2


def test_the_order_of_nodes_is_forgotten_when_the_graph_changes():
    x = pt.vector("x")
    fgraph = FunctionGraph([x], [pt.exp(pt.sin(x))], clone=False)
    fgraph.attach_feature(NodeOrder())
    before = order_of(fgraph, "in_to_out")
    assert before == fgraph.toposort()
    assert order_of(fgraph, "in_to_out") is before
    fgraph.replace(fgraph.outputs[0], pt.tanh(pt.cos(x)), import_missing=True)
    assert order_of(fgraph, "in_to_out") == fgraph.toposort() != before
