"""Temporal convolutional networks: residual blocks of dilated causal convolutions [1]_.

A block holds two convolutions of one dilation, each with weight normalisation [2]_, a rectifier and spatial dropout,
and adds what it was given to what they make of it. The dilation doubles from block to block: what a step sees grows
exponentially with depth, the graph in a line.

All convolutions but the first have the same shape. Their weights are stacked, so that they are normalised, and updated
by the training's rule, as one parameter: there are eight parameters, whatever the depth.

Notes
-----
As in the authors' program, with three differences. The first block always has a convolution of width 1 on its way
around, also where the widths agree. Weights are drawn with variance ``2 / (K * C)`` (He et al. 2015) instead of
0.0001, of which weight normalisation would keep the length alone. Dropout masks are inputs of the graph: 0 where a
channel is dropped for all steps, ``1 / (1 - rate)`` where it is kept, and ones to test with.

.. [1] Bai, Kolter, Koltun: An empirical evaluation of generic convolutional and recurrent networks for sequence
   modeling. arXiv:1803.01271
.. [2] Salimans, Kingma: Weight normalization. NIPS 2016. arXiv:1602.07868
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError
from symrnn.init import zeros
from symrnn.models.weights import weights_of
from symrnn.ops.activations import relu
from symrnn.ops.windows import length, taps
from symrnn.params import param
from symrnn.typing import Shape


def receptive_field(window: int, depth: int) -> int:
    """Steps that a step's output sees, itself included: ``1 + 2 (K - 1) (2**depth - 1)``.

    Examples
    --------
    >>> receptive_field(window=3, depth=4)
    61
    """
    return 1 + 2 * (window - 1) * (2**depth - 1)


def causal_conv(
    xs: TensorVariable, w: TensorVariable, *, window: int, dilation: int = 1
) -> TensorVariable:
    """``ys[t] = sum over k of xs[t - (K - 1 - k) * dilation] @ w[k]``, with zeros before the first step.

    Parameters
    ----------
    xs
        ``(T, B, C)``.
    w
        ``(K*C, F)``; the last C rows are for the step itself.

    Returns
    -------
    ``(T, B, F)``

    Examples
    --------
    >>> xs, w = np.arange(1.0, 5.0).reshape(4, 1, 1), np.array([[10.0], [1.0]])
    >>> causal_conv(pt.as_tensor(xs), pt.as_tensor(w), window=2, dilation=2).eval().ravel()
    array([ 1.,  2., 13., 24.])
    """
    xs, w = pt.as_tensor(xs), pt.as_tensor(w)
    if window > 1:
        behind = pt.zeros(
            (dilation * (window - 1), length(xs, 1), length(xs, 2)), dtype=xs.type.dtype
        )
        padded = pt.join(0, behind, xs)
        # The K steps that a filter sees, side by side: the convolution is one product.
        xs = pt.join(2, *taps(padded, 0, window, dilation=dilation))
    return product(xs, w)


def product(xs: TensorVariable, w: TensorVariable) -> TensorVariable:
    """``xs (T, B, C) @ w (C, F)`` as one GEMM."""
    rows = pt.dot(xs.reshape((-1, length(xs, 2))), w)
    return rows.reshape((length(xs, 0), length(xs, 1), length(w, 1)))


class NormedFilters(NamedTuple):
    """The filters of N convolutions of one shape, ``g * v / norm(v)``, and their biases."""

    v: TensorVariable  # (N, K*C, F), directions
    g: TensorVariable  # (N, F), lengths
    b: TensorVariable  # (N, F)

    @classmethod
    def create(
        cls, name: str, shape: Shape, rng: np.random.Generator, dtype: str | None
    ) -> "NormedFilters":
        """Filters for rectified layers, of `shape` ``(N, K*C, F)``."""
        directions = rng.normal(0, np.sqrt(2 / shape[1]), shape)
        # So long that the filters begin as they were drawn.
        lengths = np.sqrt((directions**2).sum(axis=1))
        return cls(
            param(f"{name}.v", shape, lambda *_: directions, rng, dtype=dtype),
            param(f"{name}.g", lengths.shape, lambda *_: lengths, rng, dtype=dtype),
            param(f"{name}.b", lengths.shape, zeros, rng, dtype=dtype),
        )

    def each(self) -> list[tuple[TensorVariable, TensorVariable]]:
        """``(w (K*C, F), b (1, F))`` of each convolution."""
        count, height, filters = self.v.type.shape
        # All filters at once, then cut: the graph has one normalisation, whatever the depth.
        scale = self.g / pt.sqrt((self.v**2).sum(axis=1))
        w = (self.v * scale[:, None, :]).reshape((count * height, filters))
        return list(zip(parts(w, count), parts(self.b, count), strict=True))


def parts(x: TensorVariable, count: int) -> list[TensorVariable]:
    """The first axis cut into `count` equal parts, by one node."""
    return [x] if count == 1 else pt.split(x, [x.type.shape[0] // count] * count, axis=0)


@dataclass(frozen=True)
class TCN:
    """The network without what reads its outputs.

    Attributes
    ----------
    first, others
        The first convolution, ``D`` to ``C`` channels, and the ``2 * depth - 1`` others.
    w_skip, b_skip
        ``(D, C)`` and ``(C,)``, the first block's way around.
    window
        K, steps that a convolution sees.

    Examples
    --------
    >>> tcn = TCN.create(3, 8, depth=2, window=2, rng=0)
    >>> xs, masks = pt.tensor("xs", shape=(10, 5, 3)), pt.tensor("masks", shape=(tcn.masks, 5, 8))
    >>> tcn.outputs(xs, masks).type.shape
    (10, 5, 8)
    """

    first: NormedFilters
    others: NormedFilters
    w_skip: TensorVariable
    b_skip: TensorVariable
    window: int

    @classmethod
    def create(
        cls,
        input_size: int,
        channels: int,
        *,
        depth: int,
        window: int,
        rng: np.random.Generator | int,
        name: str = "tcn.",
        dtype: str | None = None,
    ) -> "TCN":
        """`depth` blocks with fresh parameters; `rng` is a `numpy.random.Generator` or a seed."""
        for argument, size in (("depth", depth), ("window", window), ("channels", channels)):
            if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
                raise UserError(f"{argument} must be a whole number of at least 1, but is {size!r}")
        rng = np.random.default_rng(rng)
        shapes = (1, window * input_size, channels), (2 * depth - 1, window * channels, channels)
        first, others = (
            NormedFilters.create(f"{name}{part}", shape, rng, dtype)
            for part, shape in zip(("first", "others"), shapes, strict=True)
        )
        w_skip = param(
            f"{name}w_skip",
            (input_size, channels),
            lambda shape, rng: rng.normal(0, np.sqrt(1 / input_size), shape),
            rng,
            dtype=dtype,
        )
        return cls(
            first,
            others,
            w_skip,
            param(f"{name}b_skip", (channels,), zeros, rng, dtype=dtype),
            window,
        )

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight."""
        return weights_of(self)

    @property
    def depth(self) -> int:
        """Blocks."""
        return (1 + self.others.v.type.shape[0]) // 2

    @property
    def masks(self) -> int:
        """Dropout masks that `outputs` takes."""
        return 2 * self.depth

    def outputs(self, xs: TensorVariable, masks: TensorVariable) -> TensorVariable:
        """``(T, B, C)`` from ``xs (T, B, D)`` and ``masks (2 * depth, B, C)``."""
        convs = zip(
            [*self.first.each(), *self.others.each()], parts(masks, self.masks), strict=True
        )
        around = product(xs, self.w_skip) + self.b_skip
        for block in range(self.depth):
            for _ in range(2):
                (w, b), mask = next(convs)
                xs = mask * relu(causal_conv(xs, w, window=self.window, dilation=2**block) + b)
            xs = around = relu(xs + around)
        return xs
