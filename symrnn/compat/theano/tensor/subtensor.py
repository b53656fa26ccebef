"""``theano.tensor.subtensor``: slices."""

from pytensor.tensor.subtensor import (
    AdvancedIncSubtensor,
    AdvancedSubtensor,
    IncSubtensor,
    Subtensor,
    inc_subtensor,
    set_subtensor,
    take,
)

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
