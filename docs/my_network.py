"""A network of your own, for ``symrnn train docs/my_network.py``: a GRU that adds up what it reads.

The fields of the recipe are its options (``--set hidden_size=16``), and stand in every checkpoint; its six methods are
all that training, testing and prediction need. ``B`` is the batch, ``T`` time.
"""

from dataclasses import dataclass

import numpy as np
import pytensor.tensor as pt

from symrnn.cells import GRUCell
from symrnn.graph import TrainingGraph
from symrnn.losses import mean_squared_error
from symrnn.params import param
from symrnn.training import Recipe, epoch_batch
from symrnn.unroll import scan_unroll
from symrnn.updates import adam


@dataclass(frozen=True)
class RunningSum(Recipe):
    """Ten numbers are read, and their sum is said."""

    steps: int = 600
    hidden_size: int = 8
    learning_rate: float = 0.01

    def data(self, path=None):
        """Rows to train on and to test on, ``(N, T)`` each: drawn, or those of a text file."""
        drawn = np.random.default_rng(self.seed).normal(size=(1000, 10))
        rows = drawn if path is None else np.loadtxt(path, ndmin=2)
        return rows[: -len(rows) // 10], rows[-len(rows) // 10 :]

    def graph(self):
        rng = np.random.default_rng(self.seed)
        cell = GRUCell.create(1, self.hidden_size, rng=rng)
        w = param("w", (self.hidden_size,), lambda shape, rng: np.ones(shape) / shape[0], rng)
        xs = pt.tensor("xs", dtype=w.dtype, shape=(None, None, 1))  # (T, B, 1)
        sums = pt.tensor("sums", dtype=w.dtype, shape=(None,))  # (B,)
        said = pt.dot(scan_unroll(cell, xs)[-1], w)
        loss = mean_squared_error(said, sums)
        return TrainingGraph([xs, sums], loss, [*cell.params, w], {"sum": said})

    def updates(self, graph):
        return adam(graph.loss, graph.params, self.learning_rate)

    def batch(self, data, step):
        train, _ = data
        rows = train[epoch_batch(len(train), self.batch_size, step, self.seed)]
        return [rows.T[:, :, None], rows.sum(axis=1)]

    def test(self, network, data):
        _, rows = data
        said = network("sum", rows.T[:, :, None])
        return {"mean error": float(abs(said - rows.sum(axis=1)).mean())}

    def predict(self, network, words, path=None):
        rows = np.array([words or ("1", "2")], float) if path is None else self.data(path)[1]
        for row, said in zip(rows, network("sum", rows.T[:, :, None]), strict=True):
            yield f"{' + '.join(f'{x:g}' for x in row)} = {said:.2f}"
