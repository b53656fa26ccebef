"""Gated recurrent unit."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pytensor.tensor.variable import TensorVariable

from symrnn.cells.cell import Cell
from symrnn.ops.activations import sigmoid, tanh


class GRUState(NamedTuple):
    """State of a `GRUCell`."""

    h: TensorVariable  # (B, H)


@dataclass(frozen=True)
class GRUCell(Cell):
    """One step of a gated recurrent unit [1]_, the reset gate applied after the recurrent product.

    ``s, u, n = x @ w_x + b`` and ``s', u', n' = h @ w_h``, in this order of columns;
    ``n := tanh(n + sigmoid(s + s') * n')``; ``h := u * h + (1 - u) * n`` with ``u := sigmoid(u + u')``

    Notes
    -----
    In [1]_ the reset gate multiplies ``h`` before the product. After it, as in cuDNN, all three products are one;
    PyTorch has a second bias, on ``n'``.

    .. [1] Cho et al.: Learning phrase representations using RNN encoder-decoder. EMNLP 2014. arXiv:1406.1078

    Examples
    --------
    >>> GRUCell.create(3, 5, rng=0).w_h.type.shape
    (5, 15)
    """

    State: ClassVar = GRUState
    gates: ClassVar = 3

    def advance(self, z: TensorVariable, r: TensorVariable, state: GRUState) -> GRUState:
        n = self.hidden_size
        # Both gates by one sigmoid and two slices: half the nodes of a gate at a time.
        gates = sigmoid(z[:, : 2 * n] + r[:, : 2 * n])  # (B, 2H)
        reset, update = gates[:, :n], gates[:, n:]
        # z and r of the new state meet behind the reset gate, so their gradients differ here, and here alone.
        new = tanh(z[:, 2 * n :] + reset * r[:, 2 * n :])
        return GRUState(update * state.h + (1 - update) * new)
