"""``theano.tensor.elemwise``: element-wise operations."""

from pytensor.tensor.elemwise import CAReduce, DimShuffle, Elemwise

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
