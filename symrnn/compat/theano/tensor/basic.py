"""``theano.tensor.basic``: the part of ``theano.tensor`` that programs reach this way."""

from pytensor.tensor.basic import (
    Alloc,
    ARange,
    Eye,
    Join,
    MakeVector,
    ScalarFromTensor,
    Split,
    TensorFromScalar,
    alloc,
    arange,
    as_tensor_variable,
    cast,
    concatenate,
    constant,
    eye,
    get_scalar_constant_value,
    get_vector_length,
    join,
    nonzero,
    ones,
    ones_like,
    second,
    split,
    stacklists,
    switch,
    tile,
    where,
    zeros,
    zeros_like,
)
from pytensor.tensor.exceptions import NotScalarConstantError
from pytensor.tensor.math import (
    Dot,
    argmax,
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
from pytensor.tensor.type import TensorType

from symrnn.compat.missing import missing

from .renamed import abs_, addbroadcast, batched_dot, flatten, patternbroadcast, stack, unbroadcast

__getattr__ = missing(__name__)
