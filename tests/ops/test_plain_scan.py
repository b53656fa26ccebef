"""A plain scan is differentiated whatever its step alone knows of shapes."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.ops.scan import Recurrence, plain_scan


@pytest.mark.parametrize("known", [(1, None), (None, 1), (1, 1), (1, 3), (None, None)], ids=str)
@pytest.mark.parametrize("states", [1, 2])
def test_a_step_that_knows_of_a_length_of_one_has_a_gradient(known, states):
    """The trace of such a state knows more than the state itself."""
    shape = tuple(size or 3 for size in known)
    starts = [pt.dmatrix(f"start{n}") for n in range(states)]
    ws = pt.dvector("ws")

    def step(elements, state, _):
        following = [pt.specify_shape(each * elements[0], known) for each in state[:1]] + state[1:]
        return following, following

    [(_, finals)] = plain_scan([Recurrence(step, [ws], starts)], ws.shape[0])
    loss = sum((final**2).sum() for final in finals)
    gradients = pytensor.function([ws, *starts], pytensor.grad(loss, starts), mode="FAST_COMPILE")
    values = [np.random.default_rng(n).normal(size=shape) for n in range(states)]
    # (2 * 3 * start)**2 in the first state, which is multiplied, and start**2 in the other
    expected = [2 * factor**2 * value for factor, value in zip((6, 1), values, strict=False)]
    for found, right in zip(gradients([2.0, 3.0], *values), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12)
