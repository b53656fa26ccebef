"""Long short-term memory, with and without peepholes."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from pytensor.tensor.variable import TensorVariable

from symrnn.cells.cell import Cell, Seed
from symrnn.init import normal
from symrnn.ops.activations import sigmoid, tanh
from symrnn.params import param


class LSTMState(NamedTuple):
    """State of an `LSTMCell` or a `PeepholeLSTMCell`."""

    h: TensorVariable  # (B, H)
    c: TensorVariable  # (B, H)


@dataclass(frozen=True)
class LSTMCell(Cell):
    """One step of a long short-term memory [1]_.

    ``i, f, o, g = x @ w_x + h @ w_h + b``, in this order of columns;
    ``c := sigmoid(f) * c + sigmoid(i) * tanh(g)``; ``h := sigmoid(o) * tanh(c)``

    .. [1] Gers, Schmidhuber, Cummins: Learning to forget. Neural Computation 12 (2000).

    Examples
    --------
    >>> LSTMCell.create(3, 5, rng=0).w_h.type.shape
    (5, 20)
    """

    State: ClassVar = LSTMState
    gates: ClassVar = 4

    def advance(self, z: TensorVariable, r: TensorVariable, state: LSTMState) -> LSTMState:
        n = self.hidden_size
        a = z + r  # (B, 4H)
        # The three sigmoids stand side by side in the columns, so that they are one.
        gates = sigmoid(a[:, : 3 * n])  # (B, 3H)
        i, f, o = gates[:, :n], gates[:, n : 2 * n], gates[:, 2 * n :]
        c = f * state.c + i * tanh(a[:, 3 * n :])
        return LSTMState(o * tanh(c), c)


@dataclass(frozen=True)
class PeepholeLSTMCell(Cell):
    """One step of a long short-term memory whose gates see the cell [1]_.

    ``i, f, o, g = x @ w_x + h @ w_h + b``, in this order of columns;
    ``c_new := sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * tanh(g)``;
    ``h := sigmoid(o + p_o * c_new) * tanh(c_new)``

    `p` holds the rows ``p_i, p_f, p_o``, ``(3, H)``.

    .. [1] Gers, Schraudolph, Schmidhuber: Learning precise timing with LSTM recurrent networks. JMLR 3 (2002).

    Examples
    --------
    >>> PeepholeLSTMCell.create(3, 5, rng=0).params
    (w_x, w_h, b, p)
    """

    p: TensorVariable

    State: ClassVar = LSTMState
    gates: ClassVar = 4

    @classmethod
    def create(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: Seed,
        name: str = "",
        dtype: str | None = None,
        layers: int | None = None,
        **options: Any,
    ) -> Self:
        rng = np.random.default_rng(rng)
        # Before the other weights, from the same generator; they are drawn by the base class.
        p = param(f"{name}p", (3, hidden_size), normal(0.1), rng, dtype=dtype, layers=layers)
        return super().create(
            input_size, hidden_size, rng=rng, name=name, dtype=dtype, layers=layers, p=p, **options
        )

    def advance(self, z: TensorVariable, r: TensorVariable, state: LSTMState) -> LSTMState:
        n = self.hidden_size
        a = z + r  # (B, 4H)
        # The output gate waits for the new cell, so the sigmoids cannot be one as in `LSTMCell`.
        i = sigmoid(a[:, :n] + self.p[0] * state.c)
        f = sigmoid(a[:, n : 2 * n] + self.p[1] * state.c)
        c = f * state.c + i * tanh(a[:, 3 * n :])
        o = sigmoid(a[:, 2 * n : 3 * n] + self.p[2] * c)
        return LSTMState(o * tanh(c), c)
