"""``theano.sandbox.rng_mrg``."""

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream


class MRG_RandomStreams(RandomStream):
    """Random tensors that draw anew at every call; other numbers than Theano's generator drew from the same seed."""

    def __init__(self, seed=12345, use_cuda=None):
        super().__init__(seed)

    def updates(self):
        """The pairs of generators and their successors."""
        return list(self.state_updates)


__getattr__ = missing(__name__, {"mrg_next_value": "numpy.random"})
