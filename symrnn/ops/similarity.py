"""How unlike a picture is to another over several scales, as an expression that can be trained on."""

from typing import Any

import numpy as np
from pytensor.tensor.variable import TensorVariable

from symrnn.errors import UserError

STABLE = 0.01**2, 0.03**2  # C1 and C2, of a range of 1
# the weights of MS-SSIM, its two coarsest scales together
COUNTED = (0.0448, 0.2856, 0.3001, 0.3695)
WINDOW = 7  # pixels: four by four twice, whose deviation of 1.58 is near the bell's of MS-SSIM, 1.5


def dissimilarity(ours: TensorVariable, theirs: TensorVariable) -> TensorVariable:
    """``sum_s weight_s * mean(1 - cs_s)``, the first order of ``1 - MS-SSIM``, of each picture of a range of 1.

    Where `symrnn.ops.image_quality.ms_ssim` multiplies what the scales say this adds, so that a scale at which nothing
    is alike yet has a gradient too; it has four scales, since the fifth needs 176 pixels, and a window whose means are
    a few sums.

    Parameters
    ----------
    ours
        ``(*N, height, width)`` in [-0.5, 0.5], both sides a multiple of 8 and at least 56.
    theirs
        The same shape, or one that broadcasts against it.

    Returns
    -------
    ``(*N,)``, of each picture; 0 for equal ones

    Raises
    ------
    UserError
        When a known side is too small or not a multiple of 8.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> picture = pt.as_tensor(np.random.default_rng(0).uniform(-0.5, 0.5, (56, 64)))
    >>> round(float(dissimilarity(picture, picture).eval()), 6)
    0.0
    >>> bool(dissimilarity(picture, picture[:, ::-1]).eval() > 0.8)
    True
    """
    least = WINDOW * 2 ** (len(COUNTED) - 1)
    for side in (*ours.type.shape[-2:], *theirs.type.shape[-2:]):
        if side is not None and (side < least or side % 8):
            raise UserError(
                f"the sides of a picture must be multiples of 8 and at least {least}, but one is {side};"
                " crop it, or take larger patches"
            )
    total: Any = 0
    for scale, counted in enumerate(COUNTED):
        if scale:
            ours, theirs = halved(ours), halved(theirs)
        light, structure = likeness(ours, theirs)
        found = light * structure if scale == len(COUNTED) - 1 else structure
        total = total + np.asarray(counted, ours.type.dtype) * (1 - found).mean((-2, -1))
    return total


def likeness(ours: TensorVariable, theirs: TensorVariable) -> tuple[TensorVariable, TensorVariable]:
    """In every window: that of the means, and that of contrast and structure."""
    c1, c2 = (np.asarray(c, ours.type.dtype) for c in STABLE)
    a, b = windowed(ours), windowed(theirs)
    spread_a, spread_b = windowed(ours**2) - a**2, windowed(theirs**2) - b**2
    together = windowed(ours * theirs) - a * b
    light = (2 * (a + 0.5) * (b + 0.5) + c1) / ((a + 0.5) ** 2 + (b + 0.5) ** 2 + c1)
    return light, (2 * together + c2) / (spread_a + spread_b + c2)


def windowed(xs: TensorVariable) -> TensorVariable:
    """The mean of every whole window of `WINDOW` pixels a side."""
    for far in (1, 2, 1, 2):
        xs = xs[..., far:, :] + xs[..., :-far, :]
    for far in (1, 2, 1, 2):
        xs = xs[..., far:] + xs[..., :-far]
    return xs * np.asarray(1 / 256, xs.type.dtype)


def halved(xs: TensorVariable) -> TensorVariable:
    """Means of 2 by 2 pixels."""
    xs = 0.5 * (xs[..., ::2, :] + xs[..., 1::2, :])
    return 0.5 * (xs[..., ::2] + xs[..., 1::2])
