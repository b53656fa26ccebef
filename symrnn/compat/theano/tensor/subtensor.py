"""``theano.tensor.subtensor``: slices."""

from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
    advanced_inc_subtensor,
    advanced_set_subtensor,
    advanced_subtensor,
    get_canonical_form_slice,
    inc_subtensor,
    set_subtensor,
    take,
)

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

try:
    from pytensor.tensor.subtensor import AdvancedIncSubtensor1, AdvancedSubtensor1
except ImportError:  # since 3.3 the general ones do both
    AdvancedIncSubtensor1 = gone("AdvancedIncSubtensor1", "theano.tensor.inc_subtensor")
    AdvancedSubtensor1 = gone("AdvancedSubtensor1", "x[indices]")
AdvancedBooleanSubtensor = gone("AdvancedBooleanSubtensor", "x[mask]")
AdvancedBooleanIncSubtensor = gone("AdvancedBooleanIncSubtensor", "theano.tensor.inc_subtensor")


def advanced_subtensor1(x, ilist):
    """``x[ilist]``."""
    return x[ilist]


def advanced_inc_subtensor1(x, y, ilist):
    """`x` with `y` added to the rows `ilist`."""
    return inc_subtensor(x[ilist], y)


def advanced_set_subtensor1(x, y, ilist):
    """`x` with `y` for the rows `ilist`."""
    return set_subtensor(x[ilist], y)


__getattr__ = missing(__name__)
