"""Recurrent cells: one time step as algebra. A cell is one file here, and its name and its row below.

`CELLS` is the one table of cells by name, which models, commands and experiments choose from; what holds for every cell
(gradients, masks, reversal, length 1, dtypes, sizes) is tested for every row.
"""

from symrnn.cells.cell import Cell
from symrnn.cells.gru import GRUCell, GRUState
from symrnn.cells.lstm import LSTMCell, LSTMState, PeepholeLSTMCell
from symrnn.cells.residual_gru import ResidualGRUCell
from symrnn.cells.rnn import RNNCell, RNNState

CELLS: dict[str, type[Cell]] = {
    "rnn": RNNCell,
    "gru": GRUCell,
    "lstm": LSTMCell,
    "peephole_lstm": PeepholeLSTMCell,
    "residual_gru": ResidualGRUCell,
}

__all__ = [
    "CELLS",
    "Cell",
    "GRUCell",
    "GRUState",
    "LSTMCell",
    "LSTMState",
    "PeepholeLSTMCell",
    "RNNCell",
    "RNNState",
    "ResidualGRUCell",
]
