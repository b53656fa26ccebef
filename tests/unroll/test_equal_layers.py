"""Layers of equal steps are differentiated once; layers whose steps differ in anything are not."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import grad_clip

import symrnn.native
from symrnn.cells import Cell, GRUCell, LSTMCell, RNNCell
from symrnn.ops.assembled import AssembledOp, AssembledPullback
from symrnn.unroll import bidirectional, direction, scan_unroll

assert symrnn.native


class OneState(NamedTuple):
    h: pt.TensorVariable


@dataclass(frozen=True)
class Leaky(Cell):
    """A cell with options that are no variables."""

    leak: float = 0.5
    bound: float | None = None
    State: ClassVar[Any] = OneState
    gates: ClassVar[int] = 1

    def advance(self, z, r, state):
        a = z + r if self.bound is None else grad_clip(z + r, -self.bound, self.bound)
        return OneState((1 - self.leak) * state.h + self.leak * pt.tanh(a))


@pytest.fixture
def linearized(monkeypatch):
    """The steps that were linearized, none known before."""
    seen, linearize = [], direction.linearize
    monkeypatch.setattr(direction, "_RECENT", direction.Recent(size=16))
    monkeypatch.setattr(
        direction, "linearize", lambda *args, **kw: seen.append(args) or linearize(*args, **kw)
    )
    return seen


def network(cells, xs):
    for cell in cells:
        xs = scan_unroll(cell, xs)
    loss = (xs**2).sum()
    params = [param for cell in cells for param in cell.params]
    return loss, pytensor.grad(loss, params)


@pytest.mark.parametrize("cell", [RNNCell, LSTMCell, GRUCell, Leaky])
def test_equal_steps_are_linearized_once(cell, linearized):
    xs, rng = pt.tensor("xs", shape=(None, None, 3), dtype="float64"), np.random.default_rng(0)
    ys = xs
    for _ in range(4):
        pair = [cell.create(ys.type.shape[2], 3, rng=rng, dtype="float64") for _ in range(2)]
        ys = bidirectional(*pair, ys)
    assert len(linearized) == 1


@pytest.mark.parametrize("gradient_of", [False, True])
def test_equal_layers_are_one_op(gradient_of):
    xs = pt.tensor("xs", shape=(None, None, 3), dtype="float64")
    cells = [RNNCell.create(3, 3, rng=i, dtype="float64") for i in range(4)]
    loss, gradients = network(cells, xs)
    nodes = pytensor.graph.traversal.apply_ancestors([loss, *gradients])
    kind = AssembledPullback if gradient_of else AssembledOp
    found = [node.op for node in nodes if isinstance(node.op, kind)]
    assert len(found) == 4
    assert len({id(op) for op in found}) == 1


DIFFERENT = {
    "leak": (Leaky, {"leak": 0.5}, {"leak": 0.25}),
    "bound": (Leaky, {"bound": 0.1}, {"bound": 0.01}),
    "bound or none": (Leaky, {"bound": 0.1}, {"bound": None}),
    "activation": (RNNCell, {}, {"activation": "relu"}),
}


@pytest.mark.parametrize("option", DIFFERENT)
def test_layers_that_differ_have_their_own_gradients(option):
    """As in a process that has seen neither before, in either order."""
    kind, *options = DIFFERENT[option]

    def gradients(order):
        cells = [kind.create(3, 3, rng=i, dtype="float64", **options[i]) for i in order]
        xs = pt.tensor("xs", shape=(None, None, 3), dtype="float64")
        _, found = network(cells, xs)
        values = np.random.default_rng(7).normal(size=(5, 2, 3))
        return pytensor.function([xs], found, mode="NATIVE")(values)

    together = [gradients(order) for order in ([0, 1], [1, 0])]
    for order, found in zip(([0, 1], [1, 0]), together, strict=True):
        direction._RECENT = direction.Recent(size=16)
        for one, other in zip(found, gradients(order), strict=True):
            np.testing.assert_array_equal(one, other)
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(*together, strict=True))
