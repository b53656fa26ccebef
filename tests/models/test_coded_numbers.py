"""Numbers of an autoencoder come back from what its own prior makes of them, at what the prior says they cost."""

import numpy as np
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, evaluate

from symrnn.models.autoencoder_network import PRIORS, SIZES, Autoencoder
from symrnn.models.coded_numbers import (
    AROUND,
    framed_by_zeros,
    fronts,
    likelihoods,
    numbers_in,
    prior_of,
    words_of,
)
from symrnn.models.coded_picture import HEADER
from symrnn.models.image_autoencoder import Whole
from symrnn.ops.image_quality import psnr

CODES = np.random.default_rng(0).normal(0, 2, (2, 16, 15)).round().astype("int64")


def network(prior):
    """One that tells different odds of different places."""
    rng = np.random.default_rng(1)
    net = Autoencoder.create(SIZES["tiny"], prior=prior, rng=rng, dtype="float64")
    for weight in net.params:
        weight.set_value(rng.normal(0, 0.3, weight.type.shape))
    return net


def told(expressions):
    return evaluate([], expressions, [], mode=AS_WRITTEN)


def test_fronts_are_all_places_each_after_what_its_window_sees_before():
    height, width, known = 5, 7, set()
    for rows, columns in fronts(height, width):
        front = list(zip(rows.tolist(), columns.tolist(), strict=True))
        for row, column in front:
            before = {
                (r, c)
                for r in range(max(0, row - AROUND), row + 1)
                for c in range(max(0, column - AROUND), min(width, column + AROUND + 1))
                if (r, c) < (row, column)
            }
            assert before <= known
        assert not known & set(front)
        known |= set(front)
    assert len(known) == height * width


@pytest.mark.parametrize("prior", PRIORS)
def test_odds_are_those_of_the_graph(prior):
    net = network(prior)
    both = told(list(net.odds(pt.as_tensor(CODES[None].astype("float64")))))
    rows, columns = (each.ravel() for each in np.indices(CODES.shape[1:]))
    found = prior_of(net).odds(framed_by_zeros(CODES), rows, columns)
    for ours, graphs in zip(found, both, strict=True):
        expected = np.broadcast_to(graphs, (1, *CODES.shape))[0]
        np.testing.assert_allclose(ours.T.reshape(CODES.shape), expected, rtol=1e-9, atol=1e-12)


def test_likelihoods_are_a_distribution_whose_ends_have_the_tails():
    found = likelihoods(np.array([0.3, -40.0]), np.array([-0.5, -3.0]), 3)
    assert found.shape == (2, 7)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    scale = np.exp(-0.5)
    beyond = 1 / (1 + np.exp((2.5 - 0.3) / scale)), 1 / (1 + np.exp((2.5 + 0.3) / scale))
    np.testing.assert_allclose(found[0, [-1, 0]], beyond, rtol=1e-3)
    assert found[0].argmax() == 3
    assert found[1, 0] > 0.9999
    assert found.min() > 0


@pytest.mark.parametrize("prior", PRIORS)
def test_numbers_come_back_from_as_many_words_as_their_price_says(prior):
    pytest.importorskip("constriction")
    net = network(prior)
    [price] = told([net.prices(pt.as_tensor(CODES[None].astype("float64"))).sum()])
    most = int(abs(CODES).max())
    words = words_of(CODES, prior_of(net))
    assert words.dtype == np.uint32
    assert -0.05 * price < 32 * len(words) - price < 64  # the ends are cheaper: they have the tails
    np.testing.assert_array_equal(numbers_in(words, prior_of(net), CODES.shape, most), CODES)


def test_other_priors_tell_other_numbers():
    pytest.importorskip("constriction")
    words = words_of(CODES, prior_of(network("masked")))
    most = int(abs(CODES).max())
    assert (numbers_in(words, prior_of(network("factorised")), CODES.shape, most) != CODES).any()


def test_photographs_come_back_whole_and_small_ones_have_no_ms_ssim():
    pytest.importorskip("constriction")
    at_work = Whole(network("masked"), "FAST_COMPILE")
    pixels = np.random.default_rng(0).integers(256, size=(13, 22, 3), dtype="uint8")
    codes = at_work.codes(pixels)
    assert codes.shape == (2, 4, 6)
    shown = at_work.shown(codes, 13, 22)
    assert shown.shape == pixels.shape
    found = at_work.measured(pixels)
    assert found.bits == 8 * (HEADER.size + 1 + 4 * len(words_of(codes, at_work.prior))) / (13 * 22)
    assert found.psnr == psnr(pixels, shown)
    assert "MS-SSIM" not in str(found)
    assert "MS-SSIM 0.9000" in str(found._replace(ms_ssim=0.9))
