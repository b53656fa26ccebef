"""How much of a gradient is left, step by step back, in layers of RNN, LSTM and GRU cells over a hundred steps."""

import numpy as np
import pytensor
import pytensor.tensor as pt

import symrnn.native
from symrnn.cells import GRUCell, LSTMCell, RNNCell
from symrnn.unroll import scan_unroll

assert symrnn.native  # makes mode="NATIVE" known
STEPS, BATCH, SIZE, HIDDEN = 100, 32, 8, 32
CURVES = [  # label, cell, what its recurrent weights are multiplied by, the gate whose bias is set, its bias
    ("RNN, w_h of norm 0.9", RNNCell, 0.9, None, 0.0),
    ("RNN, w_h of norm 1", RNNCell, 1.0, None, 0.0),
    ("RNN, w_h of norm 2", RNNCell, 2.0, None, 0.0),
    ("LSTM, forget bias 0", LSTMCell, 1.0, 1, 0.0),
    ("LSTM, forget bias 3", LSTMCell, 1.0, 1, 3.0),
    ("GRU, update bias 0", GRUCell, 1.0, 1, 0.0),
    ("GRU, update bias 3", GRUCell, 1.0, 1, 3.0),
]


def left(cell_class, gain, gate, bias):
    """``(T,)``: the norm of the gradient of the last output by the input of each step, over that of the last step."""
    cell = cell_class.create(SIZE, HIDDEN, rng=0, dtype="float64")
    xs = pt.tensor("xs", dtype="float64", shape=(STEPS, BATCH, SIZE))
    weights = np.random.default_rng(1).normal(size=(BATCH, HIDDEN))
    cell.w_h.set_value(gain * cell.w_h.get_value())
    if gate is not None:
        b = cell.b.get_value()
        b[gate * HIDDEN : (gate + 1) * HIDDEN] = bias
        cell.b.set_value(b)
    by_input = pytensor.grad((scan_unroll(cell, xs)[-1] * weights).sum(), xs)
    gradient = pytensor.function([xs], by_input, mode="NATIVE")
    found = gradient(0.5 * np.random.default_rng(2).normal(size=(STEPS, BATCH, SIZE)))
    norms = np.linalg.norm(found, axis=(1, 2))
    return norms / norms[-1]


def curves():
    """Every curve by its label."""
    return {label: left(*settings) for label, *settings in CURVES}


def chart():
    """The figure, and its text alternative."""
    from matplotlib import pyplot

    from symrnn.study.figures import COLOURS, DASHES

    figure, axes = pyplot.subplots(figsize=(7, 3.6), constrained_layout=True)
    told = []
    for i, (label, norms) in enumerate(curves().items()):
        back = np.arange(STEPS)
        axes.semilogy(back, norms[::-1], color=COLOURS[i], linestyle=DASHES[i], label=label)
        told.append(f"{label} {norms[0]:.1g}")
    axes.set_xlabel("steps back from the last one")
    axes.set_ylabel("gradient that is left")
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    alt = "Gradient of the last output by the input of each step, as a share of the last step's"
    return figure, f"{alt}. {STEPS - 1} steps back: {', '.join(told)}"
