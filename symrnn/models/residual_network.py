"""A wide residual network of images: two convolutions a block, added to what the block reads.

After Zagoruyko and Komodakis [1]_, which is He et al. [2]_ made wider: a convolution to 16 channels; three groups of
`blocks` blocks with 16, 32 and 64 channels times `width`, of which the second and the third halve rows and columns;
batch normalization and a rectifier before each further convolution and at the end; the mean over all places; a softmax.
Where a block has more channels than it reads, `shortcut` says how what it reads is added: ``"identity"``, every other
row and column with channels of zeros behind, which has no parameters and is ResNet-20's [3]_, or ``"projection"``, a
convolution of one place.

One builder makes the graph that trains, whose batches are normalized by their own moments, and the one that is tested,
by running averages of those, which the training function updates.

.. [1] Zagoruyko, Komodakis: Wide residual networks. BMVC 2016. arXiv:1605.07146
.. [2] He, Zhang, Ren, Sun: Identity mappings in deep residual networks. ECCV 2016. arXiv:1603.05027
.. [3] He, Zhang, Ren, Sun: Deep residual learning for image recognition. CVPR 2016. arXiv:1512.03385, option A
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.sharedvar import TensorSharedVariable
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import check_choice
from symrnn.graph import TrainingGraph
from symrnn.init import constant, zeros
from symrnn.losses import cross_entropy
from symrnn.ops.batch_norm import moments, normalized, normalized_by
from symrnn.ops.image_conv import image_conv
from symrnn.ops.windows import length
from symrnn.params import param

CLASSES = 10
FIRST = 16  # channels of the first convolution, and of the first group of width 1
GROUPS = 3
SHORTCUTS = ("identity", "projection")
KEPT = 0.9  # of a running average with each batch, as in PyTorch


@dataclass(frozen=True)
class Norm:
    """What one normalization has.

    Attributes
    ----------
    gamma, beta
        Trained.
    mean, variance
        Running averages.
    """

    gamma: TensorSharedVariable
    beta: TensorSharedVariable
    mean: TensorSharedVariable
    variance: TensorSharedVariable


@dataclass(frozen=True)
class Block:
    """Two convolutions and what is before each; `shortcut` where what is read is projected."""

    first: Norm
    w1: TensorSharedVariable  # (3, 3, C, F)
    second: Norm
    w2: TensorSharedVariable  # (3, 3, F, F)
    stride: int
    shortcut: TensorSharedVariable | None = None  # (1, 1, C, F)


@dataclass(frozen=True)
class ResidualNetwork:
    """All that is learned, and the running averages."""

    stem: TensorSharedVariable  # (3, 3, 3, 16)
    blocks: tuple[Block, ...]
    last: Norm
    w: TensorSharedVariable  # (F, K)
    b: TensorSharedVariable  # (K,)

    @property
    def norms(self) -> list[Norm]:
        """In the order in which images pass them."""
        return [
            *(norm for block in self.blocks for norm in (block.first, block.second)),
            self.last,
        ]

    @property
    def params(self) -> list[TensorSharedVariable]:
        """What is trained."""
        found = [self.stem]
        for block in self.blocks:
            shortcut = [] if block.shortcut is None else [block.shortcut]
            found += [block.first.gamma, block.first.beta, block.w1]
            found += [block.second.gamma, block.second.beta, block.w2, *shortcut]
        return [*found, self.last.gamma, self.last.beta, self.w, self.b]

    @property
    def averages(self) -> list[TensorSharedVariable]:
        """The running averages."""
        return [each for norm in self.norms for each in (norm.mean, norm.variance)]

    def logits(
        self, xs: TensorVariable, normalize: Callable[[TensorVariable, Norm], TensorVariable]
    ) -> TensorVariable:
        """``(B, K)`` of images ``(B, Y, X, C)``, with what ``normalize(xs, norm)`` makes before each convolution."""
        ys = image_conv(xs, self.stem)
        for block in self.blocks:
            ys = block_outputs(ys, block, normalize)
        ys = normalize(ys, self.last)
        return pt.dot(ys.mean(axis=(1, 2)), self.w) + self.b


def block_outputs(
    xs: TensorVariable, block: Block, normalize: Callable[[TensorVariable, Norm], TensorVariable]
) -> TensorVariable:
    """What comes out of a block, ``(B, Y / stride, X / stride, F)``."""
    seen = normalize(xs, block.first)
    ys = image_conv(seen, block.w1, stride=block.stride)
    ys = image_conv(normalize(ys, block.second), block.w2)
    if block.shortcut is not None:
        # As in [2]: a projection reads what was normalized, the identity what was not.
        return ys + image_conv(seen, block.shortcut, stride=block.stride)
    return ys + subsampled(xs, block.stride, length(ys, 3))


def subsampled(xs: TensorVariable, stride: int, channels: int) -> TensorVariable:
    """Every `stride`-th row and column, and zeros for the channels that `xs` lacks."""
    if stride > 1:
        xs = xs[:, ::stride, ::stride]
    if (missing := channels - length(xs, 3)) == 0:
        return xs
    lacking = pt.zeros((*(length(xs, axis) for axis in range(3)), missing), dtype=xs.type.dtype)
    return pt.concatenate([xs, lacking], axis=3)


@dataclass
class Maker:
    """Draws the parts of a network."""

    rng: np.random.Generator
    dtype: str
    made: list[TensorSharedVariable] = field(default_factory=list)

    def filters(self, name: str, window: int, channels: int, count: int) -> TensorSharedVariable:
        """Normal numbers for rectifiers [1]_.

        .. [1] He, Zhang, Ren, Sun: Delving deep into rectifiers. ICCV 2015. arXiv:1502.01852
        """
        shape = (window, window, channels, count)
        values = self.rng.normal(0, np.sqrt(2 / (window * window * channels)), shape)
        return param(name, shape, lambda *_: values, self.rng, dtype=self.dtype)

    def norm(self, name: str, channels: int) -> Norm:
        """One that leaves what has mean 0 and variance 1 as it is."""
        starts = {"gamma": constant(1.0), "beta": zeros, "mean": zeros, "variance": constant(1.0)}
        return Norm(
            *(
                param(f"{name}.{part}", (channels,), init, self.rng, dtype=self.dtype)
                for part, init in starts.items()
            )
        )

    def network(self, blocks: int, width: int, first: int, shortcut: str) -> ResidualNetwork:
        """With fresh parameters."""
        stem = self.filters("stem.w", 3, 3, first)
        made = tuple(self.blocks(blocks, width, first, shortcut))
        channels = width * first << (GROUPS - 1)
        w = self.rng.normal(0, np.sqrt(1 / channels), (channels, CLASSES))
        return ResidualNetwork(
            stem,
            made,
            self.norm("last", channels),
            param("w", w.shape, lambda *_: w, self.rng, dtype=self.dtype),
            param("b", (CLASSES,), zeros, self.rng, dtype=self.dtype),
        )

    def blocks(self, count: int, width: int, first: int, shortcut: str) -> Iterator[Block]:
        """Group by group."""
        channels = first
        for group in range(GROUPS):
            filters = width * first << group
            for i in range(count):
                name, stride = f"group{group + 1}.block{i + 1}.", 2 if group and not i else 1
                is_projected = shortcut == "projection" and channels != filters
                yield Block(
                    self.norm(f"{name}first", channels),
                    self.filters(f"{name}w1", 3, channels, filters),
                    self.norm(f"{name}second", filters),
                    self.filters(f"{name}w2", 3, filters, filters),
                    stride,
                    self.filters(f"{name}shortcut", 1, channels, filters) if is_projected else None,
                )
                channels = filters


def residual_network(
    blocks: int = 3,
    width: int = 1,
    *,
    channels: int = FIRST,
    shortcut: str = "identity",
    image_size: int = 32,
    batch: int | None = None,
    seed: int = 0,
    dtype: str | None = None,
) -> TrainingGraph:
    """The network with its loss, nats an image.

    Parameters
    ----------
    blocks, width
        Of each group, and how many times as wide as ResNet-20: 3 and 1 for ResNet-20, 3 and 6 for WRN-22-6.
    channels
        Of the first convolution.
    shortcut
        ``"identity"`` or ``"projection"``.
    image_size
        Y and X.
    batch
        B where it is to be static; the backend JAX needs it.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (B, Y, X, 3)`` and ``labels (B,)``, int32; the loss of batches that are normalized by their own
        moments; output ``"logits" (B, K)`` by the running averages, which are carried.

    Examples
    --------
    >>> graph = residual_network(blocks=1)
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs]
    ['xs (None, 32, 32, 3)', 'labels (None,)']
    >>> sum(p.get_value().size for p in residual_network().params)
    269722
    """
    check_choice("shortcut", shortcut, SHORTCUTS)
    dtype = dtype or pytensor.config.floatX
    maker = Maker(np.random.default_rng(seed), dtype)
    network = maker.network(blocks, width, channels, shortcut)
    xs = pt.tensor("xs", dtype=dtype, shape=(batch, image_size, image_size, 3))
    labels = pt.tensor("labels", dtype="int32", shape=(batch,))
    seen: list[TensorVariable] = []

    def by_batch(ys: TensorVariable, norm: Norm) -> TensorVariable:
        # In the order in which images pass the norms, which is that of `norms`: `averaged` pairs them by it.
        seen.append(ys)
        return normalized(ys, norm.gamma, norm.beta)

    def by_averages(ys: TensorVariable, norm: Norm) -> TensorVariable:
        return normalized_by(ys, norm.gamma, norm.beta, norm.mean, norm.variance)

    loss = cross_entropy(network.logits(xs, by_batch), labels)
    return TrainingGraph(
        [xs, labels],
        loss,
        network.params,
        {"logits": network.logits(xs, by_averages)},
        carried=averaged(network.norms, seen),
        averages=network.averages,
    )


def averaged(
    norms: Sequence[Norm], seen: Sequence[TensorVariable]
) -> dict[TensorSharedVariable, TensorVariable]:
    """The running averages after a batch of which each norm has seen its array."""
    found = {}
    for norm, xs in zip(norms, seen, strict=True):
        for average, now in zip((norm.mean, norm.variance), moments(xs), strict=True):
            kept = pt.constant(KEPT, dtype=average.type.dtype)
            found[average] = kept * average + (1 - kept) * now
    return found
