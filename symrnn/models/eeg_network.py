"""Convolutions, a recurrent layer and a dense one, which say the class of a stretch of EEG.

After Zamani and Wulansari [1]_: 1-D convolutions over time, each with a rectifier and max pooling, then LSTM or GRU
cells over what the pooling left, a dense layer and a softmax over the classes.

A block is ``relu(b + max over a pool of sum over k of xs[t + k - before] @ w[k])``, with zeros around the stretch;
steps that fill no pool are left out. Time comes first, so that a convolution is one product for all steps and the whole
batch, and the recurrent layer takes what it gets without a transposition. The bias and the rectifier wait for the
maximum, with which they change places.

Dropout masks are inputs of the graph: 0 where a unit is dropped, ``1 / (1 - dropout)`` where it is kept, ones to test
with. That of a block drops a channel at all steps.

A committee is several such networks that read the same batch, each from its own fresh parameters and with masks of its
own. Its loss is the sum of theirs, so that a step moves each as it would move alone; its opinion is the mean of theirs.

.. [1] Zamani, Wulansari: Emotion classification using 1D-CNN and RNN based on DEAP dataset. CS & IT (2021).
"""

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import CELLS
from symrnn.errors import UserError, check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import glorot_uniform, zeros
from symrnn.losses import cross_entropy
from symrnn.models.tcn import parts, product
from symrnn.ops.activations import relu
from symrnn.ops.windows import length, taps
from symrnn.params import param
from symrnn.unroll import scan_unroll

READOUTS = ("last", "mean")


@dataclass(frozen=True)
class EEGShape:
    """The sizes of a network.

    Attributes
    ----------
    samples, channels, classes
        T, C and K: of a stretch, and of what is said of it.
    blocks, filters, window, pool
        Convolutions, their F outputs, the steps that each sees, and the steps of which the maximum is taken.
    hidden_size
        H, of the recurrent and of the dense layer.
    readout
        What the dense layer reads of the recurrent one: ``"last"``, its last output, or ``"mean"``, that of all.
    members
        Networks of the committee; 1 for a network by itself.
    """

    samples: int = 128
    channels: int = 32
    classes: int = 4
    blocks: int = 2
    filters: int = 32
    window: int = 5
    pool: int = 4
    hidden_size: int = 32
    readout: str = "last"
    members: int = 1

    def __post_init__(self) -> None:
        check_choice("readout", self.readout, READOUTS)
        if self.steps < 1:
            raise UserError(
                f"samples must be at least pool**blocks, {self.pool**self.blocks}, but is {self.samples};"
                " give longer stretches, or take a smaller pool or fewer blocks"
            )

    @property
    def steps(self) -> int:
        """What the pooling leaves of T.

        Examples
        --------
        >>> EEGShape(samples=130).steps
        8
        """
        return reduce(lambda steps, _: steps // self.pool, range(self.blocks), self.samples)


def eeg_network(
    cell: str,
    shape: EEGShape | None = None,
    *,
    batch: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> TrainingGraph:
    """The network with its loss.

    Parameters
    ----------
    cell
        A key of `symrnn.cells.CELLS`.
    shape
        The sizes.
    batch
        B where it is to be static; the backend JAX needs it.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, B, C)``, ``block_masks (M, B, F)``, ``masks (2, B, H)`` and ``labels (B,)``, int32; output
        ``"logits" (B, K)``. Of a committee, each member's masks follow those of the one before it, and the logits are
        the logarithms of the mean of the members' probabilities.

    Examples
    --------
    >>> graph = eeg_network("gru", EEGShape(samples=64), batch=5)
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs]
    ['xs (64, 5, 32)', 'block_masks (2, 5, 32)', 'masks (2, 5, 32)', 'labels (5,)']
    """
    check_choice("cell", cell, CELLS)
    shape = shape or EEGShape()
    dtype, rng = dtype or pytensor.config.floatX, np.random.default_rng(seed)
    sizes = {
        "xs": (shape.samples, batch, shape.channels),
        "block_masks": (shape.members * shape.blocks, batch, shape.filters),
        "masks": (shape.members * 2, batch, shape.hidden_size),
    }
    inputs = [pt.tensor(name, dtype=dtype, shape=size) for name, size in sizes.items()]
    labels = pt.tensor("labels", dtype="int32", shape=(batch,))
    xs, *masks = inputs
    each = zip(*(parts(mask, shape.members) for mask in masks), strict=True)
    opinions, params = [], []
    for number, own in enumerate(each, 1):
        name = f"member{number}." if shape.members > 1 else ""
        logits, weights = classified([xs, *own], cell, shape, rng, dtype, name=name)
        opinions.append(logits)
        params += weights
    loss = reduce(add, [cross_entropy(logits, labels) for logits in opinions])
    return TrainingGraph([*inputs, labels], loss, params, {"logits": agreed(opinions)})


def agreed(opinions: list[TensorVariable]) -> TensorVariable:
    """Logits ``(B, K)`` whose probabilities are the mean of those of `opinions`.

    Examples
    --------
    >>> sure, torn = (pt.log(np.array([[p, 1 - p]])) for p in (0.9, 0.5))
    >>> np.exp(agreed([sure, torn]).eval()).round(6)
    array([[0.7, 0.3]])
    """
    if len(opinions) == 1:
        return opinions[0]
    shares = reduce(add, [pt.special.softmax(logits, axis=-1) for logits in opinions])
    # A class that no member holds possible in this precision must not be minus infinity.
    least = np.finfo(shares.type.dtype).tiny
    return pt.log(pt.maximum(shares / len(opinions), least))


def classified(
    inputs: list[TensorVariable],
    cell: str,
    shape: EEGShape,
    rng: np.random.Generator,
    dtype: str,
    *,
    name: str = "",
) -> tuple[TensorVariable, list[TensorSharedVariable]]:
    """``logits (B, K)`` and the parameters, whose names begin with `name`."""

    def weights(layer, *size):
        w = param(f"{name}{layer}w", size, glorot_uniform, rng, dtype=dtype)
        return w, param(f"{name}{layer}b", size[-1:], zeros, rng, dtype=dtype)

    ys, block_masks, masks = inputs
    params = []
    for i, mask in enumerate(parts(block_masks, shape.blocks)):
        seen = shape.window * (shape.filters if i else shape.channels)
        w, b = weights(f"block{i + 1}.", seen, shape.filters)
        ys = mask * relu(pooled(same_conv(ys, w, window=shape.window), shape.pool) + b)
        params += [w, b]
    layer = CELLS[cell].create(
        shape.filters, shape.hidden_size, rng=rng, name=f"{name}{cell}.", dtype=dtype
    )
    is_last = shape.readout == "last"
    h = scan_unroll(layer, ys, last_only=True) if is_last else scan_unroll(layer, ys).mean(axis=0)
    w, b = weights("dense.", shape.hidden_size, shape.hidden_size)
    w_y, b_y = weights("", shape.hidden_size, shape.classes)
    h = masks[1] * relu(pt.dot(masks[0] * h, w) + b)
    return pt.dot(h, w_y) + b_y, [*params, *layer.params, w, b, w_y, b_y]


def same_conv(xs: TensorVariable, w: TensorVariable, *, window: int) -> TensorVariable:
    """``(T, B, F)``, as many steps as ``xs (T, B, C)``; ``w (K*C, F)``, the rows of the earliest step first.

    Examples
    --------
    >>> xs, w = np.arange(1.0, 5.0).reshape(4, 1, 1), np.array([[100.0], [10.0], [1.0]])
    >>> same_conv(pt.as_tensor(xs), pt.as_tensor(w), window=3).eval().ravel()
    array([ 12., 123., 234., 340.])
    """
    if window == 1:
        return product(xs, w)
    around = [
        pt.zeros((steps, length(xs, 1), length(xs, 2)), dtype=xs.type.dtype)
        # A window of an even number of steps sees one more before than behind.
        for steps in (window // 2, (window - 1) // 2)
    ]
    before, after = around
    # A window of two sees nothing behind: an array without steps stays out of the graph.
    padded = pt.join(0, before, xs, *([after] if window > 2 else []))
    return product(pt.join(2, *taps(padded, 0, window)), w)


def pooled(xs: TensorVariable, pool: int) -> TensorVariable:
    """``(T // pool, B, F)``, the maxima of ``xs (T, B, F)``.

    Examples
    --------
    >>> pooled(pt.as_tensor(np.array([1.0, 3.0, 2.0, 0.0, 5.0]).reshape(5, 1, 1)), 2).eval().ravel()
    array([3., 2.])
    """
    return reduce(pt.maximum, taps(xs, 0, pool, pool))
