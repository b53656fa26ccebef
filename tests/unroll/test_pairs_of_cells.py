"""Any two cells side by side: whatever each one has, states or parameters or gates, is its own."""

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import MODES, OneGateCell, assert_all_close, evaluate, make_cell

from symrnn.cells import Cell, RNNState
from symrnn.errors import UserError
from symrnn.unroll import bidirectional, stack, static_unroll

T, B, D = 4, 3, 2
XS = np.random.default_rng(0).normal(size=(T, B, D))
MASK = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 1], [1, 1, 0]])


@dataclass(frozen=True)
class LeakyCell(OneGateCell):
    """One state and a parameter: ``h := rate * h + tanh(z + r)``."""

    rate: pt.TensorVariable  # (H,)

    def advance(self, z, r, state):
        return RNNState(self.rate * state.h + pt.tanh(z + r))


class ThreeStates(NamedTuple):
    h: pt.TensorVariable
    fast: pt.TensorVariable
    slow: pt.TensorVariable


@dataclass(frozen=True)
class ThreeStateCell(Cell):
    """Three states and two parameters, one of them read through an expression."""

    rate: pt.TensorVariable  # (H,)
    power: pt.TensorVariable  # (2, H)

    State: ClassVar = ThreeStates
    gates: ClassVar = 2

    def advance(self, z, r, state):
        n = self.hidden_size
        fast = self.rate * state.fast + z[:, :n] * r[:, n:]
        slow = state.slow + pt.tanh(self.power[0] ** 2 * fast + z[:, n:])
        return ThreeStates(pt.arctan(slow * self.power[1] + r[:, :n] + state.h), fast, slow)


def step_leaky(w, x, h):
    return (w["rate"] * h + np.tanh(x @ w["w_x"] + w["b"] + h @ w["w_h"]),)


def step_three(w, x, h, fast, slow):
    (z, other_z), (r, other_r) = (
        np.split(product, 2, axis=1) for product in (x @ w["w_x"] + w["b"], h @ w["w_h"])
    )
    fast = w["rate"] * fast + z * other_r
    slow = slow + np.tanh(w["power"][0] ** 2 * fast + other_z)
    return np.arctan(slow * w["power"][1] + r + h), fast, slow


def shared(value, name):
    return pytensor.shared(value, name=name, shape=value.shape)


def make(kind, hidden, seed):
    """A cell of the table, no parameter of which is zero."""
    rng = np.random.default_rng(seed)
    rate = shared(rng.normal(size=hidden), "rate")
    if kind == "leaky":
        cell = LeakyCell.create(D, hidden, rng=rng, rate=rate)
    elif kind == "three":
        power = shared(rng.normal(size=(2, hidden)), "power")
        cell = ThreeStateCell.create(D, hidden, rng=rng, rate=rate, power=power)
    else:
        cell = make_cell(kind, D, hidden, rng=rng)
    cell.b.set_value(rng.normal(size=cell.b.get_value().shape))
    return cell


STEPS = {  # kind: one step in NumPy
    "rnn": oracle.step_rnn,
    "gru": oracle.step_gru,
    "lstm": oracle.step_lstm,
    "peephole_lstm": oracle.step_peephole_lstm,
    "leaky": step_leaky,
    "three": step_three,
}
PAIRS = [(first, second) for first in STEPS for second in STEPS]
SIZES = (2, 3)  # hidden units, forward and backward: each direction has its own


def starts(cells, seed=7):
    """A learned initial state for each cell, no two fields alike."""
    rng = np.random.default_rng(seed)
    return [
        cell.State(
            *(shared(rng.normal(size=cell.hidden_size), f"{name}0") for name in cell.State._fields)
        )
        for cell in cells
    ]


def loss_of(ys, module):
    return (module.sin(ys) * module.arange(1, 1 + ys.shape[-1])).sum()


def in_pytensor(unroller, cells, initial, *, gradient="assembled", **options):
    """``[outputs, *gradients]`` by everything that a pair of cells can learn, and by the input."""
    xs, mask = pt.tensor("xs", shape=(None, None, D)), pt.lmatrix("mask")
    ys = unroller(cells, xs, initial=initial, mask=mask, gradient=gradient, **options)
    wrt = [xs, *cells[0].params, *cells[1].params, *initial[0], *initial[1]]
    outputs = [ys, *pytensor.grad(loss_of(ys, pt), wrt, disconnected_inputs="ignore")]
    return evaluate([xs, mask], outputs, [XS, MASK], mode=MODES[gradient])


def in_numpy(kinds, cells, initial, live):
    """The same by the oracle."""
    names = [list(cell.weights) for cell in cells]
    counts = [len(names[0]), len(names[1]), len(initial[0]), len(initial[1])]

    def outputs(xs, *values):
        pieces = np.split(np.array(values, dtype=object), np.cumsum(counts)[:-1])
        halves = []
        for i, reverse in enumerate((False, True)):
            weights = dict(zip(names[i], pieces[i], strict=True))
            state = [np.tile(field, (B, 1)) for field in pieces[2 + i]]
            halves.append(
                oracle.walk(
                    STEPS[kinds[i]], weights, xs, state, mask=MASK, reverse=reverse, live=live
                )
            )
        return np.concatenate(halves, axis=2)

    values = [var.get_value() for cell in cells for var in cell.weights.values()]
    values = [XS, *values, *(var.get_value() for state in initial for var in state)]
    return [
        outputs(*values),
        *oracle.gradients(lambda *given: loss_of(outputs(*given), np), values),
    ]


def one_scan(cells, xs, *, initial, **options):
    return bidirectional(*cells, xs, initial=initial, **options)


def two_scans(cells, xs, *, initial, **options):
    return bidirectional(*cells, xs, initial=initial, scans="two", **options)


def written_out(cells, xs, *, initial, **options):
    halves = [
        static_unroll(cell, xs, steps=T, reverse=reverse, initial=start, **options)
        for cell, start, reverse in zip(cells, initial, (False, True), strict=True)
    ]
    return pt.join(2, *halves)


@pytest.mark.parametrize("kinds", PAIRS, ids="-".join)
def test_truncated_gradient_of_a_pair_equals_the_oracle(kinds):
    cells = [make(kind, size, seed) for kind, size, seed in zip(kinds, SIZES, (0, 1), strict=True)]
    initial = starts(cells)
    values = in_pytensor(one_scan, cells, initial, gradient_steps=2)
    assert_all_close(values, in_numpy(kinds, cells, initial, 2), 1e-10)


@pytest.mark.parametrize("unroller", [one_scan, two_scans, written_out])
@pytest.mark.parametrize("gradient", ["assembled", "autodiff"])
@pytest.mark.parametrize("live", [1, T - 1, T, T + 1, None])
def test_every_form_of_an_unequal_pair_equals_the_oracle(unroller, gradient, live):
    kinds = ("leaky", "three")
    cells = [make(kind, size, seed) for kind, size, seed in zip(kinds, SIZES, (0, 1), strict=True)]
    initial = starts(cells)
    values = in_pytensor(unroller, cells, initial, gradient_steps=live, gradient=gradient)
    live = T if live is None else min(live, T)
    assert_all_close(values, in_numpy(kinds, cells, initial, live), 1e-10)


WIDE = pt.tensor("wide", shape=(None, None, 4))
NARROW = pt.tensor("narrow", shape=(None, None, D))


@pytest.mark.parametrize("gradient", ["assembled", "autodiff"])
def test_both_directions_may_read_one_expression(gradient):
    """Tied weights that are no variables of their own: `pytensor.scan` takes no input twice."""
    cell = make_cell("gru", D, 2)
    halves = replace(cell, **{name: 0.5 * var for name, var in cell.weights.items()})
    xs = pt.constant(XS)
    tied = bidirectional(halves, halves, xs, scans="one", gradient=gradient)
    apart = bidirectional(halves, halves, xs, scans="two", gradient=gradient)
    gradients = [pytensor.grad(loss_of(ys, pt), [*cell.weights.values()]) for ys in (tied, apart)]
    found = evaluate([], [*gradients[0], *gradients[1]], [])
    count = len(gradients[0])
    assert_all_close(found[:count], found[count:], 1e-12)


def deep(name="lstm", layers=2, input_size=4, **options):
    return make_cell(name, input_size, 2, layers=layers, **options)


def peepholes_of(layers):
    """A cell of two layers whose peepholes are of another number of layers."""
    return replace(deep("peephole_lstm", 2, 2), p=deep("peephole_lstm", layers, 2).p)


REFUSED = {  # what is wrong with the second of a pair, where the first is well
    "dtype": (
        lambda pair: bidirectional(*pair, NARROW),
        lambda: [make_cell("lstm", D), make_cell("gru", D, dtype="float32")],
        "xs must be of the cell's dtype",
    ),
    "dtype in a stack": (
        lambda pair: stack([pair], NARROW),
        lambda: [make_cell("lstm", D), make_cell("gru", D, dtype="float32")],
        "xs must be of the cell's dtype",
    ),
    "dtype of deep layers": (
        lambda pair: stack([pair], WIDE),
        lambda: [deep(), deep("gru", dtype="float32")],
        "xs must be of the cell's dtype",
    ),
    "input size, where xs does not tell it": (
        lambda pair: bidirectional(*pair, pt.tensor(shape=(None, None, None))),
        lambda: [make_cell("lstm", D), make_cell("gru", D + 1)],
        "xs must have D = ",
    ),
    "input size in a stack": (
        lambda pair: stack([pair], pt.tensor(shape=(None, None, None))),
        lambda: [make_cell("lstm", D), make_cell("gru", D + 1)],
        "xs must have D = ",
    ),
    "input size of deep layers": (
        lambda pair: stack([pair], WIDE),
        lambda: [deep(), deep("gru", input_size=7)],
        "layers in one scan need an input as wide as their output, 4, but have 7",
    ),
    "number of layers": (
        lambda pair: stack([pair], WIDE),
        lambda: [deep(), deep(layers=3)],
        "every weight of layers in one scan must have the same number of layers",
    ),
    "no layers": (
        lambda pair: stack([pair], WIDE),
        lambda: [deep(), make_cell("gru", 4)],
        "every weight of layers in one scan must have the same number of layers",
    ),
}


@pytest.mark.parametrize("turned", [False, True], ids=["second", "first"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_cell_that_does_not_fit_its_partner_is_refused(case, turned):
    build, pair, message = REFUSED[case]
    with pytest.raises(UserError) as caught:
        build(pair()[::-1] if turned else pair())
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("layers", [1, 3, None])
def test_a_weight_of_another_number_of_layers_is_refused(layers):
    xs = pt.tensor("xs", shape=(None, None, 2))
    assert stack([peepholes_of(2)], xs).type.shape == (None, None, 2)
    with pytest.raises(UserError, match="every weight of layers in one scan"):
        stack([peepholes_of(layers)], xs)


@pytest.mark.parametrize("initial", [None, (None,), (None, None, None)])
def test_initial_states_that_are_no_pair_are_refused(initial):
    pair = [make_cell("lstm", D), make_cell("gru", D)]
    for scans in ("one", "two"):
        with pytest.raises(UserError, match="initial must be a pair"):
            bidirectional(*pair, NARROW, initial=initial, scans=scans)
