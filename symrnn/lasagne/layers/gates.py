"""Cells of gates with any nonlinearity, and `Gate`, which says what a gate's parameters are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from pytensor.graph.basic import Variable

from symrnn.cells import Cell, GRUState, LSTMCell, LSTMState, RNNState
from symrnn.ops import activations
from symrnn.ops.gradient_views import grad_clip

from .. import init, nonlinearities

FASTEST = {nonlinearities.tanh: activations.tanh, nonlinearities.sigmoid: activations.sigmoid}


def activation(nonlinearity):
    """The builders' own form of a nonlinearity, where they have one."""
    try:
        return FASTEST.get(nonlinearity, nonlinearity)
    except TypeError:  # not hashable
        return nonlinearity


class Gate:
    """A gate: weights from the input, from the hidden state, from the cell (peepholes), a bias, a nonlinearity.

    Each is what a parameter can be made of. ``W_cell=None`` says that there are no peepholes; a `nonlinearity` of
    None is
    the identity.
    """

    def __init__(
        self,
        W_in=init.Normal(0.1),
        W_hid=init.Normal(0.1),
        W_cell=init.Normal(0.1),
        b=init.Constant(0.0),
        nonlinearity=nonlinearities.sigmoid,
    ):
        self.W_in = W_in
        self.W_hid = W_hid
        # As in Lasagne, a gate without peepholes has no such attribute.
        if W_cell is not None:
            self.W_cell = W_cell
        self.b = b
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity


@dataclass(frozen=True)
class SimpleCell(Cell):
    """``h := nonlinearity(x @ w_x + b + h @ w_h)``."""

    nonlinearity: Callable = activations.tanh

    State: ClassVar = RNNState
    gates: ClassVar = 1

    def advance(self, z, r, state):
        return RNNState(self.nonlinearity(z + r))


@dataclass(frozen=True)
class GatedLSTMCell(Cell):
    """A long short-term memory whose gates have any nonlinearity; columns in the order ``i f o g``.

    ``c_new := f_f(f + p_f * c) * c + f_i(i + p_i * c) * f_g(g)``; ``h := f_o(o + p_o * c_new) * f_h(c_new)``;
    `peepholes` are ``p_i, p_f, p_o``, (H,) each, or none.
    """

    peepholes: tuple[Variable, ...] = ()
    nonlinearities: tuple[Callable, ...] = ()  # of i, f, o, g, h

    State: ClassVar = LSTMState
    gates: ClassVar = 4

    def advance(self, z, r, state):
        n = self.hidden_size
        of_i, of_f, of_o, of_g, of_h = self.nonlinearities
        a = z + r
        i, f, o, g = (a[:, k * n : (k + 1) * n] for k in range(4))
        if not self.peepholes:
            c = of_f(f) * state.c + of_i(i) * of_g(g)
            return LSTMState(of_o(o) * of_h(c), c)
        p_i, p_f, p_o = self.peepholes
        c = of_f(f + p_f * state.c) * state.c + of_i(i + p_i * state.c) * of_g(g)
        return LSTMState(of_o(o + p_o * c) * of_h(c), c)


@dataclass(frozen=True)
class GatedGRUCell(Cell):
    """A gated recurrent unit whose gates have any nonlinearity; columns in the order reset, update, hidden update.

    ``n := f_n(n + reset * n')``; ``h := (1 - update) * h + update * n``, where ``n' = h @ w_h`` and the gates see both
    products. `grad_clipping` bounds the gradient of what ``f_n`` gets, 0 not.
    """

    nonlinearities: tuple[Callable, ...] = ()  # of reset, update, hidden update
    grad_clipping: float = 0

    State: ClassVar = GRUState
    gates: ClassVar = 3

    def advance(self, z, r, state):
        n = self.hidden_size
        of_reset, of_update, of_new = self.nonlinearities
        reset = of_reset(z[:, :n] + r[:, :n])
        update = of_update(z[:, n : 2 * n] + r[:, n : 2 * n])
        new = z[:, 2 * n :] + reset * r[:, 2 * n :]
        # Lasagne clips here once more, beside the pre-activations, which the walk clips.
        if self.grad_clipping:
            new = grad_clip(new, -self.grad_clipping, self.grad_clipping)
        return GRUState((1 - update) * state.h + update * of_new(new))


def lstm_cell(w_x, w_h, b, peepholes, gate_nonlinearities):
    """The builders' own cell where there are no peepholes and the nonlinearities are the usual ones, else the
    general one."""
    usual = (*(nonlinearities.sigmoid,) * 3, *(nonlinearities.tanh,) * 2)
    if not peepholes and all(
        given is wanted for given, wanted in zip(gate_nonlinearities, usual, strict=True)
    ):
        return LSTMCell(w_x, w_h, b)
    return GatedLSTMCell(w_x, w_h, b, tuple(peepholes), tuple(map(activation, gate_nonlinearities)))
