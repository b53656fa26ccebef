"""The dissimilarity that is trained on is its definition, near MS-SSIM, and has its own slope."""

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symrnn.native
from symrnn.errors import UserError
from symrnn.models.image_codec import ImageCodec
from symrnn.ops.image_quality import ms_ssim
from symrnn.ops.similarity import COUNTED, STABLE, WINDOW, dissimilarity

assert symrnn.native  # makes mode="NATIVE" known
BELL = np.outer(*[np.convolve(np.ones(4), np.ones(4)) / 16] * 2)


def pair(seed=0, size=(2, 64, 72), noise=0.1):
    rng = np.random.default_rng(seed)
    smooth = np.sin(np.mgrid[: size[1], : size[2]] / 5).sum(0) / 5
    ours = np.clip(smooth + rng.normal(0, 0.05, size), -0.5, 0.5)
    return ours, np.clip(ours + rng.normal(0, noise, size), -0.5, 0.5)


def by_definition(a, b):
    """From the sums over every window."""
    total = 0.0
    for scale, counted in enumerate(COUNTED):
        if scale:
            a, b = (x.reshape(2, x.shape[1] // 2, 2, -1, 2).mean((2, 4)) for x in (a, b))
        mean_a, mean_b = window_means(a), window_means(b)
        cov = window_means(a * b) - mean_a * mean_b
        spreads = window_means(a**2) - mean_a**2 + window_means(b**2) - mean_b**2
        alike = (2 * cov + STABLE[1]) / (spreads + STABLE[1])
        if scale == len(COUNTED) - 1:
            p, q = mean_a + 0.5, mean_b + 0.5
            alike = alike * (2 * p * q + STABLE[0]) / (p**2 + q**2 + STABLE[0])
        total += counted * (1 - alike).mean()
    return total


def window_means(x):
    windows = np.lib.stride_tricks.sliding_window_view(x, (WINDOW, WINDOW), axis=(1, 2))
    return (windows * BELL).sum((-1, -2))


def unlike(ours, theirs):
    return float(dissimilarity(pt.as_tensor(ours), pt.as_tensor(theirs)).mean().eval(mode="NATIVE"))


def test_value_is_the_definitions():
    ours, theirs = pair()
    value = unlike(ours, theirs)
    assert value == pytest.approx(by_definition(ours, theirs), abs=1e-12)
    assert 0.02 < value < 0.95


def test_gradient_is_the_slope():
    ours, theirs = pair(1)
    b = pt.tensor("b", dtype="float64", shape=theirs.shape)
    loss = dissimilarity(pt.as_tensor(ours), b).mean()
    at = pytensor.function([b], [loss, pytensor.grad(loss, b)], mode="NATIVE")
    towards = np.random.default_rng(2).normal(size=theirs.shape)
    up, down = (at(theirs + sign * 1e-5 * towards)[0] for sign in (1, -1))
    slope = float((at(theirs)[1] * towards).sum())
    assert slope == pytest.approx((up - down) / 2e-5, rel=1e-6)


def test_more_noise_is_less_alike_as_ms_ssim_says():
    """Pictures large enough for both: the first order of the product is near it while all are much alike."""
    found = []
    for noise in (0.01, 0.03, 0.1):
        ours, theirs = pair(3, (3, 192, 184), noise)
        as_pixels = [255 * (x.transpose(1, 2, 0) + 0.5) for x in (ours, theirs)]
        found.append((unlike(ours, theirs), 1 - ms_ssim(*as_pixels)))
    assert found[0][0] < found[1][0] < found[2][0]
    assert found[0][0] == pytest.approx(found[0][1], rel=0.25)


@pytest.mark.parametrize("side", [48, 60])
def test_pictures_that_four_scales_do_not_divide_are_refused(side):
    with pytest.raises(UserError, match=f"multiples of 8 and at least 56, but one is {side}"):
        dissimilarity(pt.zeros((1, 64, 64)), pt.zeros((1, 64, side)))


def test_codec_trains_on_it():
    """No weights are inputs then; of equal parameters the loss is the definition's, and it falls."""
    recipe = ImageCodec(
        size="tiny", loss="similarity", batch_size=2, patch=64, iterations=2, learning_rate=0.01
    )
    graph = recipe.graph()
    assert [var.name for var in graph.inputs] == ["xs", "us"]
    shown = [graph.loss, graph.outputs["pictures"]]
    step = pytensor.function(graph.inputs, shown, updates=recipe.updates(graph), mode="NATIVE")
    rng = np.random.default_rng(0)
    fed = recipe.fed(rng.integers(0, 256, (2, 3, 64, 64)).astype("uint8"), None)
    losses, pictures = zip(*[step(*fed) for _ in range(5)], strict=True)
    of_steps = []
    for told in pictures[0]:
        pairs = zip(fed[0].reshape(6, 1, 64, 64), told.reshape(6, 1, 64, 64), strict=True)
        alike = [by_definition(np.tile(x, (2, 1, 1)), np.tile(y, (2, 1, 1))) for x, y in pairs]
        of_steps.append(np.log(np.mean(alike) + np.abs(fed[0] - told).mean() / 2))
    assert losses[0] == pytest.approx(np.mean(of_steps), abs=1e-9)
    assert losses[-1] < losses[0]


def test_codec_knows_its_losses():
    with pytest.raises(UserError, match=r"loss must be .*similarity"):
        replace(ImageCodec(), loss="likeness")
