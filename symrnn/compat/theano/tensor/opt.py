"""``theano.tensor.opt``: rewrites of tensors, and two ops that lived there."""

from pytensor.raise_op import Assert, assert_op
from pytensor.tensor.basic import MakeVector, make_vector
from pytensor.tensor.rewriting.shape import ShapeFeature
from pytensor.tensor.shape import Shape_i, shape_i

from symrnn.compat.missing import missing

assert_ = assert_op

__getattr__ = missing(__name__)
