"""A recurrent network of three states that learns to add binary numbers [1]_.

At each step it reads a bit of either number, least significant first, and says a bit of the sum.

.. [1] Roelants: How to implement a recurrent neural network, part 2. peterroelants.github.io
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import RNNCell
from symrnn.data import pairs_csv
from symrnn.data.additions import Additions, additions, bits, number_of
from symrnn.data.pairs_csv import BITS, LARGEST
from symrnn.errors import UserError
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import binary_cross_entropy
from symrnn.params import param
from symrnn.training.network import Network
from symrnn.training.recipe import Recipe, epoch_batch
from symrnn.typing import Updates
from symrnn.unroll import Gradient, scan_unroll
from symrnn.updates import rmsprop_nesterov

ADDENDS, HIDDEN = 2, 3
NAMES = ("h0", "w_x", "w_h", "b", "w_y", "b_y")


def binary_adder(
    *,
    steps: int | None = BITS,
    batch: int | None = None,
    hidden_size: int = HIDDEN,
    seed: int = 0,
    dtype: str | None = None,
    gradient: Gradient = "assembled",
) -> TrainingGraph:
    """Tanh states from a learned initial one, and a logistic output for each bit of the sum.

    Parameters
    ----------
    steps, batch
        T and B where they are static.
    hidden_size
        H.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.
    gradient
        As for `symrnn.unroll.scan_unroll`.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, B, 2)`` and ``targets (T, B)``, zeros and ones; output ``"y" (T, B)``, the probability of a one.

    Notes
    -----
    Weights are Glorot-uniform as in [1]_. There input and state have a bias each; here they have one.

    .. [1] As in the module's docstring.

    Examples
    --------
    >>> graph = binary_adder()
    >>> [f"{p.name} {p.type.shape}" for p in graph.params]
    ['h0 (3,)', 'w_x (2, 3)', 'w_h (3, 3)', 'b (3,)', 'w_y (3, 1)', 'b_y (1,)']
    """
    rng = np.random.default_rng(seed)
    shapes = [
        (hidden_size,),
        (ADDENDS, hidden_size),
        (hidden_size, hidden_size),
        (hidden_size,),
        (hidden_size, 1),
        (1,),
    ]
    params = [
        param(name, shape, glorot_uniform if len(shape) == 2 else zeros, rng, dtype=dtype)
        for name, shape in zip(NAMES, shapes, strict=True)
    ]
    xs = pt.tensor("xs", dtype=params[0].dtype, shape=(steps, batch, ADDENDS))
    targets = pt.tensor("targets", dtype=params[0].dtype, shape=(steps, batch))
    logits = adder_logits(params, xs, gradient=gradient)
    loss = binary_cross_entropy(logits, targets)
    return TrainingGraph([xs, targets], loss, params, {"y": pt.sigmoid(logits)})


def adder_logits(
    params: Sequence[TensorVariable], xs: TensorVariable, *, gradient: Gradient = "assembled"
) -> TensorVariable:
    """``(T, B)``, the logit of each bit of the sum of ``xs (T, B, 2)``; `params` in the order of `NAMES`."""
    h0, w_x, w_h, b, w_y, b_y = params
    hs = scan_unroll(RNNCell(w_x, w_h, b), xs, initial=h0, gradient=gradient)
    return (pt.dot(hs, w_y) + b_y)[:, :, 0]


def binary_adder_loss(
    params: Sequence[TensorVariable], graph: TrainingGraph, *, gradient: Gradient = "assembled"
) -> TensorVariable:
    """The loss of ``graph = binary_adder(...)``, built again on `params`, expressions in its order.

    Examples
    --------
    >>> graph = binary_adder()
    >>> loss = binary_adder_loss([0.5 * p for p in graph.params], graph)
    """
    xs, targets = graph.inputs
    return binary_cross_entropy(adder_logits(params, xs, gradient=gradient), targets)


@dataclass(frozen=True)
class BinaryAdder(Recipe):
    """The adder of the tutorial: 2000 additions, RMSprop with Nesterov's momentum.

    Attributes
    ----------
    hidden_size
        H; of twenty networks with the tutorial's three states, eight learn to add exactly, with eight all do
        (``experiments/binary_adder.py``).
    samples, tests
        Additions to train on, and others to test on.
    learning_rate, momentum, rho, epsilon
        Of `symrnn.updates.rmsprop_nesterov`.
    """

    steps: int = 1000
    batch_size: int = 100
    hidden_size: int = HIDDEN
    samples: int = 2000
    tests: int = 1000
    learning_rate: float = 0.05
    momentum: float = 0.8
    rho: float = 0.5
    epsilon: float = 1e-6

    free: ClassVar = frozenset({"steps"})
    small: ClassVar = ({"batch_size": 3, "samples": 9, "tests": 5},)

    def data(self, path: Path | None = None) -> Additions:
        return additions(samples=self.samples, tests=self.tests, seed=self.seed, path=path)

    def graph(self) -> TrainingGraph:
        return binary_adder(hidden_size=self.hidden_size, seed=self.seed)

    def updates(self, graph: TrainingGraph) -> Updates:
        rates = (self.learning_rate, self.momentum, self.rho, self.epsilon)
        return rmsprop_nesterov(graph.loss, graph.params, *rates)

    def batch(self, data: Additions, step: int) -> list[np.ndarray]:
        return encoded(data.train[epoch_batch(len(data.train), self.batch_size, step, self.seed)])

    def test(self, network: Network, data: Additions) -> dict[str, float]:
        sums = added(network, data.test)
        wrong = int((sums != data.test.sum(axis=1)).sum())
        return {"additions": len(data.test), "wrong": wrong}

    def predict(
        self, network: Network, words: tuple[str, ...], path: Path | None = None
    ) -> Iterator[str]:
        pairs = np.array(asked(words, path) or self.data().test[:5])
        for (x1, x2), total in zip(pairs.tolist(), added(network, pairs), strict=True):
            yield from written_out(x1, x2, int(total))


def encoded(pairs: np.ndarray) -> list[np.ndarray]:
    """``[xs (T, B, 2), targets (T, B)]`` of ``pairs (B, 2)``."""
    x1, x2 = pairs.T
    xs, targets = np.stack([bits(x1), bits(x2)], axis=2), bits(x1 + x2)
    return [array.astype(pytensor.config.floatX) for array in (xs, targets)]


def added(network: Network, pairs: np.ndarray) -> np.ndarray:
    """The sums that the network says, ``(B,)``."""
    xs, _ = encoded(pairs)
    return number_of(network("y", xs) > 0.5)


def asked(words: tuple[str, ...], path: Path | None) -> list[tuple[int, int]]:
    """The pairs that a user asks for: two numbers, or those of a file."""
    if path is not None:
        return pairs_csv.read(path)
    if not words:
        return []
    are_numbers = all(word.isdecimal() and int(word) <= LARGEST for word in words)
    if len(words) != 2 or not are_numbers:
        raise UserError(
            f"give two whole numbers from 0 to {LARGEST} to add, but got {' '.join(words)!r}"
        )
    x1, x2 = map(int, words)
    return [(x1, x2)]


def written_out(x1: int, x2: int, y: int) -> Iterator[str]:
    """An addition in bits, least significant first, and in numbers."""
    for sign, name, value in (("", "x1", x1), ("+", "x2", x2), ("=", "t", x1 + x2), ("=", "y", y)):
        word = "".join(map(str, bits([value])[:, 0]))
        yield f"{name + ':':3} {sign:1} {word}  {value:3}"
    yield "right" if y == x1 + x2 else "wrong"
