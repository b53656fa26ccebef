"""``theano.tensor.inplace``: element-wise functions that write over their first argument."""

import copy

from pytensor.tensor import math
from pytensor.tensor.elemwise import Elemwise

from symrnn.compat.missing import missing

SPELLED = {"abs_": "abs", "inv": "reciprocal", "sgn": "sign", "div": "int_div", "conj": "_conj"}


def _names():
    """Functions of one argument, or of two."""
    return [name for name, op in vars(math).items() if isinstance(op, Elemwise)]


def first_type(first, *_):
    """The type of the result: that of the argument which is written over."""
    return (first,)


def _inplace(name):
    scalar_op = copy.copy(getattr(math, SPELLED.get(name, name)).scalar_op)
    scalar_op.output_types_preference = first_type
    return Elemwise(scalar_op, {0: 0}, f"{name}_inplace")


def _refused(name):
    """A function for what is an expression of several ops here."""

    def refuse(*args):
        raise NotImplementedError(f"{name}_inplace is no op of PyTensor; use theano.tensor.{name}")

    return refuse


for _name in ("chi2sf", "deg2rad", "rad2deg", "iv"):
    globals()[f"{_name}_inplace"] = _refused(_name)
for _name in [*_names(), *SPELLED]:
    globals()[f"{_name}_inplace"] = _inplace(_name)


__getattr__ = missing(__name__)
