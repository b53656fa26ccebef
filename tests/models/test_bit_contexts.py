"""Contexts see what came before, and nothing else; their sums are whole."""

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.models.bit_contexts import BitContexts, Place, features, places, seen, taught, untaught


def random_bits(shape=(3, 2, 5, 7), seed=0):
    return np.where(np.random.default_rng(seed).random(shape) < 0.5, -1, 1).astype("int8")


def framed(bits):
    return np.pad(bits, ((0, 0), (0, 0), (1, 1), (1, 1)))


@pytest.fixture(scope="module")
def contexts():
    return taught([random_bits()], hidden=4, updates=5)


def test_places_are_each_bit_once():
    count = np.zeros((3, 2, 5, 7), int)
    for place in places(3, 2):
        place.of(count)[...] += 1
    assert (count == 1).all()


def test_a_bit_is_told_from_bits_before_it(contexts):
    """Whoever decodes does not know later ones: with other ones there, the chances are the same."""
    bits = random_bits()
    known = framed(np.zeros_like(bits))
    for place in places(3, 2):
        np.testing.assert_array_equal(
            contexts.probabilities(framed(bits), place), contexts.probabilities(known, place)
        )
        place.of(known[:, :, 1:-1, 1:-1])[...] = place.of(bits)


def test_sums_are_whole_numbers(contexts):
    place, bits = Place(2, 1, 3), framed(random_bits())
    w1, b1, w2, b2 = (
        a[2, 1].astype("int64") for a in (contexts.w1, contexts.b1, contexts.w2, contexts.b2)
    )
    hidden = np.maximum(w1.T @ seen(bits, place).astype("int64") + b1[:, None], 0)
    level = np.clip((w2 @ hidden + b2) // 256, -100, 100)
    expected = contexts.levels[level + 100] / 2**16
    np.testing.assert_array_equal(contexts.probabilities(bits, place), expected)


def test_what_is_alike_everywhere_is_learned():
    stripes = np.broadcast_to(np.where(np.arange(16) % 4 < 2, 1, -1), (1, 1, 16, 16)).astype("int8")
    learned = taught([stripes], hidden=8, updates=150)
    bits = framed(stripes)
    chances = learned.probabilities(bits, Place(0, 0, 3))
    ones = Place(0, 0, 3).of(stripes).ravel() > 0
    assert np.where(ones, chances, 1 - chances).mean() > 0.9


def test_steps_beyond_the_last_are_like_the_last(contexts):
    longer = framed(np.concatenate([random_bits(), random_bits(seed=1)]))
    np.testing.assert_array_equal(
        contexts.probabilities(longer, Place(4, 0, 0)),
        contexts.probabilities(longer[2:], Place(2, 0, 0)),
    )


def changed(contexts, **arrays):
    parts = {name: getattr(contexts, name) for name in ("w1", "b1", "w2", "b2", "levels")}
    return BitContexts(**parts | arrays)


@pytest.mark.parametrize(
    ("arrays", "match"),
    [
        ({"w1": np.zeros((1, 2, features(2), 2), "int16")}, "do not fit together"),
        ({"w1": np.zeros((1, 2, features(2), 1))}, "do not fit together"),
        ({"b1": np.full((1, 2, 1), 2**24, "int32")}, "below 2\\*\\*24"),
        ({"levels": np.zeros(201, "uint16")}, "between 0 and 65536"),
    ],
)
def test_contexts_that_are_not_whole_or_do_not_fit_are_refused(arrays, match):
    with pytest.raises(UserError, match=match):
        changed(untaught(2), **arrays)
