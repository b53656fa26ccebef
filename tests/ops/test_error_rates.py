"""Error rates against the recursion that defines them."""

from functools import cache

import numpy as np
import pytest

from symrnn.errors import UserError
from symrnn.ops.error_rates import (
    character_error_rate,
    edit_distance,
    error_rate,
    word_error_rate,
)


def by_definition(a, b):
    @cache
    def distance(i, j):
        if not i or not j:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (a[i - 1] != b[j - 1]),
        )

    return distance(len(a), len(b))


def test_the_distance_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    for _ in range(60):
        a, b = ("".join(rng.choice(list("abc"), rng.integers(0, 9))) for _ in range(2))
        assert edit_distance(a, b) == by_definition(a, b)


def test_rates_are_of_the_whole_set():
    found, expected = ["bin blue", "set now"], ["bin red", "set now"]
    assert word_error_rate(found, expected) == 0.25
    assert character_error_rate(found, expected) == 4 / 14  # red to blue: four edits
    assert error_rate([[]], [[1, 2]]) == 1


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UserError, match="found must be one to each of the 1 expected"):
        error_rate([], [[1]])
    with pytest.raises(UserError, match="expected must hold symbols"):
        error_rate([[]], [[]])
