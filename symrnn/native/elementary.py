"""Elementary functions as expressions without branches, so that a loop over them is vectorized.

Each takes expressions of float32 or float64 and returns one of the same dtype; coefficients are by
``tests/native/fit_elementary.py``, greatest errors (in units in the last place) are in `ULP` and tested.
Arguments are reduced with fused multiply-adds (Cody and Waite). NaN, infinities, zeros of both signs and denormals
give what C's functions give. Where an integer is wanted of a float, a constant is added that leaves the integer in the
lowest bits: no conversion is undefined for NaN then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan

import numpy as np

from symrnn.native.scalar import Scalar, cast, const, fma, scalar, select

ULP = {  # name: greatest error in units in the last place, of float32 and of float64
    "exp": (1.0, 1.0),
    "exp2": (1.0, 1.1),
    "expm1": (1.4, 1.7),
    "log": (1.0, 1.0),
    "log2": (1.9, 1.8),
    "log10": (0.51, 2.0),
    "log1p": (1.6, 1.4),
    "tanh": (2.6, 2.6),
    "sigmoid": (2.5, 2.5),
    "softplus": (2.0, 1.9),
    "log1mexp": (0.51, 2.5),
    "sinh": (0.51, 2.6),
    "cosh": (1.5, 1.5),
    "arcsinh": (0.51, 2.0),
    "arccosh": (0.51, 2.4),
    "arctanh": (0.51, 2.2),
}

LN2 = 0.693147180559945309417
LOG2_E = 1.44269504088896340736
LOG10_E = 0.434294481903251827651
LOG10_2 = (0.301029995663157, 8.241712586023572e-13)  # in two parts, the first of 40 bits

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


def through_float64(function: Callable[..., Scalar], *arguments: Scalar) -> Scalar:
    """`function` of float64, its value rounded to the dtype of the arguments."""
    dtype = arguments[0].dtype
    return cast(function(*(cast(a, "float64") for a in arguments)), dtype)


def exp_parts(x: Scalar) -> tuple[Scalar, Scalar]:
    """``(r, n)`` of ``exp(x) = 2**n exp(r)``; n is the low bits of an integer whose high bits `power_of_2` drops."""
    f = FORMATS[x.dtype]
    shifted = fma(x, LOG2_E, f.round)
    n = shifted - f.round
    return fma(n, -f.ln2[1], fma(n, -f.ln2[0], x)), shifted.bits(f.integer)


def exp_reduced(r: Scalar) -> Scalar:
    return polynomial(r, (1.0, 1.0, *EXP[r.dtype]))


def power_of_2(n: Scalar, dtype: str, shift: int | Scalar = 0) -> Scalar:
    """``2**(n + shift)``, a normal number."""
    f = FORMATS[dtype]
    one = n.like(f.one)
    if isinstance(shift, int):
        return ((n << f.fraction) + (f.one + (shift << f.fraction))).bits(dtype)
    return ((n << f.fraction) + (shift + one)).bits(dtype)


def scaled(value: Scalar, n: Scalar, negative: Scalar) -> Scalar:
    """``value * 2**n``, which may be infinite or denormal: the power in two factors."""
    f = FORMATS[value.dtype]
    up = f.fraction + 1
    # Half as large for a positive n, as 2**1024 is no number; for a negative one so large that no factor is a denormal,
    # and the last product alone rounds.
    shift = select(negative, const(up << f.fraction, f.integer), -(1 << f.fraction))
    return value * power_of_2(n, value.dtype, shift) * select(negative, value.like(2.0**-up), 2.0)


def exp(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    # Beyond, nothing changes any more, and 2**n could not be made of bits.
    x = greatest_of(least_of(x, f.overflow), f.underflow)
    r, n = exp_parts(x)
    return scaled(exp_reduced(r), n, x < 0.0)


def exp2(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    x = greatest_of(least_of(x, f.overflow * 1.4427), f.underflow * 1.4427)
    shifted = x + f.round
    r = (x - (shifted - f.round)) * LN2
    return scaled(exp_reduced(r), shifted.bits(f.integer), x < 0.0)


def exp_of_negative(x: Scalar) -> Scalar:
    """``exp(x)`` of an `x` up to 40."""
    f = FORMATS[x.dtype]
    r, n = exp_parts(greatest_of(x, f.underflow))
    up = f.fraction + 1
    return exp_reduced(r) * power_of_2(n, x.dtype, up) * 2.0**-up


def scaled_expm1(x: Scalar, shift: int) -> Scalar:
    """``(exp(x) - 1) 2**shift`` of an `x` that is clipped from below; gives 0.0 for -0.0."""
    r, n = exp_parts(x)
    power = power_of_2(n, x.dtype, shift)
    # Near 0 the difference is 0, and what is left are digits of r, none of which are lost.
    linear = fma(power, r, power - 2.0**shift)
    return fma(power * (r * r), polynomial(r, EXP[x.dtype]), linear)


def expm1(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    # Far below 0 all is -1. Half of it is computed, since the power alone may overflow where the result does not.
    clipped = greatest_of(least_of(x, f.overflow), -2.0 * f.fraction)
    return select(abs(x) < 2.0**-60, x, scaled_expm1(clipped, -1) * 2.0)  # zeros and denormals too


def sigmoid(x: Scalar) -> Scalar:
    # Beyond, the quotient is 1 to the last bit; e must not become infinite.
    e = exp_of_negative(least_of(x, 20.0 if x.dtype == "float32" else 40.0))
    return e / (e + 1.0)


def tanh(x: Scalar) -> Scalar:
    """``e / (e + 1)``, where ``e = (exp(2 abs(x)) - 1) / 2``."""
    if x.dtype == "float64":
        e = scaled_expm1(least_of(abs(x) * 2.0, 40.0), -1)
        return signed_as(e / (e + 1.0), x)
    # the same with abs(x) = n log(2) / 2 + r: the quotient forgives what log(2) lacks
    f = FORMATS[x.dtype]
    # Beyond, it is 1 to the last bit.
    magnitude = least_of(abs(x), 9.1)
    shifted = fma(magnitude, 2 * LOG2_E, f.round)
    r = fma(shifted - f.round, -LN2 / 2, magnitude)
    power = power_of_2(shifted.bits(f.integer), x.dtype)
    # (exp(2 r) - 1) / 2 = r + r**2 sum of c[k] 2**(k + 1) r**k
    tail = polynomial(r, tuple(c * 2.0 ** (k + 1) for k, c in enumerate(EXP["float32"])))
    e = fma(power * r * r, tail, fma(power, r, fma(power, 0.5, -0.5)))
    return signed_as(e / (e + 1.0), x)


def log_parts(u: Scalar) -> tuple[Scalar, Scalar]:
    """``(i, k)`` of a positive normal ``u = m 2**k``: k and m's distance from u in bits, m about 1."""
    f = FORMATS[u.dtype]
    # m is between this and its double, so that around 1 k is 0, and no two logarithms cancel.
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
    return int(np.asarray(value, dtype).view(FORMATS[dtype].integer)[()])


def log_fraction(f: Scalar, k: Scalar | None = None) -> Scalar:
    """``log(1 + f)``, plus ``k log(2)`` if `k` is given."""
    if f.dtype == "float32":
        value = fma(f * f, polynomial(f, LOG_32), f)
        return value if k is None else fma(k, LN2, value)
    high, low = FORMATS[f.dtype].ln2
    s = f / (f + 2.0)
    z = s * s
    # log(1 + f) = f - (f**2 / 2 - s (f**2 / 2 + z p(z))): what f is changed by is small, so its own digits stay.
    half = f * f * 0.5
    curved = fma(polynomial(z, LOG_64), z, half)
    if k is None:
        return f - fma(-s, curved, half)
    return fma(k, high, f - (half - fma(s, curved, k * low)))


def log_like(x: Scalar, value: Callable[[Scalar, Scalar], Scalar]) -> Scalar:
    """A logarithm of `x`; `value` gives it of ``2**k (1 + f)``."""
    f = FORMATS[x.dtype]
    up = f.fraction + 1
    denormal = x < f.least
    # A denormal's exponent is not in its bits.
    u = select(denormal, x * 2.0**up, x)
    i, k = log_parts(u)
    m = (u.bits(f.integer) - i).bits(x.dtype)
    found = value(m - 1.0, k - select(denormal, x.like(up), 0.0))
    special = select(x.equal(0.0), -inf, select(x < 0.0, nan, x))  # and infinity, NaN
    return select((x > 0.0) & (x < inf), found, special)


def log(x: Scalar) -> Scalar:
    return log_like(x, log_fraction)


def log2(x: Scalar) -> Scalar:
    return log_like(x, lambda f, k: fma(log_fraction(f), LOG2_E, k))


def log10(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(log10, x)
    high, low = LOG10_2
    return log_like(x, lambda f, k: fma(k, high, fma(log_fraction(f), LOG10_E, k * low)))


def log1p(x: Scalar) -> Scalar:
    f = FORMATS[x.dtype]
    i, k = log_parts(x + 1.0)
    # (1 + x) / 2**k - 1, without the rounding of 1 + x
    m = (const(x_bits(4.0, x.dtype), f.integer) - i).bits(x.dtype)
    value = log_fraction(fma(m, 0.25, -1.0) + (x.bits(f.integer) - i).bits(x.dtype), k)
    special = select(x.equal(-1.0), -inf, select(x < -1.0, nan, x))  # and zeros, infinity, NaN
    return select((x > -1.0) & (x < inf) & x.differs(0.0), value, special)


def softplus(x: Scalar) -> Scalar:
    """``log(1 + exp(x))``, the logarithm of a number between 1 and 2."""
    e = exp_of_negative(-abs(x))
    # 1 + e is within the logarithm's interval up to there; above, half of it is.
    big = e > (1.0 / 3.0 if x.dtype == "float32" else 2.0**0.5 - 1.0)
    f = select(big, (e - 1.0) * 0.5, e)
    return log_fraction(f, select(big, x.like(1.0), 0.0)) + greatest_of(x, 0.0)


def log1mexp(x: Scalar) -> Scalar:
    """``log(1 - exp(x))``: of ``-expm1(x)`` near 0, by ``log1p(-exp(x))`` elsewhere, with one logarithm."""
    if x.dtype != "float64":
        return through_float64(log1mexp, x)
    f = FORMATS[x.dtype]
    near = x > -LN2
    z = select(near, abs(expm1(x)), -exp(x))
    up = f.fraction + 1
    denormal = near & (z < f.least)
    z = select(denormal, z * 2.0**up, z)
    i, k = log_parts(select(near, z, z + 1.0))
    m = (const(x_bits(4.0, x.dtype), f.integer) - i).bits(x.dtype)
    scaled_z = (z.bits(f.integer) - i).bits(x.dtype)
    value = log_fraction(
        select(near, x.like(-1.0), fma(m, 0.25, -1.0)) + scaled_z,
        k - select(denormal, x.like(up), 0.0),
    )
    special = select(x.equal(0.0), x.like(-inf), select(x < 0.0, x.like(-0.0), nan))
    return select((x < 0.0) & z.differs(0.0), value, special)


def sinh(x: Scalar) -> Scalar:
    """``e + e / (2 e + 1)``, where ``e = (exp(abs(x)) - 1) / 2``."""
    if x.dtype != "float64":
        return through_float64(sinh, x)
    e = scaled_expm1(least_of(abs(x), FORMATS[x.dtype].overflow + 0.6), -2)  # half of it
    return select(abs(x) < 2.0**-30, x, signed_as((e + e / fma(e, 4.0, 1.0)) * 2.0, x))


def cosh(x: Scalar) -> Scalar:
    r, n = exp_parts(least_of(abs(x), FORMATS[x.dtype].overflow + 0.6))
    # A quarter, as exp itself overflows before its half does.
    quarter = exp_reduced(r) * power_of_2(n, x.dtype, -2)  # of exp(abs(x))
    return (quarter + 0.0625 / quarter) * 2.0


def arcsinh(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arcsinh, x)
    a = abs(x)
    big = a > 2.0**60
    square = a * a
    # sqrt(a**2 + 1) - 1 without the difference; beyond `big` log(2 a), long before the square overflows.
    t = select(big, a, a + square / (scalar("sqrt", square + 1.0) + 1.0))
    return signed_as(log1p(t) + select(big, x.like(LN2), 0.0), x)


def arccosh(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arccosh, x)
    t = x - 1.0
    big = x > 2.0**60
    # x**2 - 1 = t (t + 2), without a difference of squares.
    argument = select(big, x, t + scalar("sqrt", t * (t + 2.0)))
    return select(x < 1.0, nan, log1p(argument) + select(big, x.like(LN2), 0.0))


def arctanh(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arctanh, x)
    a = abs(x)
    return signed_as(log1p(a * 2.0 / (1.0 - a)) * 0.5, x)
