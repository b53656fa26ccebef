"""``theano.tensor.sort``: sorting."""

from pytensor.tensor.sort import argsort, sort

from symrnn.compat.missing import make_callable, missing

from .renamed import argtopk, topk, topk_and_argtopk

__getattr__ = missing(__name__)
make_callable(__name__)
