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
    take,
)
from pytensor.tensor.subtensor import inc_subtensor as pytensor_inc_subtensor

from symrnn.compat.gone import gone, narrow
from symrnn.compat.missing import missing

try:
    from pytensor.tensor.subtensor import AdvancedIncSubtensor1, AdvancedSubtensor1
except ImportError:  # since 3.3 the general ones do both

    def of_rows(op):
        """Whether one array of whole numbers says which rows."""
        first, *others = op.idx_list
        return first == 0 and all(part == slice(None) for part in others)

    AdvancedSubtensor1 = narrow(
        "AdvancedSubtensor1", AdvancedSubtensor, of_rows, lambda sparse_grad=False: AdvancedSubtensor([0])
    )  # fmt: skip
    AdvancedIncSubtensor1 = narrow(
        "AdvancedIncSubtensor1", AdvancedIncSubtensor, of_rows,
        lambda inplace=False, set_instead_of_inc=False: AdvancedIncSubtensor(
            [0], inplace=inplace, set_instead_of_inc=set_instead_of_inc
        ),
    )  # fmt: skip
AdvancedBooleanSubtensor = gone("AdvancedBooleanSubtensor", "x[mask]")
AdvancedBooleanIncSubtensor = gone("AdvancedBooleanIncSubtensor", "theano.tensor.inc_subtensor")


def inc_subtensor(x, y, inplace=False, set_instead_of_inc=False, tolerate_inplace_aliasing=False):
    """The array that `x` is a part of, with `y` added there; aliasing is looked after by itself."""
    return pytensor_inc_subtensor(x, y, inplace=inplace, set_instead_of_inc=set_instead_of_inc)


def set_subtensor(x, y, inplace=False, tolerate_inplace_aliasing=False):
    """The array that `x` is a part of, with `y` in its place."""
    return inc_subtensor(x, y, inplace, True)


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
