"""Quotients, remainders and powers of whole numbers, as NumPy has them."""

from __future__ import annotations

import numpy as np

from symrnn.native.elementary import signed_as
from symrnn.native.scalar import Scalar, scalar, select


def int_div(a: Scalar, b: Scalar) -> Scalar:
    """The quotient rounded down; an integer divided by zero is 0."""
    if a.dtype.startswith("float"):
        return float_int_div(a, b)
    quotient, remainder = truncated(a, b)
    if np.dtype(a.dtype).kind == "u":
        return select(b.equal(0), 0, quotient)
    opposite = remainder.differs(0) & ((remainder < 0) ^ (b < 0))
    down = select(opposite, quotient - 1, quotient)
    # By -1, `truncated` has divided by 1: the least number is then its own negative, as with NumPy.
    return select(b.equal(0), 0, select(b.equal(-1), -a, down))


def mod(a: Scalar, b: Scalar) -> Scalar:
    """The remainder with the divisor's sign; of an integer by zero it is 0."""
    if a.dtype.startswith("float"):
        return float_mod(a, b)
    _, remainder = truncated(a, b)
    if np.dtype(a.dtype).kind == "u":
        return remainder
    opposite = remainder.differs(0) & ((remainder < 0) ^ (b < 0))
    return select(opposite, remainder + b, remainder)


def truncated(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """C's quotient and remainder; by 1 instead of zero, and instead of -1, as the least number overflows."""
    harmful = b.equal(0)
    if np.dtype(a.dtype).kind == "i":
        harmful = harmful | b.equal(-1)
    safe = select(harmful, 1, b)
    return scalar("div", a, safe), scalar("rem", a, safe)


def float_int_div(a: Scalar, b: Scalar) -> Scalar:
    remainder = scalar("rem", a, b)
    # NumPy's way: the remainder is exact, so this is all but whole, and a half tells which way it erred.
    quotient = (a - remainder) / b
    opposite = remainder.differs(0.0) & ((b < 0.0) ^ (remainder < 0.0))
    quotient = select(opposite, quotient - 1.0, quotient)
    down = scalar("floor", quotient)
    down = select(quotient - down > 0.5, down + 1.0, down)
    value = select(quotient.equal(0.0), signed_as(a.like(0.0), a / b), down)
    return select(b.equal(0.0), a / b, value)


def float_mod(a: Scalar, b: Scalar) -> Scalar:
    remainder = scalar("rem", a, b)
    opposite = (b < 0.0) ^ (remainder < 0.0)
    # C's remainder of 0 has the sign of `a`.
    value = select(remainder.equal(0.0), signed_as(a.like(0.0), b), remainder)
    value = select(remainder.differs(0.0) & opposite, remainder + b, value)
    return select(b.equal(0.0), remainder, value)


def whole_power(a: Scalar, exponent: int) -> Scalar:
    """``a ** exponent`` of a known exponent, by squaring; integers wrap."""
    result = None
    while exponent:
        if exponent & 1:
            result = a if result is None else result * a
        exponent >>= 1
        a = a * a
    return a.like(1) if result is None else result


def unsigned_power(a: Scalar, b: Scalar, bits: int) -> Scalar:
    """``a ** b`` of an integer by one below ``2**bits``, by squaring; integers wrap."""
    result = a.like(1)
    for bit in range(bits):
        odd = (b & b.like(np.array(1, b.dtype) << bit)).differs(0)
        result = select(odd, result * a, result)
        a = a * a
    return result
