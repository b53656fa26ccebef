"""``theano.tensor.sharedvar``: shared tensors."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.tensor.sharedvar import TensorSharedVariable

from symrnn.compat.missing import missing

from ..compile.sharedvalue import shared as tensor_constructor

ScalarSharedVariable = TensorSharedVariable

__getattr__ = missing(__name__)
