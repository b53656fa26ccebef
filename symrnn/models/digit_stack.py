"""A stack of recurrent layers that reads a handwritten digit row by row.

The images are scikit-learn's 1797 digits of 8 by 8 pixels [1]_; each row of pixels is a step. The mean of the last
layer's outputs over the steps goes into a softmax over the ten digits.

.. [1] Alpaydin, Kaynak: Optical Recognition of Handwritten Digits. UCI Machine Learning Repository (1998).
"""

from dataclasses import dataclass, replace

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symrnn.cells import GRUCell, LSTMCell, PeepholeLSTMCell, RNNCell
from symrnn.data.digits import load_digit_rows as load_digit_rows
from symrnn.errors import UserError, nearest
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.params import param
from symrnn.unroll import bidirectional, stack

CELLS = {"rnn": RNNCell, "lstm": LSTMCell, "peephole_lstm": PeepholeLSTMCell, "gru": GRUCell}
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

    layers: tuple
    w: Variable
    b: Variable

    @classmethod
    def create(
        cls, *, cell="rnn", depth=2, hidden_size=32, layers_as="subgraphs", seed=0, dtype=None
    ):
        """A network with fresh parameters; with ``layers_as="scan"`` all layers but the first are one scan."""
        if cell not in CELLS:
            raise UserError(
                f"cell must be one of {sorted(CELLS)}, but is {cell!r}; {nearest(cell, CELLS)}"
            )
        if layers_as not in ("subgraphs", "scan"):
            raise UserError(f"layers_as must be 'subgraphs' or 'scan', but is {layers_as!r}")
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
    def params(self):
        """Every weight, layer by layer."""
        return [var for pair in self.layers for cell in pair for var in cell.weights.values()] + [
            self.w,
            self.b,
        ]

    def with_params(self, params):
        """The same network on other expressions, in the order of `params`."""
        rest = iter(params)
        layers = tuple(
            tuple(replace(cell, **{name: next(rest) for name in cell.weights}) for cell in pair)
            for pair in self.layers
        )
        return replace(self, layers=layers, w=next(rest), b=next(rest))

    def logits(self, xs, *, scans="one", gradient="assembled"):
        """``(B, K)`` from ``xs (T, B, D)``."""
        for pair in self.layers:
            if scans == "one":
                xs = stack([pair], xs, gradient=gradient)
            else:
                xs = bidirectional(*pair, xs, scans=scans, gradient=gradient)
        return pt.dot(xs.mean(axis=0), self.w) + self.b


def digit_stack(
    *, steps=None, batch=None, scans="one", gradient="assembled", dtype=None, **network
):
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


def digit_stack_loss(params, graph, *, scans="one", gradient="assembled", **network):
    """The loss of ``graph = digit_stack(...)``, built again on `params`, expressions in the order of ``graph.params``.

    Examples
    --------
    >>> graph = digit_stack(depth=1, hidden_size=4)
    >>> loss = digit_stack_loss([0.5 * p for p in graph.params], graph, depth=1, hidden_size=4)
    """
    xs, labels = graph.inputs
    for unused in ("steps", "batch", "dtype"):
        network.pop(unused, None)
    net = DigitStack.create(dtype=xs.type.dtype, **network).with_params(params)
    return cross_entropy(net.logits(xs, scans=scans, gradient=gradient), labels)
