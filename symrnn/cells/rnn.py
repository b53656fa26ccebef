"""The simple recurrent cell."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pytensor.tensor.variable import TensorVariable

from symrnn.cells.cell import Cell
from symrnn.errors import check_choice
from symrnn.ops.activations import relu, tanh

ACTIVATIONS = {"tanh": tanh, "relu": relu}


class RNNState(NamedTuple):
    """State of an `RNNCell`."""

    h: TensorVariable  # (B, H)


@dataclass(frozen=True)
class RNNCell(Cell):
    """``h := activation(x @ w_x + h @ w_h + b)`` [1]_.

    `activation` is ``"tanh"`` or ``"relu"``.

    .. [1] Elman: Finding structure in time. Cognitive Science 14 (1990).

    Examples
    --------
    >>> cell = RNNCell.create(3, 5, rng=0)
    >>> cell.w_x.type.shape, cell.w_h.type.shape, cell.b.type.shape
    ((3, 5), (5, 5), (5,))
    """

    activation: str = "tanh"

    State: ClassVar = RNNState
    gates: ClassVar = 1

    def __post_init__(self) -> None:
        check_choice("activation", self.activation, ACTIVATIONS)

    def advance(self, z: TensorVariable, r: TensorVariable, state: RNNState) -> RNNState:
        return RNNState(ACTIVATIONS[self.activation](z + r))
