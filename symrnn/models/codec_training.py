"""The recurrent codec with its loss: what is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from symrnn.graph import TrainingGraph
from symrnn.models.codec_network import COLOURS, CodecNetwork, CodecShape
from symrnn.ops.scan import Loop, plain_scan, static_loop
from symrnn.ops.similarity import dissimilarity, halved

LOOPS: dict[str, Loop] = {"static": static_loop, "scan": plain_scan}
LOSSES = ("local", "similarity")
PLAIN = 0.5  # how much the plain error counts beside the dissimilarity
COUNTED = (0.15, 0.3, 0.3, 0.25)  # how much the errors of each scale count, finest first


def codec(
    shape: CodecShape,
    *,
    batch: int,
    patch: int,
    iterations: int,
    cell: str = "gru",
    reconstruction: str = "additive",
    walk: str = "static",
    loss: str = "local",
    seed: int = 0,
    dtype: str | None = None,
) -> TrainingGraph:
    """The network of `shape` with its loss, over `iterations` steps.

    Parameters
    ----------
    batch, patch
        B, and pixels a side.
    cell, reconstruction
        As for `CodecNetwork.create`.
    walk
        A key of `LOOPS`: the steps written out, or as a scan.
    loss
        ``"local"``: `weighed`; ``"similarity"``: `unlike`.
    dtype
        Of inputs and parameters; `pytensor.config.floatX` unless given.

    Returns
    -------
    TrainingGraph
        Inputs ``xs (B, 3, patch, patch)``, ``us (T, B, C, *S)`` for `symrnn.ops.blocks.binarized`, and of a ``"local"``
        loss for each scale the weights of its errors; outputs ``"pictures" (T, B, 3, patch, patch)`` and
        ``"bits" (T, B, C, *S)``.

    Examples
    --------
    >>> from symrnn.models.codec_network import SIZES
    >>> graph = codec(SIZES["tiny"], batch=2, patch=8, iterations=3)
    >>> [f"{var.name} {var.type.shape}" for var in graph.inputs][:2]
    ['xs (2, 3, 8, 8)', 'us (3, 2, 2, 2, 2)']
    """
    dtype = dtype or pytensor.config.floatX
    net = CodecNetwork.create(
        shape,
        cell=cell,
        reconstruction=reconstruction,
        rng=np.random.default_rng(seed),
        dtype=dtype,
    )
    xs = pt.tensor("xs", dtype=dtype, shape=(batch, COLOURS, patch, patch))
    side = patch // shape.block
    us = pt.tensor("us", dtype=dtype, shape=(iterations, batch, shape.channels, side, side))
    weights = [
        pt.tensor(f"weights{i}", dtype=dtype, shape=(batch, COLOURS, patch >> i, patch >> i))
        for i in range(len(COUNTED) if loss == "local" else 0)
    ]
    told = net.coded(xs, us, loop=LOOPS[walk])
    error = weighed(xs, told.pictures, weights) if weights else unlike(xs, told.pictures)
    return TrainingGraph(
        [xs, us, *weights], error, net.params, {"pictures": told.pictures, "bits": told.bits}
    )


def unlike(xs: TensorVariable, pictures: TensorVariable) -> TensorVariable:
    """The mean over steps of the logarithm of how unlike their pictures are, with some of their plain error.

    A logarithm, so that a step counts by the part that it takes of what the ones before have left: otherwise the first
    ones, which leave most, are all that is learned.
    """
    return pt.log(distortion(xs, pictures)).mean()


def distortion(xs: TensorVariable, pictures: TensorVariable) -> TensorVariable:
    """``(T,)``: how unlike each step's ``pictures (T, B, C, height, width)`` are, and `PLAIN` of their mean |error|."""
    plain = np.asarray(PLAIN, xs.type.dtype) * abs(xs[None] - pictures).mean((1, 2, 3, 4))
    return dissimilarity(xs[None], pictures).mean((1, 2)) + plain


def weighed(
    xs: TensorVariable, pictures: TensorVariable, weights: Sequence[TensorVariable]
) -> TensorVariable:
    """The mean of ``|xs - pictures|`` over steps and scales, each times its weights."""
    errors: Any = xs[None] - pictures
    total: Any = 0
    for scale, (counted, weight) in enumerate(zip(COUNTED, weights, strict=True)):
        if scale:
            errors = halved(errors)
        total = total + np.asarray(counted, xs.type.dtype) * (abs(errors) * weight[None]).mean()
    return total
