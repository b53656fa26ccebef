"""``theano.tensor.inplace``: element-wise functions that write over their first argument."""

import copy

import numpy as np
from pytensor.scalar.basic import ScalarOp
from pytensor.tensor import math
from pytensor.tensor.elemwise import Elemwise
from scipy import special

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


class OfNumbers(ScalarOp):
    """A function of numbers that is an expression of several ops here, in the type of the first number."""

    def __init__(self, name):
        self.nin = EXPRESSIONS[name][1]
        super().__init__(first_type, name)

    def impl(self, *numbers):
        return EXPRESSIONS[self.name][0](*numbers)

    def __eq__(self, other):
        return type(other) is type(self) and other.name == self.name

    def __hash__(self):
        return hash((type(self), self.name))


EXPRESSIONS = {  # the function, and of how many numbers it is
    "chi2sf": (lambda x, k: special.chdtrc(k, x), 2),
    "deg2rad": (np.deg2rad, 1),
    "rad2deg": (np.rad2deg, 1),
    "iv": (special.iv, 2),
}
for _name in EXPRESSIONS:
    globals()[f"{_name}_inplace"] = Elemwise(OfNumbers(_name), {0: 0}, f"{_name}_inplace")
for _name in sorted({*_names(), *SPELLED} - {*EXPRESSIONS}):
    globals()[f"{_name}_inplace"] = _inplace(_name)


__getattr__ = missing(__name__)
