"""``theano.tensor.signal.pool``."""

from symrnn.compat.missing import missing
from symrnn.ops.theano_conv import pool_2d, pool_3d

max_pool_2d = pool_2d

__getattr__ = missing(__name__)
