"""Recurrent cells: one time step as algebra. A cell is one file here and one row in ``tests/cells/``."""

from symrnn.cells.cell import Cell
from symrnn.cells.gru import GRUCell, GRUState
from symrnn.cells.lstm import LSTMCell, LSTMState, PeepholeLSTMCell
from symrnn.cells.rnn import RNNCell, RNNState

__all__ = [
    "Cell",
    "GRUCell",
    "GRUState",
    "LSTMCell",
    "LSTMState",
    "PeepholeLSTMCell",
    "RNNCell",
    "RNNState",
]
