"""The structural similarity is scikit-image's; over scales it is its own definition."""

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.ops.image_quality import SCALES, halved, ms_ssim, psnr, ssim


def pictures(seed=0, size=(180, 190, 3)):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    smooth = 128 + 90 * np.sin(rows / 17)[:, :, None] * np.cos(columns / 11)[:, :, None] * [
        1,
        0.5,
        -1,
    ]
    return smooth, np.clip(smooth + rng.normal(0, 12, size), 0, 255).round()


def test_one_scale_is_that_of_scikit_image():
    metrics = pytest.importorskip("skimage.metrics")
    theirs = metrics.structural_similarity(
        *pictures(), gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255, channel_axis=2
    )  # fmt: skip
    assert ssim(*pictures()) == pytest.approx(theirs, abs=1e-12)
    assert psnr(*pictures()) == pytest.approx(
        metrics.peak_signal_noise_ratio(*pictures(), data_range=255), abs=1e-9
    )


def test_scales_are_those_of_scikit_image_multiplied():
    """Its maps of contrast and structure are had from a pair whose means are made equal: here from full SSIM maps."""
    metrics = pytest.importorskip("skimage.metrics")
    a, b = (each[..., 0] for each in pictures())
    product = 1.0
    for scale, weight in enumerate(SCALES):
        if scale:
            a, b = halved(a[None])[0], halved(b[None])[0]
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
        # K1 so large that the likeness of means is 1, but at the coarsest scale
        k1 = 0.01 if scale == len(SCALES) - 1 else 1e6
        product *= metrics.structural_similarity(a, b, data_range=255, K1=k1, **options) ** weight
    ours = ms_ssim(*(each[..., 0] for each in pictures()))
    assert ours == pytest.approx(product, abs=1e-6)


def test_equal_pictures_are_alike_and_channels_are_averaged():
    clean, noisy = pictures()
    assert ms_ssim(clean, clean) == pytest.approx(1)
    each = [ms_ssim(clean[..., c], noisy[..., c]) for c in range(3)]
    assert ms_ssim(clean, noisy) == pytest.approx(np.mean(each))
    assert max(each) - min(each) > 0.001


def test_what_cannot_be_compared_is_one_sentence():
    with pytest.raises(UserError, match="one shape"):
        psnr(np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(UserError, match="at least 176 pixels"):
        ms_ssim(np.zeros((175, 300)), np.zeros((175, 300)))
