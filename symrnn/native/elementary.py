"""Elementary functions as expressions without branches, so that a loop over them is vectorized.

Each takes expressions of float32 or float64 and returns one of the same dtype; coefficients are by
``tests/native/fit_elementary.py``, greatest errors (in units in the last place) are in `ULP` and tested.
Arguments are reduced with fused multiply-adds (Cody and Waite). NaN, infinities, zeros of both signs and denormals
give what C's functions give. Where an integer is wanted of a float, a constant is added that leaves the integer in the
lowest bits: no conversion is undefined for NaN then.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan

from symrnn.native.scalar import Scalar, cast, const, fma, scalar, select

LN2 = 0.693147180559945309417
LOG2_E = 1.44269504088896340736

# exp(r) = 1 + r + r**2 p(r) for abs(r) <= log(2) / 2
EXP = {
    "float32": (
        0.5, 0.1666654795408249, 0.04166683927178383, 0.008366125635802746, 0.0013899530749768019
    ),
    "float64": (
        0.5, 0.16666666666666602, 0.041666666666619695, 0.008333333333388506, 0.0013888888920657605,
        0.00019841269709095687, 2.4801516121806035e-05, 2.755742511517838e-06,
        2.762233178939833e-07, 2.5045980973396927e-08,
    ),
}  # fmt: skip
# log(1 + f) = f + f**2 p(f) for abs(f) <= 1 / 3
LOG_32 = (
    -0.5, 0.3333321511745453, -0.2499980628490448, 0.2001042664051056, -0.16680197417736053,
    0.14005732536315918, -0.12187448143959045, 0.139846071600914, -0.12880201637744904,
)  # fmt: skip
# log((1 + s) / (1 - s)) = 2 s + s**3 p(s**2), the left side between log(2) / 2 and its negative
LOG_64 = (
    0.6666666666666735, 0.3999999999940935, 0.28571428743686567, 0.2222219842896005,
    0.18183572357503294, 0.1531383203035099, 0.14798260994273763,
)  # fmt: skip
# tanh(x) = x p(x**2) / q(x**2) for abs(x) <= 9.1
TANH_P = (
    0.9999999925528847, 0.1307972905484843, 0.0030991675552025796, 1.1103983457297175e-05,
    -2.0019362944315345e-08, 5.17778941401764e-11, -8.228705076606807e-14,
)  # fmt: skip
TANH_Q = (1.0, 0.46413055428882083, 0.024476127779396284, 0.00025391588024634506)


@dataclass(frozen=True)
class Format:
    """How a dtype's bits are laid out, and what follows for exponents and logarithms."""

    integer: str  # dtype of the same width
    fraction: int  # bits of the fraction
    round: float  # added to a float, it leaves the nearest integer in the lowest bits
    one: int  # bits of 1.0
    least: float  # least normal number
    ln2: tuple[float, float]  # log(2) in two parts, the first with zeros at the end
    overflow: float  # exp of it is infinity
    underflow: float  # exp of it is zero


FORMATS = {
    "float32": Format(
        "int32", 23, 1.5 * 2.0**23, 127 << 23, 2.0**-126,
        (0.693145751953125, 1.428606765330187e-06), 89.0, -104.0,
    ),
    "float64": Format(
        "int64", 52, 1.5 * 2.0**52, 1023 << 52, 2.0**-1022,
        (0.6931471803691238, 1.9082149292705877e-10), 710.0, -746.0,
    ),
}  # fmt: skip


def polynomial(x: Scalar, coefficients: tuple[float, ...]) -> Scalar:
    """``c[0] + c[1] x + c[2] x**2 + ...`` by Horner's rule."""
    value = x.like(coefficients[-1])
    for c in coefficients[-2::-1]:
        value = fma(value, x, c)
    return value


def least_of(x: Scalar, bound: float) -> Scalar:
    """`x` where it is below `bound` or NaN."""
    return select(x > bound, bound, x)


def greatest_of(x: Scalar, bound: float) -> Scalar:
    """`x` where it is above `bound` or NaN."""
    return select(x < bound, bound, x)


def signed_as(magnitude: Scalar, x: Scalar) -> Scalar:
    """A number that isn't negative, with the sign of `x`; C's ``copysign``."""
    f = FORMATS[x.dtype]
    sign = x.bits(f.integer) & (-1 << f.fraction + (8 if f.fraction == 23 else 11))
    return (magnitude.bits(f.integer) | sign).bits(x.dtype)


def exp_parts(x: Scalar) -> tuple[Scalar, Scalar]:
    """``(q, n)`` of ``exp(x) = 2**n (1 + q)``; n is the low bits of an integer whose high bits `power_of_2` drops."""
    f = FORMATS[x.dtype]
    shifted = fma(x, LOG2_E, f.round)
    n = shifted - f.round
    r = fma(n, -f.ln2[1], fma(n, -f.ln2[0], x))
    return fma(r * r, polynomial(r, EXP[x.dtype]), r), shifted.bits(f.integer)


def power_of_2(n: Scalar, dtype: str, shift: int | Scalar = 0) -> Scalar:
    """``2**(n + shift)``, a normal number."""
    f = FORMATS[dtype]
    one = n.like(f.one)
    if isinstance(shift, int):
        return ((n << f.fraction) + (f.one + (shift << f.fraction))).bits(dtype)
    return ((n << f.fraction) + (shift + one)).bits(dtype)


def exp(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    x = greatest_of(least_of(x, f.overflow), f.underflow)
    q, n = exp_parts(x)
    # 2**n, which may be above the greatest number or below the least normal one, in two factors
    up = f.fraction + 1
    small = x < 0.0
    shift = select(small, const(up << f.fraction, f.integer), -(1 << f.fraction))
    return (q + 1.0) * power_of_2(n, x.dtype, shift) * select(small, x.like(2.0**-up), 2.0)


def exp_of_negative(x: Scalar) -> Scalar:
    """``exp(x)`` of an `x` up to 40."""
    f = FORMATS[x.dtype]
    q, n = exp_parts(greatest_of(x, f.underflow))
    up = f.fraction + 1
    return (q + 1.0) * power_of_2(n, x.dtype, up) * 2.0**-up


def expm1_unsigned(x: Scalar) -> Scalar:
    """``exp(x) - 1``, of an `x` that is clipped from below; gives 0.0 for -0.0."""
    q, n = exp_parts(x)
    half = power_of_2(n, x.dtype, -1)
    return fma(half, q, half - 0.5) * 2.0


def expm1(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    clipped = greatest_of(least_of(x, f.overflow), -2.0 * f.fraction)
    return signed_as(abs(expm1_unsigned(clipped)), x)


def sigmoid(x: Scalar) -> Scalar:
    e = exp_of_negative(least_of(x, 20.0 if x.dtype == "float32" else 40.0))
    return e / (e + 1.0)


def tanh(x: Scalar) -> Scalar:
    if x.dtype == "float32":
        x = greatest_of(least_of(x, 9.1), -9.1)
        t = x * x
        return x * polynomial(t, TANH_P) / polynomial(t, TANH_Q)
    e = expm1_unsigned(least_of(abs(x) * 2.0, 40.0))
    return signed_as(e / (e + 2.0), x)


def log_parts(u: Scalar) -> tuple[Scalar, Scalar]:
    """``(i, k)`` of a positive normal ``u = m 2**k``: k and m's distance from u in bits, m about 1."""
    f = FORMATS[u.dtype]
    least = x_bits(2.0 / 3.0 if u.dtype == "float32" else 0.5**0.5, u.dtype)
    i = (u.bits(f.integer) - least) & (-1 << f.fraction)
    return i, number(i >> f.fraction, u.dtype)


def number(k: Scalar, dtype: str) -> Scalar:
    """A small integer as a float."""
    if dtype == "float32":
        return cast(k, dtype)
    f = FORMATS[dtype]  # few processors convert vectors of 64 bits
    return (k + x_bits(f.round, dtype)).bits(dtype) - f.round


def x_bits(value: float, dtype: str) -> int:
    """The bits of a float as an integer."""
    import numpy as np

    return int(np.asarray(value, dtype).view(FORMATS[dtype].integer)[()])


def log_from(f: Scalar, k: Scalar, scale: tuple[float, float] = FORMATS["float64"].ln2) -> Scalar:
    """``log(1 + f) + k log(2)``."""
    if f.dtype == "float32":
        return fma(k, LN2, fma(f * f, polynomial(f, LOG_32), f))
    high, low = FORMATS[f.dtype].ln2
    s = f / (f + 2.0)
    z = s * s
    half = f * f * 0.5
    tail = fma(s, fma(polynomial(z, LOG_64), z, half), k * low)
    return fma(k, high, f - (half - tail))


def log(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    up = f.fraction + 1
    denormal = x < f.least
    u = select(denormal, x * 2.0**up, x)
    i, k = log_parts(u)
    m = (u.bits(f.integer) - i).bits(x.dtype)
    value = log_from(m - 1.0, k - select(denormal, x.like(up), 0.0))
    special = select(x.equal(0.0), -inf, select(x < 0.0, nan, x))  # and infinity, NaN
    return select((x > 0.0) & (x < inf), value, special)


def log1p(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    i, k = log_parts(x + 1.0)
    # (1 + x) / 2**k - 1, without the rounding of 1 + x
    m = (const(x_bits(4.0, x.dtype), f.integer) - i).bits(x.dtype)
    value = log_from(fma(m, 0.25, -1.0) + (x.bits(f.integer) - i).bits(x.dtype), k)
    special = select(x.equal(-1.0), -inf, select(x < -1.0, nan, x))  # and zeros, infinity, NaN
    return select((x > -1.0) & (x < inf) & x.differs(0.0), value, special)


def softplus(x: Scalar) -> Scalar:
    """``log(1 + exp(x))``, the logarithm of a number between 1 and 2."""
    e = exp_of_negative(-abs(x))
    big = e > (1.0 / 3.0 if x.dtype == "float32" else 2.0**0.5 - 1.0)
    f = select(big, (e - 1.0) * 0.5, e)
    return log_from(f, select(big, x.like(1.0), 0.0)) + greatest_of(x, 0.0)


def pow(x: Scalar, y: Scalar) -> Scalar:
    wide = scalar("call", cast(x, "float64"), cast(y, "float64"), data="pow")
    return cast(wide, x.dtype)
