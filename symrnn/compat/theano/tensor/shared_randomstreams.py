"""``theano.tensor.shared_randomstreams``."""

from symrnn.compat.missing import missing
from symrnn.ops.random_stream import RandomStream as RandomStreams

__getattr__ = missing(__name__)
