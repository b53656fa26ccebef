"""Seconds of compiling by node, op and line: they add up, and each moment belongs to one node."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.measure import compile_report
from symrnn.measure.attribution import Places, attribution, details
from symrnn.measure.compile_events import compile_events
from symrnn.measure.compiled_units import Attribution
from symrnn.measure.ledger import FUNCTION, START_UP, Ledger, Unit
from symrnn.measure.source_lines import full_traces
from symrnn.native import warm


class Clock:
    """A clock that is told what time it is."""

    now = 0.0

    def __call__(self):
        return self.now


def spend(ledger, seconds):
    ledger.clock.now += seconds


def test_each_moment_belongs_to_the_innermost_block_and_all_add_up():
    ledger = Ledger(Clock())
    first, second = Unit(None, name="first"), Unit(None, name="second")
    spend(ledger, 9)  # before any block: nobody's
    with ledger.block("link", first):
        spend(ledger, 1)
        with ledger.block("numba", second):
            spend(ledger, 2)
            with ledger.block("c"):  # of no unit of its own
                spend(ledger, 4)
        spend(ledger, 8)
    spend(ledger, 9)
    told = {(unit.name, kind): s for (unit, kind), s in ledger.seconds.items()}
    assert told == {("first", "link"): 9, ("second", "numba"): 2, ("second", "c"): 4}


def test_a_block_that_fails_is_closed():
    ledger = Ledger(Clock())

    def failing():
        spend(ledger, 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ledger.block("link", START_UP):
        failing()
    assert ledger.unit is FUNCTION
    assert ledger.seconds[START_UP, "link"] == 1


def test_what_is_told_afterwards_counts_unless_a_block_counted_it():
    ledger = Ledger(Clock())
    ledger.told("jax", 3.0)
    with ledger.block("link", START_UP):
        ledger.told("jax", 5.0)
    assert ledger.seconds[FUNCTION, "jax"] == 3


@pytest.fixture
def scanned():
    """Nodes of a scan's body in a scan, and one beside them; seconds put down by hand."""
    with full_traces():
        x = pt.vector("x")
        inner = pt.tanh(x) + 1
        outer = pt.exp(x)
    add, tanh, exp = inner.owner, inner.owner.inputs[0].owner, outer.owner
    ledger = Ledger(Clock())
    with ledger.block("numba", ledger.of(exp)):
        spend(ledger, 4)
        for node, seconds in ((add, 1), (tanh, 2)):
            with ledger.block("numba", ledger.of(node)):
                ledger.compiled()
                spend(ledger, seconds)
    with ledger.block("numba", ledger.of(other := pt.log(x).owner)):
        spend(ledger, 1)
    with ledger.block("numba", FUNCTION):
        spend(ledger, 16)
    return ledger, exp, other


def test_a_total_holds_the_body_and_what_is_shared_goes_to_the_outermost(scanned):
    ledger, _, _ = scanned
    found = attribution(ledger)
    assert (found.direct_s, found.shared_s, found.attributed) == (8, 16, 1.0)
    dearest, *rest = found.nodes
    assert (dearest.op, dearest.self_s, dearest.total_s) == ("Elemwise{Exp}", 4, 7)
    assert dearest.shared_s == 14  # 7 of the 8 seconds of outermost nodes
    assert [each.shared_s for each in rest] == [2, 0, 0]
    assert sum(each.seconds for each in found.nodes) == 24
    assert sum(each.seconds for each in found.lines) == 24
    assert sum(each.compilations for each in found.ops) == 2


def test_code_is_shared_out_by_its_size_where_that_is_known(scanned):
    ledger, exp, other = scanned
    ledger.remember(exp, ledger.of(exp))
    ledger.remember(other, ledger.of(other))
    ledger.brings(exp, lambda: 100)
    ledger.brings(other, lambda: 300)
    shares = {each.op: each.shared_s for each in attribution(ledger).nodes}
    assert (shares["Elemwise{Exp}"], shares["Elemwise{Log}"]) == (4, 12)


def test_what_was_made_first_keeps_its_maker_and_strangers_belong_to_the_open_unit():
    ledger = Ledger(Clock())
    one, other = Unit(None, name="one"), Unit(None, name="other")
    made = []
    ledger.remember(made, one)
    ledger.remember(made, other)
    with ledger.block("link", other):
        assert (ledger.maker(made), ledger.maker([])) == (one, other)


def test_a_node_without_a_line_has_that_of_the_node_around_it_or_the_nearest():
    with full_traces():
        x = pt.vector("x")
        known = pt.exp(x)
    bare, reader = pt.log(known).owner, pt.tanh(x).owner
    for node in (bare, reader):
        node.outputs[0].tag.trace = []
    ledger = Ledger(Clock())
    around = ledger.of(known.owner)
    with ledger.block("link", around):
        within = ledger.of(reader)
    places = Places(ledger.units)
    line = places.of(around)
    assert line[2] == "known = pt.exp(x)"
    assert places.of(within) == line == places.of(ledger.of(bare))
    assert details(around, places)["op"] == "Elemwise{Exp}"
    assert details(FUNCTION, places) == {"op": FUNCTION.name}


def test_an_attribution_is_the_same_after_its_json(scanned):
    found = attribution(scanned[0])
    assert Attribution.from_dict(found.to_dict()) == found


def model():
    x = pt.vector("x")
    steps = pytensor.scan(
        lambda x, h: pt.tanh(x + h), x, outputs_info=[pt.zeros(())], return_updates=False
    )
    return [x], [steps.sum()]


@pytest.mark.parametrize("mode", ["NATIVE", "FAST_COMPILE"])
def test_nodes_of_a_function_are_found_with_their_lines(mode):
    with warm.turned_off():  # what an earlier process lowered has no nodes
        report = compile_report(model, mode=mode, batch=[np.ones(3)], steps=3)
    found = Attribution.from_dict(report.values["attribution"])
    assert found.attributed >= 0.95
    lines = {each.text.strip() for each in found.lines}
    assert "return [x], [steps.sum()]" in lines
    ops = {each.op for each in found.ops}
    assert "Sum{Add}" in ops
    assert ops & {"Elemwise{Tanh}", "Elemwise{Composite}", "Tanh"}  # of the scan's body
    assert len(found.nodes) == sum(each.nodes for each in found.ops)
    scan = next(each for each in found.nodes if each.op in ("Scan", "Steps"))
    assert scan.total_s > scan.self_s


def test_nothing_is_attributed_unless_asked_for():
    with compile_events() as events:
        pytensor.function(*model(), mode="FAST_COMPILE")
    assert not events.ledger.units


def test_what_is_compiled_aside_counts_for_nothing():
    with compile_events(units=True) as events:
        with events.aside():
            pytensor.function(*model(), mode="NATIVE")([1.0])
        assert (events.count("native"), dict(events.ledger.seconds)) == (0, {})
        assert not events.is_cold
        with warm.turned_off():
            pytensor.function([x := pt.vector("x")], pt.log1p(x) * 3.25, mode="NATIVE")([1.0])
    assert events.ledger.seconds


@pytest.mark.slow
def test_numba_is_put_down_to_nodes_and_lines():
    with pytensor.config.change_flags(numba__cache=False):  # whatever an earlier run left there
        report = compile_report(
            lambda: pt.exp(pt.vector("x")) + 1, mode="NUMBA", batch=[np.ones(3)]
        )
    found = Attribution.from_dict(report.values["attribution"])
    assert found.attributed >= 0.95
    assert sum(each.compilations for each in found.nodes) > 1
    events = report.values["compile_events"]
    assert found.kinds["numba"] >= 0.99 * events["numba_s"] > 0
    told = [span[4]["op"] for span in report.values["spans"] if span[0] == "numba"]
    assert set(told) & {each.op for each in found.nodes}


@pytest.mark.slow
def test_modules_of_c_are_put_down_to_nodes():
    report = compile_report(lambda: pt.exp(pt.vector("x")) + 7.25, mode="CVM")
    found = Attribution.from_dict(report.values["attribution"])
    assert found.attributed >= 0.95
    compiled = sum(each.compilations for each in found.nodes)
    assert compiled <= report.values["compile_events"]["c_compiled"]  # PyTensor's own are others
