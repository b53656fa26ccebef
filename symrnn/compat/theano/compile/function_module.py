"""``theano.compile.function_module``: compiled functions."""

from pytensor.compile.executor import Function
from pytensor.compile.io import Out, SymbolicInput, SymbolicOutput
from pytensor.compile.maker import FunctionMaker
from pytensor.graph.utils import MissingInputError

from symrnn.compat.missing import missing

from .io import In, Param
from .mode import Mode, get_mode

__getattr__ = missing(__name__)
