"""The one-shot autoencoder: what its numbers cost, what a masked prior sees, and what pruning keeps."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import AS_WRITTEN, evaluate

from symrnn.errors import UserError
from symrnn.models.autoencoder_network import RHO, SIZES, Autoencoder, causal_rows, pruned
from symrnn.models.image_autoencoder import ImageAutoencoder, above

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


def test_thresholds_tell_a_number():
    bits = above(CODES[0], 6)
    assert bits.shape == (12, 2, 4, 5)
    np.testing.assert_array_equal((bits > 0).sum(axis=0) - 6, CODES[0].clip(-6, 6))
