"""LipNet: spatio-temporal convolutions, two bidirectional GRU layers and CTC, from mouths to letters.

After Assael et al. [1]_: three blocks, each a convolution over time, height and width, a rectifier, dropout of whole
channels and max pooling over space; what the last block leaves of a frame goes through two bidirectional layers of
GRU cells and a dense one to the symbols, which `symrnn.ops.ctc` compares with the letters.

A convolution is one product and a few sums. The channel axis comes first, ``(C, T, B, *S)``; what each window of a
frame holds is laid side by side, and one product gives the outputs for all frames and for each of the window's steps
in time; the results of the steps are then added, each moved in time. So windows are laid out over space alone, a
third of what a window over three axes takes.

Dropout masks are inputs of the graph, as in `symrnn.models.eeg_network`. There is no batch normalization: clips are
standardised one by one.

.. [1] Assael, Shillingford, Whiteson, de Freitas: LipNet: end-to-end sentence-level lipreading. arXiv:1611.01599
   (2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.cells import GRUCell
from symrnn.data.grid_grammar import SYMBOLS
from symrnn.errors import check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import zeros
from symrnn.models.tcn import product
from symrnn.ops.activations import relu
from symrnn.ops.ctc import ctc_loss
from symrnn.ops.windows import taps
from symrnn.params import param
from symrnn.unroll import stack

CLASSES = 1 + len(SYMBOLS)  # C of the logits: the blank first


@dataclass(frozen=True)
class LipShape:
    """The sizes of a network.

    Attributes
    ----------
    frames, height, width
        T, and of a crop.
    filters
        F of each block.
    windows
        Of each block: steps in time, rows and columns, each odd.
    strides
        Of each block, over space.
    hidden_size
        H of a direction of each GRU layer.
    longest
        L: letters and spaces of a sentence; GRID's longest have 31.
    """

    frames: int = 75
    height: int = 24
    width: int = 48
    filters: tuple[int, ...] = (8, 16, 24)
    windows: tuple[tuple[int, int, int], ...] = ((3, 5, 5), (3, 3, 3), (3, 3, 3))
    strides: tuple[int, ...] = (2, 1, 1)
    hidden_size: int = 64
    longest: int = 32

    @property
    def features(self) -> int:
        """What the blocks leave of a frame.

        Examples
        --------
        >>> LipShape().features, SIZES["full"].features
        (72, 1728)
        """
        height, width = self.height, self.width
        for stride in self.strides:
            # Padding keeps a length, a stride takes its part rounded up, the pooling half of that rounded down.
            height, width = (-(-length // stride) // 2 for length in (height, width))
        return self.filters[-1] * height * width


SIZES = {
    "tiny": LipShape(
        frames=8,
        height=8,
        width=8,
        filters=(3,),
        windows=((3, 3, 3),),
        strides=(2,),
        hidden_size=3,
        longest=4,
    ),
    "small": LipShape(),
    "full": LipShape(
        height=50,
        width=100,
        filters=(32, 64, 96),
        windows=((3, 5, 5), (3, 5, 5), (3, 3, 3)),
        hidden_size=256,
    ),
}


def lip_network(
    size: str = "small", *, batch: int | None = None, seed: int = 0, dtype: str | None = None
) -> TrainingGraph:
    """The network with its loss, nats a letter.

    Parameters
    ----------
    size
        A key of `SIZES`: ``"full"`` is LipNet's.
    batch
        B where it is to be static; the backend JAX needs it.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (T, B, height, width)``, a mask ``(B, F)`` for each block, ``labels (B, L)`` and ``label_lengths
        (B,)``, int32; output ``"logits" (T, B, C)``.

    Examples
    --------
    >>> graph = lip_network("tiny", batch=5)
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs]
    ['xs (8, 5, 8, 8)', 'mask1 (5, 3)', 'labels (5, 4)', 'label_lengths (5,)']
    """
    check_choice("size", size, SIZES)
    shape, rng = SIZES[size], np.random.default_rng(seed)
    dtype = dtype or pytensor.config.floatX
    xs = pt.tensor("xs", dtype=dtype, shape=(shape.frames, batch, shape.height, shape.width))
    masks = [
        pt.tensor(f"mask{i}", dtype=dtype, shape=(batch, filters))
        for i, filters in enumerate(shape.filters, 1)
    ]
    labels = pt.tensor("labels", dtype="int32", shape=(batch, shape.longest))
    label_lengths = pt.tensor("label_lengths", dtype="int32", shape=(batch,))
    logits, params = read_lips(xs, masks, shape, rng, dtype)
    # Shorter clips are filled up to T frames before they come here, so all are read to the end.
    whole = pt.zeros_like(label_lengths) + shape.frames
    nats = ctc_loss(logits, labels, whole, label_lengths)
    loss = nats.sum() / label_lengths.sum().astype(dtype)
    return TrainingGraph([xs, *masks, labels, label_lengths], loss, params, {"logits": logits})


def read_lips(
    xs: TensorVariable,
    masks: Sequence[TensorVariable],
    shape: LipShape,
    rng: np.random.Generator,
    dtype: str,
) -> tuple[TensorVariable, list[TensorSharedVariable]]:
    """``logits (T, B, C)`` and the parameters."""

    def weights(layer, *size):
        values = rng.normal(0, np.sqrt(2 / size[0]), size)  # for rectifiers
        w = param(f"{layer}w", size, lambda *_: values, rng, dtype=dtype)
        return w, param(f"{layer}b", size[-1:], zeros, rng, dtype=dtype)

    ys, params = xs.dimshuffle("x", 0, 1, 2, 3), []  # (C, T, B, height, width)
    channels = 1
    blocks = zip(masks, shape.filters, shape.windows, shape.strides, strict=True)
    for i, (mask, filters, window, stride) in enumerate(blocks, 1):
        w, b = weights(f"block{i}.", channels * int(np.prod(window)), filters)
        ys = halved(halved(video_conv(ys, w, window, stride), 3), 4)
        # The bias and the rectifier wait for the maximum, with which they change places.
        ys = relu(ys + b[:, None, None, None, None]) * mask.T[:, None, :, None, None]
        params += [w, b]
        channels = filters
    ys = ys.dimshuffle(1, 2, 0, 3, 4).reshape((shape.frames, -1, shape.features))
    hidden = shape.hidden_size
    layers = [
        [
            GRUCell.create(seen, hidden, rng=rng, name=f"gru{i}.{way}.", dtype=dtype)
            for way in ("forward", "backward")
        ]
        for i, seen in enumerate((shape.features, 2 * hidden), 1)
    ]
    ys = stack(layers, ys)
    w, b = weights("", 2 * hidden, CLASSES)
    cells = [cell for layer in layers for cell in layer]
    return product(ys, w) + b, [*params, *(p for cell in cells for p in cell.params), w, b]


def video_conv(
    xs: TensorVariable, w: TensorVariable, window: tuple[int, int, int], stride: int = 1
) -> TensorVariable:
    """``(F, T, B, *O)``: cross-correlation of ``xs (C, T, B, *S)`` over time and space, with zeros around.

    `window` is odd along each axis; ``w (K*C, F)`` has the rows of the earliest step first, then those of the left
    column, of the upper row, and the first channel.

    Examples
    --------
    Three frames of a pixel, and a window that adds a hundred times the frame before, ten times the frame, the next:

    >>> xs, w = np.arange(1.0, 4.0).reshape(1, 3, 1, 1, 1), np.array([[100.0], [10.0], [1.0]])
    >>> video_conv(pt.as_tensor(xs), pt.as_tensor(w), (3, 1, 1)).eval().ravel()
    array([ 12., 123., 230.])
    """
    steps, rows, columns = window
    channels, frames, batch, height, width = (
        xs.shape[i] if size is None else size for i, size in enumerate(xs.type.shape)
    )
    before, up, left = (size // 2 for size in window)
    padded = (channels, frames + 2 * before, batch, height + 2 * up, width + 2 * left)
    inside = (slice(before, before + frames), slice(None), slice(up, up + height))
    framed = pt.set_subtensor(
        pt.zeros(padded, dtype=xs.type.dtype)[(slice(None), *inside, slice(left, left + width))], xs
    )
    windows = pt.concatenate(taps(framed, 3, rows, stride), axis=0)
    windows = pt.concatenate(taps(windows, 4, columns, stride), axis=0)
    seen, *places = (
        windows.shape[i] if size is None else size for i, size in enumerate(windows.type.shape)
    )
    filters = w.type.shape[1]
    # (steps * F, K*C / steps) @ (K*C / steps, T * B * O): the parts that each step of the window has in the outputs
    by_step = w.reshape((steps, -1, filters)).dimshuffle(0, 2, 1).reshape((steps * filters, -1))
    parts = pt.dot(by_step, windows.reshape((seen, -1))).reshape((steps, filters, *places))
    return reduce(add, [parts[step, :, step : step + frames] for step in range(steps)])


def halved(xs: TensorVariable, axis: int) -> TensorVariable:
    """The larger of every two entries along an axis; a last one without its fellow is left out.

    Examples
    --------
    >>> halved(pt.as_tensor(np.array([1.0, 3.0, 2.0, 0.0, 5.0])), 0).eval()
    array([3., 2.])
    """
    return reduce(pt.maximum, taps(xs, axis, 2, 2))
