"""Recurrent layers: the simple one, LSTM and GRU on the builders of `symrnn.unroll`, and one over any networks."""

from .custom_recurrent import CustomRecurrentLayer, RecurrentLayer
from .gates import Gate
from .gru import GRULayer
from .lstm import LSTMLayer

__all__ = ["CustomRecurrentLayer", "GRULayer", "Gate", "LSTMLayer", "RecurrentLayer"]
