"""Gated recurrent unit with a way past its gates."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pytensor.tensor.variable import TensorVariable

from symrnn.cells.cell import Cell
from symrnn.cells.gru import GRUState
from symrnn.ops.activations import sigmoid, tanh


@dataclass(frozen=True)
class ResidualGRUCell(Cell):
    """One step of a gated recurrent unit that is added to its input and its state [1]_.

    ``s, u, n, p = x @ w_x + b`` and ``s', u', n', p' = h @ w_h``, in this order of columns;
    ``n := tanh(n + sigmoid(s + s') * n')``; ``h := u * h + (1 - u) * n + share * (p + p')`` with ``u := sigmoid(u +
    u')``

    `share` is how much the way past the gates counts.

    Notes
    -----
    In [1]_ the share is learned from 0.1 on, and that of the input is in what is put out, not in what is fed back; here
    both are one, as for every cell.

    .. [1] Toderici et al.: Full resolution image compression with recurrent neural networks. CVPR 2017.
       arXiv:1608.05148

    Examples
    --------
    >>> ResidualGRUCell.create(3, 5, rng=0).w_h.type.shape
    (5, 20)
    """

    share: float = 0.1

    State: ClassVar = GRUState
    gates: ClassVar = 4

    def advance(self, z: TensorVariable, r: TensorVariable, state: GRUState) -> GRUState:
        n = self.hidden_size
        gates = sigmoid(z[:, : 2 * n] + r[:, : 2 * n])  # (B, 2H)
        reset, update = gates[:, :n], gates[:, n:]
        new = tanh(z[:, 2 * n : 3 * n] + reset * r[:, 2 * n : 3 * n])
        past = np.asarray(self.share, z.type.dtype) * (z[:, 3 * n :] + r[:, 3 * n :])
        return GRUState(update * state.h + (1 - update) * new + past)
