"""Sizes of small graphs, counted by hand in the comments."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.builders import OpFromGraph
from pytensor.compile.mode import Mode
from pytensor.graph.fg import FunctionGraph
from pytensor.scalar.basic import Composite, float64

from symrnn.errors import UserError
from symrnn.measure.sizes import GraphSize, apply_nodes, graph_size, scan_components
from symrnn.measure.stages import FunctionSpec, linked, rewritten
from symrnn.models.digit_stack import digit_stack
from symrnn.native.rewrites import SparingMode

x, y = pt.vectors("x", "y")
xs = pt.matrix("xs")  # (T, H)
h0 = pt.vector("h0")


def scan(step, sequences, outputs_info, **options):
    return pytensor.scan(
        step, sequences=sequences, outputs_info=outputs_info, return_updates=False, **options
    )


def scans(outputs):
    return [node.op for node in apply_nodes(outputs) if type(node.op).__name__ == "Scan"]


# x ──┐
#     add ── mul          add is shared by mul and sub: it counts once
# y ──┘  └── sub
SHARED = [(x + y) * x, (x + y) - y]
added = x + y
TABLE = {  # name: (outputs, nodes)
    "an input has no node": ([x], 0),
    "one op": ([x + y], 1),
    "the same variable twice": ([added, added], 1),
    "a node that two outputs need counts once": ([added * x, added - y], 3),
    "nodes that are equal but not the same count twice": (SHARED, 4),
    "a constant needs a dimshuffle": ([x + 1], 2),
}


@pytest.mark.parametrize("name", TABLE)
def test_nodes_are_those_that_the_outputs_need(name):
    outputs, nodes = TABLE[name]
    assert graph_size(outputs).nodes == nodes
    assert graph_size(outputs).total_nodes == sum(graph_size(outputs).by_op.values())


def test_a_graph_may_be_given_as_variable_list_or_function_graph():
    output = x * y
    fgraph = FunctionGraph([x, y], [output], clone=False)
    assert graph_size(output) == graph_size([output]) == graph_size(fgraph)


def test_what_is_no_graph_is_refused_with_a_way_out():
    with pytest.raises(UserError, match=r"but is 3 \(int\); return the outputs"):
        graph_size(3)
    with pytest.raises(UserError, match="is a list"):
        graph_size([x, 3])


def test_ops_are_named_by_class_and_by_what_they_apply():
    assert graph_size(pt.exp(x).sum()).by_op == {"Elemwise{Exp}": 1, "Sum{Add}": 1}


def test_the_body_of_an_op_from_graph_counts_once_for_each_node_that_has_it():
    square_sum = OpFromGraph([x], [(x * x).sum()])  # mul, sum
    size = graph_size([square_sum(x), square_sum(y)])
    assert (size.nodes, size.inner_nodes) == (2, 4)


def test_bodies_within_bodies_count():
    inner = OpFromGraph([x], [x * x])  # mul
    outer = OpFromGraph([x], [inner(inner(x))])  # 2 inner nodes with a body of 1 each
    size = graph_size(outer(y))
    assert (size.nodes, size.inner_nodes) == (1, 4)


def test_nodes_of_a_composite_are_scalar_nodes():
    # a ── add ── mul       one Elemwise outside, two scalar nodes inside
    # b ──┘       │
    # b ──────────┘
    a, b = float64("a"), float64("b")
    fused = pt.elemwise.Elemwise(Composite([a, b], [(a + b) * b]))
    size = graph_size(fused(x, y))
    assert (size.nodes, size.inner_nodes, size.scalar_nodes) == (1, 0, 2)
    assert size.by_op == {"Elemwise{Composite}": 1}


def test_scalar_nodes_count_within_bodies():
    a = float64("a")
    fused = pt.elemwise.Elemwise(Composite([a], [(a + a) * a]))
    body = OpFromGraph([x], [fused(x)])
    size = graph_size(body(y))
    assert (size.nodes, size.inner_nodes, size.scalar_nodes) == (1, 1, 2)


def test_a_scan_counts_with_its_body():
    hs = scan(lambda x, h: pt.tanh(x + h), [xs], [h0])  # add, tanh
    size = graph_size(hs)
    assert (size.scans, size.components, size.inner_nodes, size.widest_scan) == (1, 1, 2, 2)


def test_the_widest_scan_is_the_one_with_the_largest_body():
    narrow = scan(lambda x, h: x + h, [xs], [h0])  # add
    wide = scan(lambda x, h: pt.tanh(x + h) * h, [xs], [h0])  # add, tanh, mul
    assert graph_size([narrow, wide]).widest_scan == 3
    assert (graph_size(narrow) + graph_size(wide)).widest_scan == 3


def test_a_scan_within_a_scan_counts_at_its_depth():
    def layer(h):
        return scan(lambda x, h: pt.tanh(x + h), [xs], [h])[-1]

    outer = scan(layer, [], [h0], n_steps=3)
    size = graph_size(outer)
    assert (size.scans, size.components) == (2, 2)
    assert size.inner_nodes > size.widest_scan - 1 > 2


def lstm_like(x, h, c):
    c = pt.sigmoid(x) * c + pt.tanh(h)
    return pt.tanh(c), c


COMPONENTS = {  # name: (step, states, recurrences)
    "a map has no recurrence": (lambda x: pt.tanh(x), 0, 0),
    "one state": (lambda x, h: pt.tanh(x + h), 1, 1),
    "h and c of an LSTM are computed from each other": (lstm_like, 2, 1),
    "two states that read the same sequence": (lambda x, h, g: [x + h, x * g], 2, 2),
    "a running sum of another state": (lambda x, h, s: [pt.tanh(x + h), s + h], 2, 1),
    "a chain of three": (lambda x, a, b, c: [x + a, a + b, b + c], 3, 1),
    "two pairs": (lambda x, a, b, c, d: [a + b, x * b, c + d, x * d], 4, 2),
    "a product of sequences that both read": (
        lambda x, h, g: (lambda common: [common + h, common * g])(pt.exp(x)),
        2,
        2,
    ),
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_components_are_groups_of_states_that_read_each_other(name):
    step, states, recurrences = COMPONENTS[name]
    outputs = scan(step, [xs], [h0] * states or None)
    assert graph_size(outputs).components == recurrences


def test_states_that_share_a_weight_are_two_components():
    w = pytensor.shared(np.eye(2), name="w")
    outputs = scan(lambda x, h, g: [pt.tanh(x + h @ w), pt.tanh(x + g @ w)], [xs], [h0, h0])
    assert graph_size(outputs).components == 2


def test_an_output_that_reads_two_recurrences_does_not_join_them():
    outputs = scan(lambda x, h, g: [x + h, x * g, h + g], [xs], [h0, h0, None])
    assert graph_size(outputs).components == 2


def test_a_state_with_two_taps_is_one_component():
    outputs = scan(
        lambda x, h2, h1: x + h1 * h2, [xs], [{"initial": pt.matrix("h00"), "taps": [-2, -1]}]
    )
    assert graph_size(outputs).components == 1


def bidirectional_loss():
    w, u = (pytensor.shared(np.eye(2), name=name) for name in "wu")
    forward = scan(lambda x, h: pt.tanh(x + h @ w), [xs], [h0], name="forward")
    backward = scan(lambda x, h: pt.tanh(x + h @ u), [xs], [h0], go_backwards=True, name="backward")
    return [w, u], (forward[-1] * backward[-1]).sum()


def test_the_gradient_of_a_scan_has_one_component_with_its_sums():
    params, loss = bidirectional_loss()
    size = graph_size(pytensor.grad(loss, params))
    assert (size.scans, size.components) == (4, 4)


def test_components_stay_when_rewriting_packs_scans_into_one():
    params, loss = bidirectional_loss()
    spec = FunctionSpec([xs, h0], [loss, *pytensor.grad(loss, params)])
    before = graph_size(spec.targets)
    fgraph = rewritten(spec, Mode("py", "fast_run")).fgraph
    after = graph_size(fgraph)
    assert (before.scans, before.components) == (4, 4)
    assert (after.scans, after.components) == (2, 4)
    for op in scans(fgraph.outputs):  # ScanMerge joins the names of what it packs
        assert scan_components(op) == len(op.name.split("&"))


@pytest.mark.parametrize("gradient", ["assembled", "autodiff"])
def test_components_of_a_network_are_the_same_before_rewriting_after_it_and_linked(gradient):
    graph = digit_stack(depth=2, cell="lstm", hidden_size=3, gradient=gradient)
    targets = [graph.loss, *pytensor.grad(graph.loss, list(graph.params))]
    maker = rewritten(FunctionSpec(graph.inputs, targets), SparingMode("py", "fast_run"))
    sizes = [graph_size(targets), graph_size(maker.fgraph), graph_size(linked(maker))]
    # 2 layers, forwards and backwards in time, and the gradient of each
    assert [size.components for size in sizes] == [8, 8, 8]
    assert [size.scans for size in sizes] == [4, 4, 4]


def test_a_compiled_function_counts_with_its_updates():
    total = pytensor.shared(0.0, name="total")
    function = linked(rewritten(FunctionSpec([x], [], {total: total + x.sum()}), "FAST_COMPILE"))
    assert graph_size(function).nodes == 2  # sum, add
    assert graph_size(function.maker.fgraph) == graph_size(function)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["NUMBA", "JAX"])
def test_functions_of_other_backends_count_too(mode):
    function = pytensor.function([x], pt.cumsum(pt.sort(x)), mode=mode)
    assert graph_size(function).by_op == {"CumOp": 1, "SortOp": 1}


def test_sizes_add_up_and_subtract():
    one, two = graph_size(x + y), graph_size((x + y) * x)
    assert (one + two).nodes == sum([one, two]).nodes == 3
    assert two.delta(one) == GraphSize(nodes=1, by_op={"Elemwise{Mul}": 1})
    assert one.delta(two).by_op == {"Elemwise{Mul}": -1}


def test_a_size_survives_its_record():
    size = graph_size(bidirectional_loss()[1])
    assert GraphSize.from_dict(size.to_dict()) == size
