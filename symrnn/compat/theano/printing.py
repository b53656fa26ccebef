"""``theano.printing``."""

from pytensor.printing import (
    Print,
    debugprint,
    default_printer,
    min_informative_str,
    pp,
    pprint,
    pydotprint,
)

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
