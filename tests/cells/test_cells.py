"""What holds for every cell, and what is written in each one's docstring."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import CELLS, assert_all_close, evaluate, make_cell

from symrnn.cells import Cell, LSTMCell, RNNCell
from symrnn.errors import UserError
from symrnn.unroll import scan_unroll


@pytest.mark.parametrize("name", CELLS)
def test_outputs_equal_a_loop_in_numpy(name):
    cell = make_cell(name, rng=3)
    cell.b.set_value(np.random.default_rng(5).normal(size=cell.b.get_value().shape))
    weights = {key: var.get_value() for key, var in cell.weights.items()}
    values = np.random.default_rng(4).normal(size=(6, 4, 3))
    state, expected = [np.zeros((4, 2))] * len(cell.State._fields), []
    for x in values:
        state = getattr(oracle, f"step_{name}")(weights, x, *state)
        expected.append(state[0])
    xs = pt.tensor("xs", shape=(None, None, 3))
    [ys] = evaluate([xs], [scan_unroll(cell, xs)], [values])
    np.testing.assert_allclose(ys, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_same_seed_makes_the_same_parameters(name):
    first, second = (make_cell(name, rng=7).params for _ in range(2))
    assert_all_close([p.get_value() for p in first], [p.get_value() for p in second], 0)


@pytest.mark.parametrize("name", CELLS)
def test_parameters_have_the_dtype_asked_for_and_static_shapes(name):
    for param in make_cell(name, dtype="float32").params:
        assert param.type.dtype == "float32"
        assert param.type.shape == param.get_value().shape


class PairState(NamedTuple):
    h: object
    memory: object


@dataclass(frozen=True)
class OddCell(Cell):
    """Algebra that no cell of ours has: a power, a softplus, a parameter and an expression on one."""

    rate: object

    State: ClassVar = PairState
    gates: ClassVar = 2

    def advance(self, z, r, state):
        n = self.hidden_size
        memory = state.memory + pt.softplus(z[:, :n] * r[:, n:]) * pt.exp(-pt.sqr(self.rate))
        return PairState(pt.arctan(memory * self.rate - z[:, n:] + r[:, :n]) ** 3, memory)


@pytest.mark.parametrize("reverse", [False, True])
def test_cell_of_ones_own_gets_the_assembled_gradient(reverse):
    rate = pytensor.shared(np.array([0.3, -0.7]), name="rate", shape=(2,))
    cell, xs = OddCell.create(3, 2, rng=0, rate=rate), pt.tensor("xs", shape=(None, None, 3))
    results = []
    for gradient in ("assembled", "autodiff"):
        ys = scan_unroll(cell, xs, reverse=reverse, gradient=gradient)
        outputs = [ys, *pytensor.grad((ys**2).sum(), [xs, *cell.params])]
        results.append(evaluate([xs], outputs, [np.random.default_rng(0).normal(size=(5, 4, 3))]))
    assert rate in cell.params
    assert_all_close(*results, 1e-12)


def test_weights_may_be_expressions():
    cell, xs = make_cell("peephole_lstm"), pt.tensor("xs", shape=(None, None, 3))
    ahead = type(cell)(**{name: weight + 0.1 for name, weight in cell.weights.items()})
    results = []
    for gradient in ("assembled", "autodiff"):
        ys = scan_unroll(ahead, xs, gradient=gradient)
        outputs = [ys, *pytensor.grad((ys**2).sum(), [xs, *cell.params])]
        results.append(evaluate([xs], outputs, [np.ones((5, 4, 3))]))
    assert_all_close(*results, 1e-12)


@dataclass(frozen=True)
class ForgetfulCell(RNNCell):
    """Ignores what it was."""

    def advance(self, z, r, state):
        return type(state)(pt.tanh(z))


@dataclass(frozen=True)
class ShrinkingCell(RNNCell):
    """Returns another dtype."""

    def advance(self, z, r, state):
        return type(state)((z + r).astype("float32"))


REFUSED = {
    "size": (
        lambda: LSTMCell.create(0, 3, rng=0),
        "input_size must be a whole number of at least 1, but is 0",
    ),
    "activation": (
        lambda: RNNCell.create(3, 2, rng=0, activation="tahn"),
        "activation must be one of tanh, relu, but is 'tahn'; did you mean 'tanh'?",
    ),
    "no recurrence": (
        lambda: scan_unroll(ForgetfulCell.create(3, 2, rng=0), pt.tensor3("xs")),
        "ForgetfulCell.advance must use its argument r, but does not",
    ),
    "dtype of the state": (
        lambda: scan_unroll(ShrinkingCell.create(3, 2, rng=0), pt.tensor3("xs")),
        "ShrinkingCell.advance must keep h a float64 matrix (B, H)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_cell_is_refused_in_one_sentence(case):
    call, message = REFUSED[case]
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(message)
