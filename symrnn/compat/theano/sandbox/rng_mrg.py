"""``theano.sandbox.rng_mrg``."""

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream as MRG_RandomStreams

__getattr__ = missing(__name__)
