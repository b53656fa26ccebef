"""``theano.tensor.signal.downsample``: the older name of pooling."""

from symrnn.compat.missing import missing
from symrnn.ops.theano_conv import pool_2d


def max_pool_2d(input, ds, ignore_border=None, st=None, padding=(0, 0), mode="max"):
    """Pooling with windows `ds` over the last two axes."""
    return pool_2d(input, ds, ignore_border, st, padding, mode)


__getattr__ = missing(__name__)
