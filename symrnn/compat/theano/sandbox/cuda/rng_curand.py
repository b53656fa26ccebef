"""``theano.sandbox.cuda.rng_curand``."""

from symrnn.compat.missing import missing

from ..rng_mrg import MRG_RandomStreams as CURAND_RandomStreams

__getattr__ = missing(__name__)
