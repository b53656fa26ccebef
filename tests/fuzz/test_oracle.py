"""The oracle itself, by another way: complex steps through the whole network, or finite differences."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
import tensor_losses
from algebra import PAIRS, AtAKink
from drawn_cells import CellCase, Foreign
from hypothesis import HealthCheck, given, settings
from network_oracle import differentiated
from networks import LayerCase, LayerOptions, NetworkCase

FOREIGN = Foreign(
    2,
    3,
    ("row", "number"),
    (("mul", 0, 3), ("bell", 7), ("gate", 9, 6), ("max", 10, 4)),
    (11, 1, 5),
)
PAIR = (CellCase("peephole_lstm", 2), CellCase(FOREIGN, 1))
NETWORKS = {
    "pair": (LayerCase("one scan", PAIR, initials=("rows", "row")),),
    "cut walk": (LayerCase("states", PAIR[1:], reverse=True, initials=("one row",), cut=2),),
    "layers upon a pair": (
        LayerCase("two scans", PAIR),
        LayerCase("layers", (CellCase("gru", 1), CellCase(FOREIGN, 2)), deep=2),
    ),
}


def loss(case, values, mask):
    outputs, _ = differentiated(case, values, mask)
    return sum((np.sin(y) * np.arange(1, 1 + y.shape[-1])).sum() for y in outputs)


@pytest.mark.parametrize(
    ("name", "last_only"),
    [("pair", True), ("pair", False), ("cut walk", False), ("layers upon a pair", False)],
)
def test_gradients_are_the_differences_of_values(name, last_only):
    case = NetworkCase(NETWORKS[name], 3, ((4, 2),), mask=("holes", "bool"), last_only=last_only)
    xs, mask = case.batches()[0]
    values = {(-1, 0, "xs"): xs} | case.values
    _, gradients = differentiated(case, values, mask)
    rng = np.random.default_rng(0)
    for key, value in values.items():
        for _ in range(3):
            direction = rng.normal(size=value.shape)
            ahead, behind = (
                loss(case, values | {key: value + by * direction}, mask) for by in (1e-6, -1e-6)
            )
            along = (gradients[key] * direction).sum()
            assert abs((ahead - behind) / 2e-6 - along) < 1e-7, key


@pytest.mark.parametrize("live", [1, 3, 9])
def test_truncated_gradients_are_those_of_a_walk_whose_early_steps_are_taken_real(live):
    cell = CellCase("lstm", 2)
    layer = LayerCase("scan", (cell,), LayerOptions(gradient_steps=live), initials=("rows",))
    case = NetworkCase((layer,), 3, ((5, 2),), mask=("lengths", "bool"))
    xs, mask = case.batches()[0]
    values = {(-1, 0, "xs"): xs} | case.values
    _, gradients = differentiated(case, values, mask)

    def whole(*given):
        xs, *weights, h, c = given
        named = dict(zip(("w_x", "w_h", "b"), weights, strict=True))
        ys = oracle.walk(oracle.step_lstm, named, xs, [h, c], mask=mask, live=min(live, 5))
        return (np.sin(ys) * np.arange(1, 3)).sum()

    for found, wanted in zip(
        gradients.values(), oracle.gradients(whole, list(values.values())), strict=True
    ):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_a_bound_holds_for_every_step_and_changes_what_flows_on():
    cell = CellCase("rnn", 1)
    layer = LayerCase("scan", (cell,), LayerOptions(grad_clipping=0.1), initials=("row",))
    case = NetworkCase((layer,), 1, ((3, 1),))
    values = {(-1, 0, "xs"): np.full((3, 1, 1), 0.1), **case.values}
    values |= {(0, 0, "w_x"): np.ones((1, 1)), (0, 0, "w_h"): np.ones((1, 1))}
    values |= {(0, 0, "b"): np.zeros(1), (0, 0, "initial0"): np.zeros(1)}
    _, bounded = differentiated(case, values, None)
    # every step's own gradient is above the bound, and so is what flows back through w_h
    np.testing.assert_allclose(bounded[-1, 0, "xs"].ravel(), [0.1, 0.1, 0.1])
    assert bounded[0, 0, "b"] == pytest.approx(0.3)
    assert bounded[0, 0, "initial0"] == pytest.approx(0.1)
    free = replace(case, layers=(replace(layer, options=LayerOptions()),))
    assert differentiated(free, values, None)[1][0, 0, "b"] > 3


def at_a_kink(a, b):
    raise AtAKink(f"{a} beside {b}")


def test_what_would_stand_at_a_kink_of_a_draw_is_left_out_of_it(monkeypatch):
    """The values of a draw stand for shapes, so they are often equal: it ended a night like a disagreement."""
    for name in PAIRS:
        monkeypatch.setitem(tensor_losses.IN_NUMPY, name, at_a_kink)
    drawn = []

    @settings(
        max_examples=30,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(program=tensor_losses.loss_programs([(2,), (2,)]))
    def draw(program):
        drawn.append({name for name, *_ in program})

    draw()
    assert len(drawn) >= 30
    assert set().union(*drawn).isdisjoint(PAIRS)
