"""``theano.tensor.elemwise``: element-wise operations."""

from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.elemwise import DimShuffle as PyTensorDimShuffle

from symrnn.compat.missing import missing
from symrnn.compat.stand_in import StandIn


class DimShuffle(metaclass=StandIn):
    """The op of `dimshuffle`; it is made from which axes have size one: ``DimShuffle((False, True), (0,))(column)``."""

    real = PyTensorDimShuffle

    @staticmethod
    def make(input_broadcastable, new_order, inplace=True):
        return PyTensorDimShuffle(input_ndim=len(input_broadcastable), new_order=new_order)


__getattr__ = missing(__name__)
