"""Apply nodes belong to the line of this file that made them."""

import inspect

import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph.fg import FunctionGraph

from symrnn import unroll
from symrnn.measure import target
from symrnn.measure.lines_kept import lines_kept
from symrnn.measure.sizes import graph_size
from symrnn.measure.source_lines import full_traces, is_library, source_lines, user_line
from symrnn.measure.stages import FunctionSpec, rewritten

x = pt.vector("x")
xs, h0 = pt.matrix("xs"), pt.vector("h0")


def line_of(text):
    """The number of the only line of this file that ends with the comment `text`."""
    lines = inspect.getsource(inspect.getmodule(line_of)).splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if line.endswith(f"# {text}")]
    return number


def network():
    with full_traces():
        hs = pytensor.scan(
            lambda x, h: pt.tanh(x + h) * h,  # body
            sequences=[xs],
            outputs_info=[h0],
            return_updates=False,
        )
        loss = hs.sum()  # loss
        return loss, pytensor.grad(loss, h0)  # grad


def test_a_line_has_the_nodes_that_it_made():
    y = x + x
    z = pt.exp(y) * pt.tanh(y) - y  # four
    lines = {each.line: each for each in source_lines(z)}
    assert lines[line_of("four")].nodes == 4
    assert lines[line_of("four")].text == "z = pt.exp(y) * pt.tanh(y) - y  # four"
    assert str(lines[line_of("four")]) == f"test_source_lines.py:{line_of('four')}"


def test_lines_account_for_every_node():
    for graph in network():
        size = graph_size(graph)
        lines = source_lines(graph)
        assert sum(each.nodes for each in lines) == size.nodes
        assert sum(each.inner_nodes for each in lines) == size.inner_nodes


def test_bodies_belong_to_the_line_of_the_scan_or_of_their_own():
    loss, _ = network()
    begin, end = line_of("body") - 1, line_of("body")
    inner = {each.line for each in source_lines(loss) if each.inner_nodes}
    assert inner <= {begin, end}


def test_gradient_nodes_belong_to_the_call_of_grad():
    loss, gradient = network()
    lines = {each.line: each for each in source_lines(gradient)}
    assert lines[line_of("grad")].nodes > 10
    assert line_of("grad") not in {each.line for each in source_lines(loss)}


def test_lines_are_kept_by_rewriting():
    loss, _ = network()
    after = source_lines(rewritten(FunctionSpec([xs, h0], [loss]), Mode("py", "fast_run")).fgraph)
    assert line_of("loss") in {each.line for each in after}
    assert "(rewrites)" in {str(each) for each in after}


def test_what_rewrites_make_has_the_line_of_what_it_replaces():
    with full_traces():
        y = pt.exp(x) * 2
        z = y + pt.tanh(x)  # fused
    spec = FunctionSpec([x], [z])
    fused = rewritten(spec, Mode("py", "fast_run")).fgraph.outputs[0].owner
    assert "Composite" in str(fused)
    assert user_line(fused) is None
    with lines_kept():
        fused = rewritten(spec, Mode("py", "fast_run")).fgraph.outputs[0].owner
    assert user_line(fused)[1:] == (line_of("fused"), "z = y + pt.tanh(x)  # fused")


def test_only_new_nodes_without_a_line_are_given_one():
    with full_traces():
        known, kept = pt.exp(x), pt.tanh(x)
        out = known * kept
    bare = pt.log(kept)
    made = pt.sqrt(bare)
    for node in (bare.owner, made.owner):
        node.outputs[0].tag.trace = []
    graph = FunctionGraph([x], [out], clone=False)
    with lines_kept():
        graph.replace(out, made)
    lines = [user_line(each.owner)[2] for each in (made, bare, kept)]
    assert lines == [
        "out = known * kept",
        "out = known * kept",
        "known, kept = pt.exp(x), pt.tanh(x)",
    ]


def test_what_measuring_builds_is_no_line_of_its_own():
    assert is_library(target.__file__)
    assert not is_library(unroll.__file__)
