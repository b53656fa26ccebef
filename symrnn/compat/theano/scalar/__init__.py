"""``theano.scalar``."""

from pytensor.scalar import (
    ScalarOp,
    as_scalar,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    get_scalar_type,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    upcast,
)
from pytensor.scalar import ScalarType as Scalar
from pytensor.scalar.basic import (
    BinaryScalarOp,
    ComplexError,
    Composite,
    IntegerDivisionError,
    Maximum,
    Minimum,
    UnaryScalarOp,
    all_types,
    autocast_float,
    autocast_float_as,
    constant,
    float_types,
    int_types,
    upcast_out,
    upgrade_to_float,
)

from symrnn.compat.missing import missing

from . import basic, sharedvar

__getattr__ = missing(__name__)
