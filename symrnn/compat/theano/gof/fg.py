"""``theano.gof.fg``: graphs as functions."""

from pytensor.graph.fg import FunctionGraph
from pytensor.graph.utils import InconsistencyError, MissingInputError

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
