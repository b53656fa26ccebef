"""``theano.tensor.basic``: the part of ``theano.tensor`` that programs reach this way."""

from pytensor.tensor.basic import (
    Alloc,
    AllocDiag,
    AllocEmpty,
    ARange,
    Choose,
    ExtractDiag,
    Eye,
    MakeVector,
    PermuteRowElements,
    ScalarFromTensor,
    TensorFromScalar,
    alloc,
    arange,
    as_tensor_variable,
    cast,
    concatenate,
    constant,
    eye,
    get_vector_length,
    join,
    nonzero,
    ones,
    ones_like,
    second,
    stacklists,
    switch,
    where,
    zeros,
    zeros_like,
)
from pytensor.tensor.basic import Join as PyTensorJoin
from pytensor.tensor.basic import Split as PyTensorSplit
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.exceptions import NotScalarConstantError
from pytensor.tensor.math import (
    Argmax,
    Dot,
    Max,
    _allclose,
    _dot,
    _get_atol_rtol,
    argmax,
    chi2sf,
    dot,
    max,
    max_and_argmax,
    maximum,
    mean,
    min,
    minimum,
    sqrt,
    sum,
    tensordot,
)
from pytensor.tensor.shape import Reshape, Shape, SpecifyShape, shape, specify_shape
from pytensor.tensor.type_other import NoneConst

from symrnn.compat.gone import gone
from symrnn.compat.missing import missing
from symrnn.compat.stand_in import StandIn

from .elemwise import DimShuffle
from .renamed import (
    EmptyConstantError,
    abs_,
    addbroadcast,
    batched_dot,
    batched_tensordot,
    default,
    extract_constant,
    flatten,
    get_scalar_constant_value,
    is_flat,
    patternbroadcast,
    reshape,
    split,
    stack,
    tile,
    unbroadcast,
)
from .type import TensorType


class Join(metaclass=StandIn):
    """The op of `join`; made, it is called as ``Join()(axis, *tensors)``."""

    real = PyTensorJoin

    @staticmethod
    def make(view=-1):
        # Past the metaclass, whose call would come here again.
        return object.__new__(Join)

    def __call__(self, axis, *tensors):
        return join(axis, *tensors)


class Split(metaclass=StandIn):
    """The op of `split`; made for a number of parts, it is called as ``Split(n)(x, axis, sizes)``."""

    real = PyTensorSplit

    @staticmethod
    def make(len_splits):
        made = object.__new__(Split)
        made.len_splits = len_splits
        return made

    def __call__(self, x, axis, splits_size):
        return split(x, splits_size, self.len_splits, axis)


MaxAndArgmax = gone("MaxAndArgmax", "theano.tensor.max_and_argmax")
Mean = gone("Mean", "theano.tensor.mean")
Rebroadcast = gone("Rebroadcast", "theano.tensor.addbroadcast")
Tile = gone("Tile", "theano.tensor.tile")
Tri = gone("Tri", "theano.tensor.tri")
Default = gone("Default", "theano.tensor.default")


__getattr__ = missing(__name__)
