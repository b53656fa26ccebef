"""A stack of recurrent layers that reads a handwritten digit row by row.

The images are scikit-learn's 1797 digits of 8 by 8 pixels [1]_; each row of pixels is a step. The mean of the last
layer's outputs over the steps goes into a softmax over the ten digits.

.. [1] Alpaydin, Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository (1998).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import CELLS, Cell
from symrnn.data.digits import load_digit_rows as load_digit_rows
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.models.weights import weights_of, with_weights
from symrnn.params import param
from symrnn.unroll import Gradient, Scans, bidirectional, stack

ROWS, PIXELS, DIGITS = 8, 8, 10


@dataclass(frozen=True)
class DigitStack:
    """Bidirectional layers and a softmax, as weights.

    Attributes
    ----------
    layers
        Pairs of cells; a pair made with ``layers=`` stands for that many.
    w
        ``(2H, K)``.
    b
        ``(K,)``.
    """

    layers: tuple[tuple[Cell, Cell], ...]
    w: TensorVariable
    b: TensorVariable

    @classmethod
    def create(
        cls,
        *,
        cell: str = "rnn",
        depth: int = 2,
        hidden_size: int = 32,
        layers_as: str = "subgraphs",
        seed: int = 0,
        dtype: str | None = None,
    ) -> "DigitStack":
        """A network with fresh parameters; with ``layers_as="scan"`` all layers but the first are one scan."""
        check_choice("cell", cell, CELLS)
        check_choice("layers_as", layers_as, ("subgraphs", "scan"))
        if depth < 1:
            raise UserError(f"depth must be at least 1, but is {depth}")
        rng = np.random.default_rng(seed)

        def pair(name, size, layers=None):
            return tuple(
                CELLS[cell].create(
                    size, hidden_size, rng=rng, name=f"{name}.{way}.", dtype=dtype, layers=layers
                )
                for way in ("forward", "backward")
            )

        width = 2 * hidden_size
        if layers_as == "scan":
            pairs = [
                pair("layer1", PIXELS),
                *([pair("deep", width, depth - 1)] if depth > 1 else []),
            ]
        else:
            pairs = [pair(f"layer{i + 1}", PIXELS if i == 0 else width) for i in range(depth)]
        w = param("w", (width, DIGITS), glorot_uniform, rng, dtype=dtype)
        return cls(tuple(pairs), w, param("b", (DIGITS,), zeros, rng, dtype=dtype))

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight, layer by layer."""
        return weights_of(self)

    def logits(
        self, xs: TensorVariable, *, scans: Scans = "one", gradient: Gradient = "assembled"
    ) -> TensorVariable:
        """``(B, K)`` from ``xs (T, B, D)``."""
        for pair in self.layers:
            if scans == "one":
                xs = stack([pair], xs, gradient=gradient)
            else:
                xs = bidirectional(*pair, xs, scans=scans, gradient=gradient)
        return pt.dot(xs.mean(axis=0), self.w) + self.b


def digit_stack(
    *,
    steps: int | None = None,
    batch: int | None = None,
    scans: Scans = "one",
    gradient: Gradient = "assembled",
    dtype: str | None = None,
    **network: Any,
) -> TrainingGraph:
    """The network with its loss.

    Parameters
    ----------
    steps, batch
        T and B where they are to be static; the backend JAX needs both.
    scans, gradient
        As for `symrnn.unroll.bidirectional`.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.
    network
        ``cell, depth, hidden_size, layers_as, seed`` of `DigitStack.create`.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, B, D)`` and ``labels (B,)``, int32; output ``"logits" (B, K)``.

    Examples
    --------
    >>> graph = digit_stack(cell="lstm", depth=1, hidden_size=4)
    >>> [var.name for var in graph.inputs], len(graph.params)
    (['xs', 'labels'], 8)
    """
    net = DigitStack.create(dtype=dtype, **network)
    xs = pt.tensor("xs", dtype=net.w.type.dtype, shape=(steps, batch, PIXELS))
    labels = pt.tensor("labels", dtype="int32", shape=(batch,))
    logits = net.logits(xs, scans=scans, gradient=gradient)
    return TrainingGraph(
        [xs, labels], cross_entropy(logits, labels), net.params, {"logits": logits}
    )


def digit_stack_loss(
    params: Sequence[TensorVariable],
    graph: TrainingGraph,
    *,
    scans: Scans = "one",
    gradient: Gradient = "assembled",
    **network: Any,
) -> TensorVariable:
    """The loss of ``graph = digit_stack(...)``, built again on `params`, expressions in the order of ``graph.params``.

    Examples
    --------
    >>> graph = digit_stack(depth=1, hidden_size=4)
    >>> loss = digit_stack_loss([0.5 * p for p in graph.params], graph, depth=1, hidden_size=4)
    """
    xs, labels = graph.inputs
    # The graph's inputs have them already; callers pass on the options that they built the graph with.
    for unused in ("steps", "batch", "dtype"):
        network.pop(unused, None)
    net = with_weights(DigitStack.create(dtype=xs.type.dtype, **network), params)
    return cross_entropy(net.logits(xs, scans=scans, gradient=gradient), labels)
