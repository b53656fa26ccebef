"""A one-shot image autoencoder: a picture in whole numbers, which a learned model says the price of.

After Ballé et al. [1]_: an analysis by convolutions makes numbers of a picture, a synthesis a picture of them; what is
trained is the error and the bits that the numbers, rounded, take by the model of them. Rounding is noise while
training. Two models: ``factorised``, each channel a logistic distribution of its own, and ``masked`` [2]_, whose means
and widths a convolution tells from numbers that come before, row by row.

With ``kept`` below 1 the numbers are pruned by alternating directions [3]_: they are drawn to their projection on codes
of which only that share is not zero, and a multiplier, carried from batch to batch, adds up by how much they miss it.

.. [1] Ballé, Laparra, Simoncelli: End-to-end optimized image compression. ICLR 2017. arXiv:1611.01704
.. [2] Mentzer, Agustsson, Tschannen, Timofte, Van Gool: Conditional probability models for deep image compression. CVPR
   2018. arXiv:1801.04260
.. [3] Zhao, Peng, Wang, Wang: CAE-ADMM: implicit bitrate optimization via ADMM-based pruning in compressive
autoencoders.
   arXiv:1901.07196 (2019)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.graph import TrainingGraph
from symrnn.init import zeros
from symrnn.models.codec_network import COLOURS, POINT, Filters, lapped
from symrnn.models.codec_training import COUNTED, distortion, weighed
from symrnn.models.weights import weights_of
from symrnn.ops.activations import relu, sigmoid
from symrnn.ops.products import Convolution
from symrnn.params import param

PRIORS = ("factorised", "masked")
CAUSAL = Convolution((5, 5))
LEAST = 1e-6  # of a probability
RHO = 0.01  # how strongly numbers are drawn to their projection


@dataclass(frozen=True)
class AutoencoderShape:
    """Hidden channels, numbers of a place, and pixels a side of a place."""

    hidden: int = 64
    channels: int = 16
    block: int = 8


SIZES = {
    "tiny": AutoencoderShape(4, 2, 4),
    "small": AutoencoderShape(),
    # as many weights as the recurrent codec's "small"
    "medium": AutoencoderShape(256, 32),
}


@dataclass(frozen=True)
class Autoencoder:
    """The network, whose pictures ``(B, 3, height, width)`` lie in [-0.5, 0.5]."""

    first: Filters
    seen: Filters
    code: Filters
    spread: Filters
    made: Filters
    head: Filters
    prior: tuple[
        Any, ...
    ]  # factorised: mean and logarithm of the width, (C,); masked: two `Filters`
    shape: AutoencoderShape

    @classmethod
    def create(
        cls, shape: AutoencoderShape, *, prior: str = "factorised", rng: np.random.Generator, dtype: str
    ) -> "Autoencoder":  # fmt: skip
        """A network with fresh parameters."""
        hidden, channels, block = shape.hidden, shape.channels, shape.block

        def filtered(name, product, seen, made):
            return Filters.create(f"{name}.", product, seen, made, rng, dtype)

        around, lapping = Convolution((3, 3)), Convolution((2 * block, 2 * block), block)
        parts = (
            filtered("first", lapping, COLOURS, hidden),
            filtered("seen", around, hidden, hidden),
            filtered("code", POINT, hidden, channels),
            filtered("spread", POINT, channels, hidden),
            filtered("made", around, hidden, hidden),
            filtered("head", Convolution((2, 2)), hidden, COLOURS * block**2),
        )
        if prior == "masked":
            models = (
                filtered("before", CAUSAL, channels, hidden),
                filtered("odds", POINT, hidden, 2 * channels),
            )
            return cls(*parts, models, shape)
        made = [
            param(f"prior.{name}", (channels,), zeros, rng, dtype=dtype)
            for name in ("mean", "width")
        ]
        return cls(*parts, tuple(made), shape)

    @property
    def params(self) -> list[TensorSharedVariable]:
        """Every weight."""
        return weights_of(self)

    def codes(self, xs: TensorVariable) -> TensorVariable:
        """``(B, C, *S)``: numbers that are to be rounded."""
        ys = relu(self.first.of(4 * xs))
        return self.code.of(ys + relu(self.seen.of(ys)))

    def pictures(self, codes: TensorVariable) -> TensorVariable:
        """``(B, 3, height, width)``."""
        ys = relu(self.spread.of(codes))
        return 0.25 * lapped(self.head, ys + relu(self.made.of(ys)), self.shape.block)

    def prices(self, codes: TensorVariable) -> TensorVariable:
        """``(B, C, *S)``: the bits of each number."""
        mean, width = self.odds(codes)
        low, high = ((codes - mean + half) * pt.exp(-width) for half in (-0.5, 0.5))
        # Of two numbers above the mean the difference of what is left above them: no digits cancel.
        sign = pt.switch(codes > mean, -1.0, 1.0).astype(codes.type.dtype)
        share = abs(sigmoid(sign * high) - sigmoid(sign * low))
        return -pt.log2(pt.maximum(share, np.asarray(LEAST, codes.type.dtype)))

    def odds(self, codes: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
        """Mean and logarithm of the width of each number's distribution."""
        first, second = self.prior
        if not isinstance(first, Filters):
            return first[None, :, None, None], second[None, :, None, None]
        mask = pt.as_tensor(causal_rows(self.shape.channels), dtype=codes.type.dtype)
        before = relu(CAUSAL.of(codes, first.w * mask[:, None]) + first.b[None, :, None, None])
        both, count = second.of(before), self.shape.channels
        return both[:, :count], both[:, count:]


def causal_rows(channels: int) -> np.ndarray:
    """``(K*C,)``: 1 for the rows of filters that see numbers of rows above, or to the left in the same row.

    Examples
    --------
    >>> causal_rows(1).reshape(5, 5).T.astype(int).tolist()[2]
    [1, 1, 0, 0, 0]
    """
    rows, columns = (size // 2 for size in CAUSAL.window)
    down, right = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    comes_before = (down < 0) | ((down == 0) & (right < 0))
    # the last axis of the window slowest, channels fastest
    return np.repeat(comes_before.T.ravel(), channels).astype("float32")


def autoencoder(
    shape: AutoencoderShape,
    *,
    batch: int,
    patch: int,
    price: float = 0.01,
    prior: str = "factorised",
    kept: float = 1.0,
    loss: str = "local",
    seed: int = 0,
    dtype: str | None = None,
) -> TrainingGraph:
    """The network with its loss: the error, one of the recurrent codec's, and `price` a bit a pixel.

    Parameters
    ----------
    batch, patch
        B, and pixels a side.
    price
        What a bit a pixel must take off the error to be worth it: where training ends, the slope of the error over the
        rate is ``-price``.
    loss
        The error: ``"local"`` is `symrnn.models.codec_training.weighed`, ``"similarity"`` its `distortion`, not its
        logarithm, which the steps of the recurrent codec need.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (B, 3, patch, patch)``, ``noise (B, C, *S)``, and of a ``"local"`` loss the weights of errors of
        each scale. Outputs ``"pictures"``, ``"codes"`` (rounded), ``"error"`` and ``"bits"``, of a pixel, of the
        rounded codes.

    Examples
    --------
    >>> graph = autoencoder(SIZES["tiny"], batch=2, patch=64, loss="similarity")
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs]
    ['xs (2, 3, 64, 64)', 'noise (2, 2, 16, 16)']
    """
    dtype = dtype or pytensor.config.floatX
    net = Autoencoder.create(shape, prior=prior, rng=np.random.default_rng(seed), dtype=dtype)
    side = patch // shape.block
    xs = pt.tensor("xs", dtype=dtype, shape=(batch, COLOURS, patch, patch))
    noise = pt.tensor("noise", dtype=dtype, shape=(batch, shape.channels, side, side))
    weights = [
        pt.tensor(f"weights{i}", dtype=dtype, shape=(batch, COLOURS, patch >> i, patch >> i))
        for i in range(len(COUNTED) if loss == "local" else 0)
    ]

    def error(pictures: TensorVariable) -> TensorVariable:
        told = pictures[None]  # as the one step of a recurrent codec
        return weighed(xs, told, weights) if weights else distortion(xs, told)[0]

    codes = net.codes(xs)
    noisy = codes + noise
    pixels = np.asarray(batch * patch**2, dtype)
    total = error(net.pictures(noisy)) + np.asarray(price, dtype) * net.prices(noisy).sum() / pixels
    carried: dict[Any, Any] = {}
    if kept < 1:
        drawn, carried = pruned(codes, kept, dtype)
        total = total + drawn
    rounded = pt.round(codes)
    shown = net.pictures(rounded)
    outputs = {
        "pictures": shown,
        "codes": rounded,
        "error": error(shown),
        "bits": net.prices(rounded).sum() / pixels,
    }
    return TrainingGraph([xs, noise, *weights], total, net.params, outputs, carried)


def pruned(codes: TensorVariable, kept: float, dtype: str) -> tuple[TensorVariable, dict[Any, Any]]:
    """What is added to the loss, and the multiplier's next value.

    ``rho / 2 * mean((codes - projection + multiplier)**2)``; ``multiplier := codes + multiplier - projection``.

    The projection of ``codes + multiplier`` keeps the share `kept` of largest size, and is zero elsewhere.
    """
    size = codes.type.shape
    multiplier = pytensor.shared(np.zeros(size, dtype), name="multiplier", shape=size)
    wanted = disconnected_grad(codes) + multiplier
    sizes = pt.sort(abs(wanted).ravel())
    least = sizes[max(0, round((1 - kept) * int(np.prod(size))) - 1)]
    projection = pt.switch(abs(wanted) > least, wanted, np.asarray(0, dtype))
    drawn = np.asarray(RHO / 2, dtype) * ((codes - projection + multiplier) ** 2).mean()
    return drawn, {multiplier: wanted - projection}
