"""Numbers of steps, of beams, of blocks may be NumPy's: what is built or found is that of Python's."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.cells import LSTMCell
from symrnn.models.tcn import TCN
from symrnn.ops.ctc_decoding import beam_decode
from symrnn.unroll import scan_unroll, static_unroll
from symrnn.updates import nt_asgd

LOG_PROBS = np.log(np.random.default_rng(0).dirichlet(np.ones(4), (6, 2)))


def printed(*outputs):
    """A graph as text, every number in it included."""
    return pytensor.dprint(list(outputs), file="str", print_shape=True)


def walked(unroll, **options):
    """A walk and its gradient."""
    cell, xs = LSTMCell.create(3, 2, rng=0), pt.tensor("xs", shape=(None, 4, 3))
    hs = unroll(cell, xs, **options)
    return printed(hs, *pt.grad((hs**2).sum(), cell.params))


def averaged(patience):
    w = pytensor.shared(np.ones(2), name="w")
    return printed(*nt_asgd((w**2).sum(), [w], 0.1, patience).values())


MADE = {
    "steps": lambda n: walked(static_unroll, steps=n(3)),
    "gradient_steps": lambda n: walked(scan_unroll, gradient_steps=n(2)),
    "gradient_steps of autodiff": lambda n: walked(
        static_unroll, steps=n(3), gradient_steps=n(2), gradient="autodiff"
    ),
    "patience": lambda n: averaged(n(3)),
    "beam": lambda n: beam_decode(LOG_PROBS, np.array([6, 5]), beam=n(3)),
    "blocks": lambda n: [
        value.get_value().tolist()
        for value in TCN.create(n(2), n(3), depth=n(2), window=n(2), rng=0).params
    ],
}


@pytest.mark.parametrize("name", MADE)
def test_numpys_numbers_make_what_pythons_make(name):
    found, expected = (MADE[name](number) for number in (np.int64, int))
    assert found == expected
