"""``theano.compile.pfunc``: functions of graphs with shared variables."""

from pytensor.compile.rebuild import rebuild_collect_shared

from symrnn.compat.missing import missing

from .functions import function as pfunc
from .io import In, Param

__getattr__ = missing(__name__)
