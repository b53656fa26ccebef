"""``theano.scalar.basic``."""

from pytensor.scalar.basic import (
    BinaryScalarOp,
    ComplexError,
    Composite,
    IntegerDivisionError,
    ScalarOp,
    UnaryScalarOp,
    all_types,
    autocast_float,
    autocast_float_as,
    constant,
    float_types,
    int_types,
    round_half_away_from_zero_vec,
    upcast,
    upcast_out,
    upgrade_to_float,
)

from symrnn.compat.missing import missing

__getattr__ = missing(__name__)
