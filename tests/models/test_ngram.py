"""The n-gram model against counts in dictionaries, and the laws of probability."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.models.ngram import KneserNey

SYMBOLS = 4
TEXT = np.random.default_rng(0).choice(SYMBOLS, 400, p=[0.5, 0.3, 0.15, 0.05])
UNSEEN = np.random.default_rng(1).integers(0, SYMBOLS, 40)


def by_dictionary(text, order):
    """``probability(context, symbol)`` as Chen and Goodman write it, one n-gram at a time."""
    grams = Counter(tuple(text[i : i + order]) for i in range(len(text) - order + 1))
    levels = {order: grams}
    for length in range(order - 1, 0, -1):
        levels[length] = Counter(gram[1:] for gram in levels[length + 1])

    def discounts(length):
        n = Counter(levels[length].values())
        if not all(n[i] for i in (1, 2, 3, 4)):
            return [0, 0.5, 0.5, 0.5]
        y = n[1] / (n[1] + 2 * n[2])
        found = [i - (i + 1) * y * n[i + 1] / n[i] for i in (1, 2, 3)]
        return [0, *(min(max(d, 0.05), i - 0.05) for i, d in enumerate(found, start=1))]

    taken = {length: discounts(length) for length in levels}
    following = defaultdict(dict)
    for grams in levels.values():
        for gram, count in grams.items():
            following[gram[:-1]][gram[-1]] = count

    def probability(context, symbol):
        shorter = probability(context[1:], symbol) if context else 1 / SYMBOLS
        counts = following.get(context)
        if not counts:
            return shorter
        d = taken[len(context) + 1]
        left = sum(d[min(count, 3)] for count in counts.values())
        count = counts.get(symbol, 0)
        return (count - d[min(count, 3)] + left * shorter) / sum(counts.values())

    return probability


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_are_those_of_the_formula(order):
    probability = by_dictionary(TEXT.tolist(), order)
    unseen = UNSEEN.tolist()
    expected = [
        probability(tuple(unseen[max(0, i - order + 1) : i]), symbol)
        for i, symbol in enumerate(unseen)
    ]
    found = KneserNey.fit(TEXT, order, SYMBOLS).probabilities(UNSEEN)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("context", [[0, 0], [3, 3], [1, 2]])
def test_probabilities_after_a_context_add_up_to_one(context):
    model = KneserNey.fit(TEXT, 3, SYMBOLS)
    total = sum(model.probabilities(np.array([*context, s]))[-1] for s in range(SYMBOLS))
    assert abs(total - 1) < 1e-12


def test_longer_contexts_tell_more_of_a_text_that_repeats_itself():
    text = np.tile([0, 1, 0, 2, 0, 3], 50)
    bits = [KneserNey.fit(text, order, SYMBOLS).bits(text)[5:].mean() for order in (1, 2, 3, 4)]
    assert bits[0] > bits[1] > bits[2]
    assert bits[2] < 0.2


@pytest.mark.parametrize("order", [0, 40])
def test_an_order_out_of_reach_is_refused(order):
    with pytest.raises(UserError, match=f"order must be from 1 to 31, .*, but is {order}"):
        KneserNey.fit(TEXT, order, SYMBOLS)
