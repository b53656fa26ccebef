"""The one-shot autoencoder: what its numbers cost, what a masked prior sees, and what pruning keeps."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, evaluate

from symrnn.errors import UserError
from symrnn.models.autoencoder_network import RHO, SIZES, Autoencoder, causal_rows, pruned
from symrnn.models.codec_training import PLAIN
from symrnn.models.image_autoencoder import ImageAutoencoder
from symrnn.ops.similarity import dissimilarity

PIXELS = np.random.default_rng(0).integers(256, size=(2, 3, 64, 64))
CODES = np.random.default_rng(0).normal(0, 2, (1, 2, 4, 5)).round()


def network(prior):
    return Autoencoder.create(
        SIZES["tiny"], prior=prior, rng=np.random.default_rng(0), dtype="float64"
    )


def prices(net, codes):
    [found] = evaluate([], [net.prices(pt.as_tensor(codes))], [], mode=AS_WRITTEN)
    return found


def test_prices_are_those_of_a_distribution():
    net = network("factorised")
    mean, width = net.prior
    mean.set_value([0.3, -1.0])
    width.set_value([0.5, -0.5])
    numbers = np.repeat(np.arange(-12.0, 13.0).reshape(1, 1, 1, -1), 2, axis=1)
    np.testing.assert_allclose((2.0 ** -prices(net, numbers)).sum(axis=3), 1, atol=2e-3)


def test_masked_prior_sees_what_comes_before():
    net = network("masked")
    first = prices(net, CODES)
    changed = CODES.copy()
    changed[0, :, 2, 3] += 1
    differ = (prices(net, changed) != first).any(axis=1)[0]
    assert differ[2, 3]  # its own price
    assert differ[3].any()
    assert not differ[:2].any()
    assert not differ[2, :3].any()
    assert causal_rows(2).sum() == 2 * 12


def test_pruning_draws_numbers_to_the_largest():
    codes = pt.as_tensor(CODES + np.arange(1, 41).reshape(CODES.shape) / 100)
    drawn, carried = pruned(codes, 0.25, "float64")
    [(multiplier, after)] = carried.items()
    wanted, left, value = evaluate([], [codes, after, drawn], [], mode=AS_WRITTEN)
    kept = left == 0
    assert kept.sum() == 10
    assert abs(wanted)[kept].min() >= abs(wanted)[~kept].max()
    np.testing.assert_array_equal(left[~kept], wanted[~kept])
    assert value == pytest.approx(RHO / 2 * (np.where(kept, 0, wanted) ** 2).mean())
    assert multiplier.get_value().shape == CODES.shape


def test_pruned_network_trains_with_its_multiplier():
    graph = ImageAutoencoder(size="tiny", batch_size=2, patch=8, kept=0.5).graph()
    assert [state.name for state in graph.carried] == ["multiplier"]
    assert all(g is not None for g in pytensor.grad(graph.loss, list(graph.params)))
    with pytest.raises(UserError, match="kept must be a share"):
        ImageAutoencoder(kept=1.5)


def test_similarity_is_the_recurrent_codecs_error_and_a_price_a_bit():
    recipe = ImageAutoencoder(size="tiny", batch_size=2, patch=64, loss="similarity", price=0.25)
    graph = recipe.graph()
    named = {param.name: param for param in graph.params}
    named["code.w"].set_value(0 * named["code.w"].get_value())
    named["code.b"].set_value(np.array([1, -2], named["code.b"].type.dtype))
    xs, noise = recipe.fed(PIXELS, np.random.default_rng(1))
    shown = graph.outputs["pictures"]
    unlike = dissimilarity(graph.inputs[0], shown).mean() + PLAIN * abs(xs - shown).mean()
    wanted = [graph.loss, graph.outputs["error"], graph.outputs["bits"], unlike]
    # Whole numbers without noise are as they are told, so what is trained is what is told.
    loss, error, bits, expected = evaluate(graph.inputs, wanted, [xs, 0 * noise], mode=AS_WRITTEN)
    assert error == pytest.approx(expected, rel=1e-5)
    assert 0.3 < error < 1.5
    assert bits > 0.1
    assert loss == pytest.approx(error + 0.25 * bits, rel=1e-6)


def test_other_losses_are_refused():
    with pytest.raises(UserError, match=r"loss must be .* 'ssim'"):
        ImageAutoencoder(loss="ssim")
