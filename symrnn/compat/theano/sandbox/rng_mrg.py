"""``theano.sandbox.rng_mrg``."""

import pytensor.tensor as pt

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream


class MRG_RandomStreams(RandomStream):
    """Random tensors that draw anew at every call; other numbers than Theano's generator drew from the same seed."""

    def __init__(self, seed=12345, use_cuda=None):
        super().__init__(seed)

    def multinomial_wo_replacement(
        self, size=None, n=1, pvals=None, ndim=None, dtype="int64", nstreams=None
    ):
        """`n` different classes (B, n) for each row of `pvals` (B, K), likelier ones rather."""
        pvals = pt.as_tensor(pvals)
        # the largest of -log(u) / p in reverse: exponential times, of which the first n come
        times = -pt.log(self.uniform(pvals.shape, dtype="float64")) / pvals
        return pt.cast(pt.argsort(times, axis=-1)[:, :n], dtype)

    def updates(self):
        """The pairs of generators and their successors."""
        return list(self.state_updates)


__getattr__ = missing(__name__, {"mrg_next_value": "numpy.random"})
