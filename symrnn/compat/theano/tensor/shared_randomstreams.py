"""``theano.tensor.shared_randomstreams``: streams that draw from NumPy's Mersenne twister, seeded as in Theano."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.random import basic

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream, shape_of


class RandomStreams(RandomStream):
    """Random tensors that draw anew at every call; any seed, or none for one of the machine's.

    `uniform`, and `binomial` of one trial, give the numbers that Theano gave from the same seed: each draw has a
    Mersenne twister of its own, whose seeds come from another one. NumPy's generators of today get the others, such as
    normal numbers, from the same bits in another way.
    """

    def __init__(self, seed=None):
        # not that of a stream, which refuses the seed zero
        self.default_seed = np.random.SeedSequence().entropy if seed is None else seed
        self.state_updates = []
        self.seed()

    def seed(self, seed=None):
        """Start over from `seed`, by default the first one: every draw made so far repeats its numbers."""
        seed = self.default_seed if seed is None else seed
        self._seeds = np.random.RandomState(seed if np.max(seed) < 2**32 else words(seed))
        for generator in self.generators:
            generator.set_value(self._next_generator())

    def binomial(self, size=(), n=1, p=0.5, ndim=None, dtype="int64", prob=None):
        """How often an event of probability `p` happened in `n` trials; of one trial, as NumPy decides it."""
        p = p if prob is None else prob
        if not (isinstance(n, int) and n == 1):
            return super().binomial(size, n, p, ndim, dtype)
        p = pt.as_tensor(p)
        drawn = self.draw(
            basic.uniform, 0.0, 1.0, size=size or shape_of(p), ndim=ndim, dtype="float64"
        )
        return pt.cast(pt.switch(p <= 0.5, drawn > 1 - p, drawn <= p), dtype)

    def poisson(self, size=(), lam=1.0, ndim=None, dtype="int64"):
        """How many events came, where `lam` are expected."""
        return pt.cast(self.draw(basic.poisson, lam, size=size or shape_of(lam), ndim=ndim), dtype)

    def updates(self):
        """The pairs of generators and their successors."""
        return list(self.state_updates)

    def _next_generator(self):
        bits = np.random.MT19937()
        bits._legacy_seeding(int(self._seeds.randint(2**30)))
        return np.random.Generator(bits)


def words(seed):
    """A large number as 32-bit words."""
    return [(int(seed) >> shift) & 0xFFFFFFFF for shift in range(0, int(seed).bit_length(), 32)]


__getattr__ = missing(__name__)
