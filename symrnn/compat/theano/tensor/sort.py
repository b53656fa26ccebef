"""``theano.tensor.sort``: sorting."""

from pytensor.tensor.sort import argsort, sort

from .renamed import topk

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
