"""Batches as a function of the step."""

import pytest

from symrnn.errors import UserError
from symrnn.training.recipe import epoch_batch


def test_each_epoch_is_shuffled_anew_and_drops_the_rest():
    epochs = [
        [i for step in steps for i in epoch_batch(7, 3, step, seed=0)] for steps in ((0, 1), (2, 3))
    ]
    assert all(len(set(epoch)) == 6 for epoch in epochs)
    assert epochs[0] != epochs[1]


def test_batch_larger_than_the_data_is_refused():
    with pytest.raises(
        UserError, match="batch_size must be at most the number of samples, 2, but is 3; add --set"
    ):
        epoch_batch(2, 3, 0, seed=0)
