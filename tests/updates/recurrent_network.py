"""A small recurrent network for the tests of update rules, as a function of its parameters."""

from typing import NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt


class Network(NamedTuple):
    """Layers of tanh units over a fixed batch; the loss is the squared error of the last step."""

    xs: np.ndarray  # (T, B, D)
    y: np.ndarray  # (B, H)
    values: dict[str, np.ndarray]  # w_x, w_h, b of each layer

    def params(self):
        return [pytensor.shared(v, name=name, shape=v.shape) for name, v in self.values.items()]

    def loss(self, params):
        """Parameters reach the scans as non-sequences."""
        hs = pt.constant(self.xs)
        for w_x, w_h, b in zip(*[iter(params)] * 3):
            h = pt.zeros(self.y.shape, dtype=self.xs.dtype)
            hs = pytensor.scan(step, hs, [h], [w_x, w_h, b], return_updates=False)
        return ((hs[-1] - self.y) ** 2).mean()

    def loss_by_closure(self, params):
        """Parameters are captured by the steps."""
        hs = pt.constant(self.xs)
        for w_x, w_h, b in zip(*[iter(params)] * 3):

            def closed(x, h, weights=(w_x, w_h, b)):
                return step(x, h, *weights)

            h = pt.zeros(self.y.shape, dtype=self.xs.dtype)
            hs = pytensor.scan(closed, hs, [h], return_updates=False)
        return ((hs[-1] - self.y) ** 2).mean()


def step(x, h, w_x, w_h, b):
    return pt.tanh(x @ w_x + h @ w_h + b)


def network(steps=4, batch=3, inputs=2, hidden=2, layers=1, seed=5, dtype="float64"):
    rng = np.random.default_rng(seed)
    values = {}
    for layer in range(layers):
        values[f"w_x{layer}"] = rng.normal(size=(hidden if layer else inputs, hidden))
        values[f"w_h{layer}"] = rng.normal(size=(hidden, hidden))
        values[f"b{layer}"] = np.zeros(hidden)
    xs, y = rng.normal(size=(steps, batch, inputs)), rng.normal(size=(batch, hidden))
    cast = {name: v.astype(dtype) for name, v in values.items()}
    return Network(xs.astype(dtype), y.astype(dtype), cast)
