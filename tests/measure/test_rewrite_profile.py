"""The profile of rewriting: what is counted, that nothing is changed, and that the parts add up."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import (
    EquilibriumGraphRewriter,
    GraphRewriter,
    NodeProcessingGraphRewriter,
    SequentialGraphRewriter,
    node_rewriter,
)

from symrnn.measure.rewrite_profile import rewrite_profile
from symrnn.measure.rewrite_timing import NODE_REWRITE, PASS, RewriteProfile, RewriteTiming
from symrnn.measure.sizes import graph_size
from symrnn.measure.stages import FunctionSpec, rewritten

x, y = pt.vectors("x", "y")


@node_rewriter([pt.add])
def add_to_mul(fgraph, node):
    return [pt.mul(*node.inputs)]


@node_rewriter([pt.mul])
def mul_to_nothing(fgraph, node):
    return False


def fake_clock():
    now = 0.0
    while True:
        now += 1.0
        yield now


def profiled(output, *passes):
    """The profile of `passes` on a graph, on a clock that advances by 1 s at each reading."""
    fgraph = FunctionGraph([x, y], [output], clone=True)
    rewriter = SequentialGraphRewriter(*passes)
    rewriter.name = "all"
    clock = fake_clock()
    with rewrite_profile(clock=lambda: next(clock)) as profile:
        rewriter.rewrite(fgraph)
    return profile()


def equilibrium(*rewriters, name="equilibrium"):
    rewriter = EquilibriumGraphRewriter(list(rewriters), max_use_ratio=10)
    rewriter.name = name
    return rewriter


def only(timings, name):
    (found,) = [each for each in timings if each.name == name]
    return found


# x ── add ── add        both adds become muls in the first round; each mul is tried in the
# y ──┘── y ──┘          second round, which changes nothing
TWO_ADDS = (x + y) + y


def test_tries_and_applications_of_a_node_rewrite_are_counted():
    profile = profiled(TWO_ADDS, equilibrium(add_to_mul, mul_to_nothing))
    adds, muls = (only(profile.by_name(), name) for name in ("add_to_mul", "mul_to_nothing"))
    assert (adds.kind, adds.tried, adds.applied) == (NODE_REWRITE, 2, 2)
    assert (adds.created, adds.pruned) == (2, 2)
    assert (muls.tried, muls.applied, muls.created) == (2, 0, 0)
    assert [each.name for each in profile.never_applied()] == ["mul_to_nothing"]
    assert profile.never_applied(least_tries=3) == []


def test_passes_form_a_tree():
    profile = profiled(TWO_ADDS, equilibrium(add_to_mul, name="first"), equilibrium(name="second"))
    (root,) = profile.passes
    assert (root.name, root.kind, root.tried) == ("all", PASS, 1)
    assert [child.name for child in root.children] == ["first", "second"]
    assert [child.applied for child in root.children] == [1, 0]
    assert [(depth, each.name) for depth, each in root.walk()][:2] == [(0, "all"), (1, "first")]


def test_nodes_before_and_after_differ_by_what_was_created_and_pruned():
    profile = profiled(TWO_ADDS, equilibrium(add_to_mul))
    for _, each in profile.passes[0].walk():
        assert each.nodes_after - each.nodes_before == each.created - each.pruned


def test_parts_add_up_to_the_whole():
    profile = profiled(TWO_ADDS, equilibrium(add_to_mul, mul_to_nothing))
    (root,) = profile.passes
    assert sum(each.seconds for each in profile.by_name()) == root.seconds
    assert profile.remainder_s == profile.wall_s - root.seconds > 0
    assert 0 < profile.accounted < 1
    assert profile.rewrite_s == root.seconds


def test_the_parts_are_the_passes_below_sequences_of_one():
    once, twice = (RewriteTiming(name, PASS, 2.0, 1, 1, 0, 0, 3, 3) for name in ("a", "b"))
    rewrite = RewriteTiming("n", NODE_REWRITE, 1.0, 1, 1, 0, 0, 3, 3)
    working = replace(once, children=(rewrite,))
    sequence = replace(once, seconds=5.0, children=(working, twice))
    profile = RewriteProfile(6.0, (replace(sequence, children=(sequence,)),))
    assert profile.parts == (working, twice)
    assert profile.accounted == 0.8
    assert RewriteProfile(6.0, (working,)).parts == (working,)


def test_a_pass_that_calls_its_base_class_is_one_pass():
    class Base(GraphRewriter):
        def apply(self, fgraph):
            return None

    class Derived(Base):
        def apply(self, fgraph):
            return super().apply(fgraph)

    profile = profiled(TWO_ADDS, Derived())
    assert [child.name for child in profile.passes[0].children] == ["Derived"]
    assert profile.passes[0].children[0].children == ()


def test_the_curve_follows_the_number_of_nodes():
    profile = profiled(pt.add(x + y, y), equilibrium(add_to_mul))
    seconds, nodes = zip(*profile.curve, strict=True)
    assert list(seconds) == sorted(seconds)
    assert nodes[-1] == 2


def test_a_profile_survives_its_record():
    profile = profiled(TWO_ADDS, equilibrium(add_to_mul, mul_to_nothing))
    data = json.loads(json.dumps(profile.to_dict()))
    assert RewriteProfile.from_dict(data) == profile


def test_a_long_curve_is_thinned_but_keeps_its_end():
    profile = RewriteProfile(1.0, (), 0.0, tuple((float(n), n) for n in range(5000)))
    curve = profile.to_dict()["curve"]
    assert len(curve) <= 501
    assert curve[-1] == (4999.0, 4999)


def hooked_methods():
    return [cls.__dict__.get("apply") for cls in (GraphRewriter, EquilibriumGraphRewriter)] + [
        NodeProcessingGraphRewriter.process_node
    ]


def test_everything_is_as_before_when_the_block_ends_even_by_an_error():
    @node_rewriter([pt.add])
    def broken(fgraph, node):
        raise KeyboardInterrupt

    before = hooked_methods()
    with pytest.raises(KeyboardInterrupt):
        profiled(TWO_ADDS, equilibrium(broken))
    assert hooked_methods() == before


@contextmanager
def nothing():
    yield


def test_profiling_changes_no_graph():
    spec = FunctionSpec([x, y], [pt.grad((pt.tanh(x * 1 + y) ** 2).sum(), x)])
    sizes = []
    for profiling in (nothing, rewrite_profile):
        with profiling():
            maker = rewritten(spec, Mode("py", "fast_run"))
        sizes.append(graph_size(maker.fgraph))
        assert "NodeCounter" not in str(maker.fgraph._features)
    assert sizes[0] == sizes[1]


def test_a_real_rewriting_is_profiled_down_to_its_rewrites():
    spec = FunctionSpec([x, y], [pt.grad((pt.tanh(x * 1 + y) ** 2).sum(), x)])
    with rewrite_profile() as profile:
        rewritten(spec, Mode("py", "fast_run"))
    names = {each.name for each in profile().by_name()}
    assert {"canonicalize", "specialize", "local_mul_canonizer", "ShapeOpt"} <= names
    assert all(each.seconds > -1e-6 for each in profile().by_name())


def test_own_time_is_what_the_children_leave():
    child = RewriteTiming("c", PASS, 2.0, 1, 1, 0, 0, 3, 3)
    parent = RewriteTiming("p", PASS, 5.0, 1, 1, 0, 0, 3, 3, (child, child))
    assert parent.own_s == 1.0
