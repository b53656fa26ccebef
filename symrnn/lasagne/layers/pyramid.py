"""Spatial pyramid pooling: images of any size to rows of one size."""

import pytensor.tensor as pt

from symrnn.ops.windows import length

from .base import Layer

REDUCTIONS = {"max": pt.max, "average_inc_pad": pt.mean, "average_exc_pad": pt.mean}


class SpatialPyramidPoolingLayer(Layer):
    """(B, C, H, W) pooled to ``n * n`` regions for every ``n`` in `pool_dims`, all in one row: (B, C, sum of
    squares) [1]_.

    ``implementation="fast"`` takes windows of one size and stride; ``"kaiming"`` takes regions that cover the
    image as the
    paper has them, from ``floor(i * H / n)`` to ``ceil((i + 1) * H / n)``.

    .. [1] He, Zhang, Ren, Sun: Spatial pyramid pooling in deep convolutional networks. ECCV 2014.
    """

    def __init__(self, incoming, pool_dims=[4, 2, 1], mode="max", implementation="fast", **kwargs):  # noqa: B006
        super().__init__(incoming, **kwargs)
        if len(self.input_shape) != 4:
            raise ValueError(f"Tried to create a SPP layer with input shape {self.input_shape}. Expected 4 "
                             f"input dimensions"
                             " (batchsize, channels, 2 spatial dimensions).")  # fmt: skip
        if implementation not in ("fast", "kaiming"):
            raise ValueError(
                f"implementation must be 'fast' or 'kaiming', but is {implementation!r}"
            )
        self.mode = mode
        self.implementation = implementation
        self.pool_dims = pool_dims

    def get_output_for(self, input, **kwargs):
        bounds = windows if self.implementation == "fast" else cover
        levels = [pooled_regions(input, n, self.mode, bounds) for n in self.pool_dims]
        return pt.concatenate([pt.as_tensor(level).flatten(3) for level in levels], axis=2)

    def get_output_shape_for(self, input_shape):
        return (*input_shape[:2], sum(n * n for n in self.pool_dims))


def pool_2d_nxn_regions(inputs, output_size, mode="max"):
    """The regions of `inputs` (B, C, H, W) that cover it in `output_size` rows and columns, pooled: a list of
    (B, C, 1), row by row."""
    pooled = pooled_regions(inputs, output_size, mode, cover)
    return [pooled[:, :, i, j, None] for i in range(output_size) for j in range(output_size)]


def pooled_regions(xs, n, mode, bounds):
    """`xs` (B, C, H, W) pooled to (B, C, n, n); `bounds` gives the regions of an axis."""
    if mode not in REDUCTIONS:
        raise ValueError(
            f"Mode must be either 'max', 'average_inc_pad' or 'average_exc_pad'. Got {mode!r}"
        )
    for axis in (2, 3):
        before = (slice(None),) * axis
        regions = [xs[(*before, slice(first, stop))] for first, stop in bounds(length(xs, axis), n)]
        xs = pt.stack([REDUCTIONS[mode](region, axis=axis) for region in regions], axis=axis)
    return xs


def windows(size, n):
    """`n` windows of ``ceil(size / n)`` entries, ``floor(size / n)`` apart."""
    window, stride = (size + n - 1) // n, size // n
    return [(i * stride, i * stride + window) for i in range(n)]


def cover(size, n):
    """`n` regions that cover an axis, overlapping where they do not divide it."""
    return [(i * size // n, ((i + 1) * size + n - 1) // n) for i in range(n)]
