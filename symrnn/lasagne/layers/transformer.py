"""Spatial transformers: layers that sample an image where another network says.

Coordinates run from -1 to 1 over each axis. Shapes: images (B, C, H, W), sampling points ``P = H' * W'``.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..utils import as_tuple, floatX
from .base import MergeLayer

BORDER_MODES = ("nearest", "mirror", "wrap")


class TransformerLayer(MergeLayer):
    """The image sampled on a grid that six numbers an item move, turn, scale and shear [1]_.

    `localization_network` gives the numbers, an affine map (2, 3) row by row, from output to input coordinates.
    The output is
    `downsample_factor` times smaller. `border_mode` says what lies outside: the ``"nearest"`` pixel, the image's
    ``"mirror"`` image, or its repetition (``"wrap"``).

    .. [1] Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial transformer networks. NIPS 2015.
    """

    def __init__(
        self, incoming, localization_network, downsample_factor=1, border_mode="nearest", **kwargs
    ):
        super().__init__([incoming, localization_network], **kwargs)
        self.downsample_factor = as_tuple(downsample_factor, 2)
        self.border_mode = border_mode
        input_shape, localization_shape = self.input_shapes
        if localization_shape[-1] != 6 or len(localization_shape) != 2:
            raise ValueError(
                f"The localization network must have output shape (batch_size, 6), but has {localization_shape}"
            )
        check_image(input_shape)

    def get_output_shape_for(self, input_shapes):
        return downsampled_shape(input_shapes[0], self.downsample_factor)

    def get_output_for(self, inputs, **kwargs):
        image, theta = inputs
        height, width = downsampled_size(image, self.downsample_factor)
        points = pt.dot(theta.reshape((-1, 2, 3)), grid(height, width))  # (B, 2, P)
        return sampled(
            image, points[:, 0].flatten(), points[:, 1].flatten(), height, width, self.border_mode
        )


def check_image(shape):
    """Refuse inputs that are no images."""
    if len(shape) != 4:
        raise ValueError(f"The input network must have a 4-dimensional output shape: (batch_size, num_input_channels,"
                         f" input_rows, input_columns), but has {shape}")  # fmt: skip


def downsampled_shape(shape, factor):
    """The shape of images made smaller by `factor`."""
    return (
        *shape[:2],
        *(
            None if size is None else int(size / f)
            for size, f in zip(shape[2:], factor, strict=True)
        ),
    )


def downsampled_size(image, factor):
    """Height and width of `image` made smaller by `factor`, as expressions."""
    return tuple(pt.cast(image.shape[2 + i] / factor[i], "int64") for i in range(2))


def linspace(points, dtype):
    """`points` numbers from -1 to 1."""
    return pt.arange(points).astype(dtype) * (2 / pt.cast(points - 1, dtype)) - 1


def grid(height, width, dtype=None):
    """The coordinates (x, y, 1) of every pixel, row by row, as (3, P)."""
    x, y = (linspace(size, dtype or pytensor.config.floatX) for size in (width, height))
    xs = pt.tile(x, height)
    ys = pt.repeat(y, width)
    return pt.stack([xs, ys, pt.ones_like(xs)])


def sampled(image, x, y, height, width, border_mode):
    """`image` (B, C, H, W) at the points ``x, y`` (B * P), each weighed from the four pixels around it: (B, C,
    H', W')."""
    if border_mode not in BORDER_MODES:
        raise ValueError(f"border_mode must be one of {BORDER_MODES}, but is {border_mode!r}")
    batch, channels, rows, columns = (image.shape[i] for i in range(4))
    x0, x1, x_share = neighbours((x + 1) / 2, columns, border_mode)
    y0, y1, y_share = neighbours((y + 1) / 2, rows, border_mode)
    pixels = image.dimshuffle(0, 2, 3, 1).reshape((-1, channels))  # (B * H * W, C)
    # The row of `pixels` where an image begins, once for each of its points.
    start = pt.repeat(pt.arange(batch) * rows * columns, height * width)

    def pixel(row, column):
        return pixels[start + row * columns + column]

    x_share, y_share = x_share[:, None], y_share[:, None]
    upper = (1 - x_share) * pixel(y0, x0) + x_share * pixel(y0, x1)
    lower = (1 - x_share) * pixel(y1, x0) + x_share * pixel(y1, x1)
    result = (1 - y_share) * upper + y_share * lower
    return result.reshape((batch, height, width, channels)).dimshuffle(0, 3, 1, 2)


def neighbours(share, size, border_mode):
    """The pixels on both sides of the points at `share` (0 to 1) of an axis, and how far from the first each lies."""
    last = pt.cast(size - 1, pytensor.config.floatX)
    place = share * last
    if border_mode == "nearest":
        place = pt.clip(place, 0, last)
    elif border_mode == "mirror":
        period = 2 * last
        place = pt.minimum(place % period, -place % period)
    first = pt.floor(place)
    second = first + 1
    if border_mode == "wrap":
        extent = pt.cast(size, pytensor.config.floatX)
        indices = (first % extent, second % extent)
    else:
        indices = (first, pt.minimum(second, last))
    return (*(pt.cast(index, "int64") for index in indices), place - first)


class TPSTransformerLayer(MergeLayer):
    """The image sampled on a grid that a thin-plate spline bends [1]_.

    `localization_network` gives, for `control_points` points on a square grid, first all horizontal and then all
    vertical
    offsets. `precompute_grid` takes the spline's basis as a constant, which needs a known image size;
    ``"auto"`` does where it is known. See `TransformerLayer` for the rest.

    .. [1] Bookstein: Principal warps: thin-plate splines and the decomposition of deformations. IEEE TPAMI 11 (1989).
    """

    def __init__(
        self,
        incoming,
        localization_network,
        downsample_factor=1,
        control_points=16,
        precompute_grid="auto",
        border_mode="nearest",
        **kwargs,
    ):
        super().__init__([incoming, localization_network], **kwargs)
        self.border_mode = border_mode
        self.downsample_factor = as_tuple(downsample_factor, 2)
        self.control_points = control_points
        input_shape, localization_shape = self.input_shapes
        if localization_shape[-1] != 2 * control_points or len(localization_shape) != 2:
            raise ValueError(f"The localization network must have output shape (batch_size, 2*control_points), but has"
                             f" {localization_shape} for {control_points} points")  # fmt: skip
        if round(np.sqrt(control_points)) ** 2 != control_points:
            raise ValueError(
                f"The number of control points must be a perfect square, but is {control_points}"
            )
        check_image(input_shape)
        size_is_known = None not in input_shape[2:]
        if precompute_grid is True and not size_is_known:
            raise ValueError(
                f"Grid can only be precomputed if the input size is known, but the input shape is {input_shape}"
            )
        self.precompute_grid = size_is_known if precompute_grid == "auto" else precompute_grid
        self.source_points = control_grid(control_points)  # (2, N)
        # The first three right sides are zero, so what the inverse has for them is never asked.
        self.solution = np.linalg.inv(spline_system(self.source_points))[:, 3:].T  # (N, N + 3)
        self.weights = None
        if self.precompute_grid:
            height, width = downsampled_shape(input_shape, self.downsample_factor)[2:]
            basis = spline_basis(pixel_grid(height, width), self.source_points, np)
            self.weights = floatX(self.solution @ basis)  # (N, P)

    def get_output_shape_for(self, input_shapes):
        return downsampled_shape(input_shapes[0], self.downsample_factor)

    def get_output_for(self, inputs, **kwargs):
        image, offsets = inputs
        height, width = downsampled_size(image, self.downsample_factor)
        weights = self.weights
        if weights is None:
            basis = spline_basis(grid(height, width, "float64")[:2], self.source_points, pt)
            weights = pt.cast(pt.dot(self.solution, basis), pytensor.config.floatX)
        targets = offsets.reshape((-1, 2, self.control_points)) + floatX(
            self.source_points
        )  # (B, 2, N)
        points = pt.dot(targets, weights)  # (B, 2, P)
        return sampled(
            image, points[:, 0].flatten(), points[:, 1].flatten(), height, width, self.border_mode
        )


def control_grid(points):
    """`points` control points on a square grid, (2, N): x, then y."""
    # Lasagne gave a float, which NumPy takes no more.
    steps = np.linspace(-1, 1, round(np.sqrt(points)))
    x, y = np.meshgrid(steps, steps)
    return np.stack([x.ravel(), y.ravel()])


def pixel_grid(height, width):
    """The coordinates of every pixel, (2, P)."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return np.stack([x.ravel(), y.ravel()])


def spline_system(points):
    """The linear system (N + 3, N + 3) whose solution are a spline's three affine and N bending coefficients."""
    affine = np.vstack([np.ones(points.shape[1]), points])  # (3, N)
    bending = spline_basis(points, points, np)[3:]
    return np.block([[np.zeros((3, 3)), affine], [affine.T, bending]])


def spline_basis(places, points, xp):
    """The functions a spline is made of, at `places` (2, P): ``1, x, y`` and ``r**2 log r**2`` of the N distances."""
    squares = sum((places[i][None, :] - points[i][:, None]) ** 2 for i in range(2))  # (N, P)
    if xp is np:
        # r**2 log r**2 is 0 where a place is a point, but its logarithm is none.
        bending = squares * np.log(np.where(squares == 0, 1, squares))
        return np.vstack([np.ones_like(places[0]), places, bending])
    bending = squares * pt.log(pt.switch(pt.eq(squares, 0), 1, squares))
    return pt.concatenate([pt.ones_like(places[:1]), places, bending], axis=0)
