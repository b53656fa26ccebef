"""What belongs to one recurrence of a scan, and all that it is fed."""

from types import SimpleNamespace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from foreign import SIZE, layer, weights

from symrnn.duplicates import explained
from symrnn.duplicates.components import INITIAL, LENGTH, SEQUENCE, WEIGHT, components, scan_nodes
from symrnn.duplicates.found import duplicates
from symrnn.duplicates.jumps import candidates
from symrnn.duplicates.kinds import Kind, named
from symrnn.duplicates.share import share_recurrences
from symrnn.measure.sizes import graph_size

xs, w, v = pt.tensor3("xs"), pt.matrix("w"), pt.matrix("v")
FED = {  # what two states of a step are fed: two of each kind, of different shape or use
    "first": pt.matrix("first"),
    "second": pt.matrix("second"),
    "h0": pt.vector("h0"),
    "c0": pt.vector("c0"),
    "u": pt.vector("u"),
    "v": pt.vector("v"),
}


def two_states(first, second, h0, c0, u, v):
    """States over time (T, H), each of a sequence, an initial value and a weight of its own."""

    def step(x, y, h, c, u, v):
        c = pt.tanh(y + v * c + h)
        return x * c + u * h, c

    hs, _ = pytensor.scan(
        step,
        sequences=[first, second],
        outputs_info=[h0, c0],
        non_sequences=[u, v],
        return_updates=False,
    )
    return hs


@pytest.mark.parametrize("name", FED)
def test_recurrences_that_are_fed_one_other_value_stay_apart(name):
    other = FED[name].type(f"other_{name}")
    apart = share_recurrences([two_states(**FED), two_states(**FED | {name: other})])
    assert graph_size(apart).components == 2
    assert graph_size(share_recurrences([two_states(**FED), two_states(**FED)])).components == 1


def test_a_component_names_all_that_it_is_fed_once():
    [node] = scan_nodes([two_states(**FED)])
    [component] = components(node)
    roles = [role for role, _ in component.inputs]
    assert sorted(roles) == sorted([LENGTH, *2 * [SEQUENCE, INITIAL, WEIGHT]])


def test_taps_of_one_state_are_fed_one_initial_value():
    start = pt.matrix("start")  # (2, H)
    hs = pytensor.scan(
        lambda before, last: before + 0.5 * last,
        outputs_info=[{"initial": start, "taps": [-2, -1]}],
        n_steps=3,
        return_updates=False,
    )
    [node] = scan_nodes([hs])
    [component] = components(node)
    assert [role for role, _ in component.inputs] == [LENGTH, INITIAL]


def recorded_on_the_way(readers):
    """A scan that records tanh of its input, of which so many recurrences are computed."""

    def step(x, *states):
        seen = pt.tanh(x)
        return *(seen + (i + 1) * h for i, h in enumerate(states)), seen

    outputs = pytensor.scan(
        step,
        sequences=[xs],
        outputs_info=[*[pt.zeros_like(xs[0])] * readers, None],
        return_updates=False,
    )
    [node] = scan_nodes(outputs)
    return components(node)


@pytest.mark.parametrize("readers", [1, 2, 3])
def test_what_is_recorded_on_the_way_joins_one_recurrence_and_no_two(readers):
    found = recorded_on_the_way(readers)
    assert sorted(len(each.slots) for each in found) == [*[1] * (readers - 1), 2]
    assert not any(each.is_map for each in found)


def test_layers_of_which_each_is_fed_by_both_copies_follow_from_nothing():
    """Sharing the layer below leaves them as they are: two of one sum."""
    below, above = weights("tanh"), weights("tanh")
    first, second = (layer("tanh", xs, *below[:2]) for _ in range(2))
    outputs = [layer("tanh", first + second, *above[:2]) for _ in range(2)]
    groups = duplicates(outputs)
    assert [group.kinds for group in groups] == 2 * [(Kind.EQUAL,)]
    assert [group.follows_from for group in groups] == [None, None]


def summed(count):
    return sum(pt.vector(f"x{i}") for i in range(count))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (pt.tanh(pt.vector("x")), "Elemwise(x)"),
        (pt.constant(0.9, name="rate"), "0.9"),
        (pt.vector("x") - pt.vector("y"), "x - y"),
        (summed(4), "x0 + x1 + x2 + x3"),
    ],
    ids=["no arithmetic", "constant", "arithmetic", "four terms"],
)
def test_short_arithmetic_is_written_out_in_a_name(value, words):
    assert named(value) == words


def test_long_arithmetic_is_named_by_its_op():
    assert named(summed(5)).startswith("Elemwise(")


def test_the_rates_of_a_jump_are_its_leaves_alone():
    p, u, rate = (pytensor.shared(np.ones(2), name=name) for name in ("p", "u", "rate"))
    even = p + pt.exp(2.0 * rate) * u
    [jump] = candidates(even.owner, {p: p + u, u: 0.9 * u}, set(), {})
    assert (jump.param, jump.rates) == (p, (rate,))


def test_layers_above_a_scan_that_records_more_follow_from_it():
    """The two ops below differ, and their states do not."""
    below, above = weights("tanh"), weights("tanh")

    def step(z, h):
        return pt.tanh(z + h @ below[1])

    start, zs = pt.zeros((2, SIZE)), xs @ below[0]
    alone = pytensor.scan(step, zs, [start], return_updates=False)
    among, squares = pytensor.scan(
        lambda z, h: (step(z, h), h**2), zs, [start, None], return_updates=False
    )
    groups = duplicates([*(layer("tanh", hs, *above[:2]) for hs in (alone, among)), squares])
    assert [group.kinds for group in groups] == 2 * [(Kind.EQUAL,)]
    assert sorted(group.follows_from is not None for group in groups) == [False, True]


@pytest.mark.parametrize("given", [[xs, xs[::-1]], [xs[::-1], xs]])
def test_a_walk_in_two_directions_is_told_alike_whichever_comes_first(given):
    p = weights("tanh")
    [group] = duplicates([layer("tanh", each, *p[:2]) for each in given])
    assert [difference.text for difference in group.differences] == ["xs in two directions"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("scan_fn", "at net.py:1"),
        ("scan_fn&scan_fn", "at net.py:1"),
        ("encoder&scan_fn", "at net.py:1"),
        ("encoder&decoder", "'encoder&decoder' at net.py:1"),
        ("grad_of_scan_fn", "at net.py:1"),
        ("grad_of_encoder&grad_of_scan_fn", "at net.py:1"),
        ("grad_of_encoder&grad_of_decoder", "'grad_of_encoder&grad_of_decoder' at net.py:1"),
    ],
)
def test_a_step_is_named_by_its_line_where_a_part_of_its_pack_has_no_name(name, told, monkeypatch):
    monkeypatch.setattr(explained, "source_line", lambda node: "net.py:1")
    assert explained.step_name(SimpleNamespace(name=name, node=None, step_nodes=())) == told
