"""``theano.tensor.blas_c``."""

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing

CGemv = gone("CGemv", "theano.tensor.dot")
CGer = gone("CGer", "theano.tensor.outer")

__getattr__ = missing(__name__)
