"""``theano.ifelse``."""

try:  # its place since 3.3
    from pytensor.conditional.op import IfElse, ifelse
except ImportError:
    from pytensor.ifelse import IfElse, ifelse

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
