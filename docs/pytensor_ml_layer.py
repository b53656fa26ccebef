"""A training step of a pytensor-ml layer: a bidirectional LSTM, the mean of its output, plain SGD."""

import numpy as np
import pytensor
from pytensor_ml.layers import LSTM, Bidirectional, Input
from pytensor_ml.pytensorf import collect_trainable_params

BATCH, STEPS, SIZE = 16, 28, 32


def train():
    """Inputs, outputs and updates."""
    xs = Input("xs", shape=(None, STEPS, SIZE))
    layer = Bidirectional(
        LSTM("forward", n_in=SIZE, n_hidden=SIZE), LSTM("back", n_in=SIZE, n_hidden=SIZE)
    )
    loss = (layer(xs) ** 2).mean()
    params = collect_trainable_params(loss)
    grads = pytensor.grad(loss, params)
    return [xs], [loss], {p: p - 0.1 * g for p, g in zip(params, grads, strict=True)}


def batch():
    """One array for the input."""
    return [
        np.random.default_rng(0).normal(size=(BATCH, STEPS, SIZE)).astype(pytensor.config.floatX)
    ]
