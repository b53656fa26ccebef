"""``theano.tensor.shared_randomstreams``: streams that draw from NumPy's Mersenne twister, seeded as in Theano."""

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.random import basic
from pytensor.tensor.random.utils import normalize_size_param

from symrnn.compat import twister
from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream, float_dtype, set_default_update, shape_of
from symrnn.words import shared_words


class RandomStreams(RandomStream):
    """Random tensors that draw anew at every call; any seed, or none for one of the machine's.

    `uniform`, and `binomial` of one trial, give the numbers that Theano gave from the same seed: each draw has a
    Mersenne twister of its own, whose seeds come from another one. Others, such as normal numbers, generators of
    NumPy draw today from the same seeds in another way.
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
        for state in self.generators:
            is_twister = isinstance(state.get_value(borrow=True), np.ndarray)
            state.set_value(self._next_twister() if is_twister else self._next_generator())

    def uniform(self, size=(), low=0.0, high=1.0, ndim=None, dtype=None, nstreams=None):
        """Numbers in ``[low, high)``."""
        dtype = float_dtype(dtype, low, high)
        size = size or shape_of(low + high)
        return pt.cast(low + (high - low) * self._between_0_and_1(size), dtype)

    def binomial(self, size=(), n=1, p=0.5, ndim=None, dtype="int64", prob=None):
        """How often an event of probability `p` happened in `n` trials; of one trial, as NumPy decides it."""
        p = p if prob is None else prob
        if not (isinstance(n, int) and n == 1):
            return super().binomial(size, n, p, ndim, dtype)
        p = pt.as_tensor(p)
        drawn = self._between_0_and_1(size or shape_of(p))
        return pt.cast(pt.switch(p <= 0.5, drawn > 1 - p, drawn <= p), dtype)

    def poisson(self, size=(), lam=1.0, ndim=None, dtype="int64"):
        """How many events came, where `lam` are expected."""
        return pt.cast(self.draw(basic.poisson, lam, size=size or shape_of(lam), ndim=ndim), dtype)

    def updates(self):
        """The pairs of generators and their successors."""
        return list(self.state_updates)

    def _between_0_and_1(self, size):
        state = shared_words(self._next_twister())
        following, drawn = twister.uniform(state, normalize_size_param(size))
        set_default_update(state, following)
        self.state_updates.append((state, following))
        return drawn

    def _next_seed(self):
        return int(self._seeds.randint(2**30))

    def _next_twister(self):
        return twister.seeded(self._next_seed())

    def _next_generator(self):
        return np.random.default_rng(self._next_seed())


def words(seed):
    """A large number as 32-bit words."""
    return [(int(seed) >> shift) & 0xFFFFFFFF for shift in range(0, int(seed).bit_length(), 32)]


__getattr__ = missing(__name__)
