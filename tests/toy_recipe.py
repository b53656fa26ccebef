"""The smallest recipe there is: a line through points, with Nesterov's momentum and a state carried along."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt

from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.training.recipe import Recipe, epoch_batch
from symrnn.updates import rmsprop_nesterov, sgd


@dataclass(frozen=True)
class Line(Recipe):
    """``y = a * x + b``; `rule` is "nesterov" or "sgd"."""

    steps: int = 8
    batch_size: int = 4
    learning_rate: float = 0.05
    rule: str = "nesterov"
    shuffled: bool = True

    free: ClassVar = frozenset({"steps"})

    def data(self, path=None):
        if path is not None and not path.is_file():
            raise UserError(f"there is no file {path}")
        xs = np.linspace(-1, 1, 12) if path is None else np.loadtxt(path)
        return xs, 3 * xs + 1

    def graph(self):
        a, b = (pytensor.shared(value, name=name) for name, value in (("a", 0.5), ("b", 0.0)))
        x, y = pt.vector("x"), pt.vector("y")
        line = a * x + b
        return TrainingGraph([x, y], ((line - y) ** 2).mean(), [a, b], {"line": line})

    def updates(self, graph):
        seen = pytensor.shared(0, name="seen")
        rule = {"nesterov": rmsprop_nesterov, "sgd": sgd}[self.rule]
        return {seen: seen + graph.inputs[0].shape[0]} | rule(
            graph.loss, graph.params, self.learning_rate
        )

    def batch(self, data, step):
        chosen = epoch_batch(len(data[0]), self.batch_size, step, self.seed)
        return [part[chosen] for part in data]

    def test(self, network, data):
        xs, ys = data
        return {"largest error": float(abs(network("line", xs) - ys).max())}

    def predict(self, network, words, path=None):
        for word in words or ("1",):
            yield f"{word} -> {network('line', [float(word)])[0]:.3f}"


@dataclass(frozen=True)
class Other(Line):
    """Another network."""
