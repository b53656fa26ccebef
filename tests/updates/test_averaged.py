"""NT-ASGD: when it is triggered, and what is evaluated."""

import numpy as np
import pytensor
import pytest
from helpers import FEW_REWRITES

from symrnn.errors import UserError
from symrnn.updates import nt_asgd, validation_slot
from symrnn.updates.gradients import slot_in

LOSSES = [9.0, 7.0, 8.0, 6.5, 6.4, 6.6, 6.7, 6.3, 6.45, 6.6, 6.9, 7.0]


def first_trigger(losses, patience):
    """As the authors' code has it: ``len(best) > n and loss > min(best[:-n])``."""
    for i, loss in enumerate(losses):
        if i > patience and loss > min(losses[: i - patience]):
            return i
    return len(losses)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_averaging_begins_as_in_the_authors_code(patience):
    w = pytensor.shared(np.array([1.0, -2.0]), name="w")
    updates = nt_asgd((w**2).sum(), [w], 0.1, patience)
    told, mean = validation_slot(updates), slot_in(updates, w, "mean")
    step = pytensor.function([], updates=updates, mode=FEW_REWRITES)
    iterates, begun = [], first_trigger(LOSSES, patience)
    for i, loss in enumerate(LOSSES):
        for number in range(2):
            if number == 0:
                told.set_value(loss)
            step()
            iterates.append(w.get_value())
            # the call that looks at the loss is not part of the mean
            since = 2 * begun + 1
            expected = np.mean(iterates[since:], axis=0) if len(iterates) > since else iterates[-1]
            np.testing.assert_allclose(mean.get_value(), expected, rtol=1e-12, err_msg=str(i))
    assert 0 < begun < len(LOSSES) - 1


def test_means_are_the_iterates_to_the_last_bit_until_it_is_triggered():
    w = pytensor.shared(np.array([1.0, -2.0], "float32"), name="w")
    updates = nt_asgd((w**3).sum(), [w], np.float32(0.1))
    step = pytensor.function([], updates=updates, mode=FEW_REWRITES)
    for loss in (3.0, 2.0, 1.0):
        validation_slot(updates).set_value(loss)
        step()
    np.testing.assert_array_equal(slot_in(updates, w, "mean").get_value(), w.get_value())


def test_a_wrong_patience_is_one_sentence():
    w = pytensor.shared(np.zeros(2), name="w")
    with pytest.raises(UserError, match="patience must be a whole number of at least 1, but is 0"):
        nt_asgd((w**2).sum(), [w], 0.1, 0)
