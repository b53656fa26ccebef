"""How near a picture is to another: the ratio of peak to noise, and the likeness of structures over five scales.

Pictures are ``(height, width)`` or ``(height, width, C)`` of the range 0 to 255. Both measures are as published ones of
compressed pictures are made: of red, green and blue, the likeness channel by channel and then their mean.
"""

import numpy as np

from symrnn.errors import UserError

PEAK = 255.0
STABLE = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2  # C1 and C2
WINDOW, WIDTH = 11, 1.5  # pixels, and the standard deviation of the bell over them
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # how much each scale counts, finest first
SMALLEST = WINDOW * 2 ** (len(SCALES) - 1)


def psnr(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The ratio of peak to noise in decibels, ``10 log10(255**2 / mean((a - b)**2))``; infinite for equal ones.

    Examples
    --------
    >>> round(psnr(np.zeros((2, 2)), np.full((2, 2), 255.0)), 6), psnr(np.ones(3), np.ones(3))
    (0.0, inf)
    """
    a, b = checked_pair(ours, theirs)
    error = float(np.mean((a - b) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(PEAK**2 / error))


def ssim(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The structural similarity of one scale [1]_, the mean over windows and channels.

    .. [1] Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity.
       IEEE Transactions on Image Processing 13 (2004).

    Examples
    --------
    >>> picture = np.arange(144.0).reshape(12, 12)
    >>> round(ssim(picture, picture), 6), bool(ssim(picture, picture[::-1]) < 0.5)
    (1.0, True)
    """
    a, b = (spread_channels(each, WINDOW) for each in checked_pair(ours, theirs))
    light, structure = likeness(a, b)
    return float(np.mean(light * structure))


def ms_ssim(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The structural similarity over five scales [1]_, the mean over channels.

    ``prod_s mean(cs_s)**weight_s``, where ``cs = (2 cov + C2) / (var_a + var_b + C2)`` in windows of 11 by 11 under a
    bell of 1.5 pixels; at the coarsest scale times ``(2 ma mb + C1) / (ma**2 + mb**2 + C1)``. A scale is the means of 2
    by 2 pixels of the one before; what is below zero counts as zero.

    .. [1] Wang, Simoncelli, Bovik: Multiscale structural similarity for image quality assessment. Asilomar 2003.

    Raises
    ------
    UserError
        When a side is below 176 pixels: the coarsest scale holds no window.

    Examples
    --------
    >>> picture = np.random.default_rng(0).uniform(0, 255, (176, 176))
    >>> round(ms_ssim(picture, picture), 6)
    1.0
    """
    a, b = (spread_channels(each, SMALLEST) for each in checked_pair(ours, theirs))
    product = np.ones(len(a))
    for scale, weight in enumerate(SCALES):
        if scale:
            a, b = halved(a), halved(b)
        light, structure = likeness(a, b)
        is_last = scale == len(SCALES) - 1
        mean = (light * structure if is_last else structure).mean(axis=(1, 2))
        product *= np.maximum(mean, 0) ** weight
    return float(product.mean())


def likeness(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of ``(C, height, width)``, in every window: that of the means, and that of contrast and structure."""
    mean_a, mean_b = windowed(a), windowed(b)
    # E(xy) - E(x)E(y): of one pass over the picture, and of nothing smaller than its rounding
    var_a, var_b = windowed(a * a) - mean_a**2, windowed(b * b) - mean_b**2
    cov = windowed(a * b) - mean_a * mean_b
    c1, c2 = STABLE
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return light, (2 * cov + c2) / (var_a + var_b + c2)


def windowed(a: np.ndarray) -> np.ndarray:
    """The mean of every whole window under the bell."""
    from scipy.ndimage import correlate1d

    far = np.arange(WINDOW) - WINDOW // 2
    bell = np.exp(-(far**2) / (2 * WIDTH**2))
    bell /= bell.sum()
    edge = WINDOW // 2
    for axis in (1, 2):
        a = correlate1d(a, bell, axis=axis)
    return a[:, edge:-edge, edge:-edge]


def halved(a: np.ndarray) -> np.ndarray:
    """Means of 2 by 2 pixels; the last row or column of an odd number counts twice."""
    channels, height, width = a.shape
    a = np.pad(a, ((0, 0), (0, height % 2), (0, width % 2)), mode="symmetric")
    return a.reshape(channels, (height + 1) // 2, 2, (width + 1) // 2, 2).mean(axis=(2, 4))


def checked_pair(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in float64, of one shape."""
    a, b = (np.asarray(each, "float64") for each in (ours, theirs))
    if a.shape != b.shape:
        raise UserError(
            f"pictures must have one shape, but have {a.shape} and {b.shape}; crop or resize one"
        )
    return a, b


def spread_channels(a: np.ndarray, smallest: int) -> np.ndarray:
    """``(C, height, width)``, no side below `smallest`."""
    if a.ndim not in (2, 3) or min(a.shape[:2]) < smallest:
        raise UserError(
            f"a picture must be (height, width) or (height, width, C), each side of at least {smallest} pixels,"
            f" but has shape {a.shape}; take a larger one"
        )
    return a[None] if a.ndim == 2 else a.transpose(2, 0, 1)
