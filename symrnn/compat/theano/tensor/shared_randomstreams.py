"""``theano.tensor.shared_randomstreams``."""

import numpy as np

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream


class RandomStreams(RandomStream):
    """Random tensors that draw anew at every call; any seed, or none for one of the machine's."""

    def __init__(self, seed=None):
        entropy = np.random.SeedSequence(None if seed is None else seed).entropy
        super().__init__(
            entropy if np.any(entropy) else 2**64
        )  # zero, which the stream does not take

    def updates(self):
        """The pairs of generators and their successors."""
        return list(self.state_updates)


__getattr__ = missing(__name__)
