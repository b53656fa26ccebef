"""Sine and kin and their inverses, as expressions without branches; see `symrnn.native.elementary`.

Those of float32 are computed in float64 and rounded. Sine, cosine and tangent of float64 are the C library's.
"""

from __future__ import annotations

from math import inf, nan, pi

from symrnn.native.elementary import FORMATS, polynomial, signed_as, through_float64, x_bits
from symrnn.native.scalar import Scalar, cast, fma, scalar, select

ULP = {  # name: greatest error in units in the last place, of float32 and of float64
    "sin": (0.51, 1.0),
    "cos": (0.51, 1.0),
    "tan": (0.51, 1.0),
    "arctan": (0.51, 1.9),
    "arctan2": (0.51, 2.2),
    "arcsin": (0.51, 1.8),
    "arccos": (0.51, 1.3),
}

# 2 / pi in two parts; then, for x from 2**(24 c) on, its digits below 2**(25 - 24 c), as those above give whole turns
TWO_OVER_PI = (
    (0.6366197723675814, -3.935735335036497e-17),
    (10680707.430881744, -6.603068183473968e-10),
    (24006212.08267189, 1.709686464714098e-09),
    (1387004.153683779, 4.808155064335612e-11),
    (2578385.9578379244, 1.995295817260851e-10),
    (32847069.75334755, 1.3035200080933476e-09),
)
PI_LOW, HALF_PI_LOW, QUARTER_PI_LOW = (pi_low := 1.2246467991473532e-16), pi_low / 2, pi_low / 4
# sin(r) = r + r z p(z), cos(r) = 1 + z p(z), z = r**2, abs(r) <= pi / 4, to 5e-12
SIN = (-0.16666666641627323, 0.008333329385982066, -0.00019839334865534203, 2.7183117704611264e-06)
COS = (
    -0.49999999999545175, 0.04166666656208988, -0.0013888881079244346,
    2.479904112778871e-05, -2.718010604885536e-07,
)  # fmt: skip
# arctan(t) = t + t z p(z), z = t**2, abs(t) <= sqrt(2) - 1
ARCTAN = (
    -0.333333333333332, 0.1999999999995377, -0.14285714280212503, 0.11111110784168392,
    -0.0909089777584929, 0.07692060499303632, -0.06663106857318593, 0.05847906658882799,
    -0.05039369168859371, 0.03806585701272807, -0.01790826509225386,
)  # fmt: skip
# arcsin(t) = t + t z p(z), z = t**2 <= 1 / 4
ARCSIN = (
    0.16666666666666763, 0.0749999999997013, 0.04464285717525215, 0.03038194267705687,
    0.02237221585173436, 0.0173515965461291, 0.013981005117427546, 0.011397410104030196,
    0.010788623626523096, 0.0036749798525697, 0.02178344721169019, -0.02110594696598459,
    0.0326950487268255,
)  # fmt: skip


def turns(a: Scalar) -> tuple[Scalar, Scalar]:
    """``(n, r)``: ``a = n pi / 2 + r`` of a float32's magnitude given as float64; n is right in its lowest bits."""
    high, low = (a.like(part) for part in TWO_OVER_PI[0])
    for c, parts in enumerate(TWO_OVER_PI[1:], 1):
        beyond = a >= 2.0 ** (24 * c)
        high = select(beyond, parts[0] * 2.0 ** (-24 * c), high)
        low = select(beyond, parts[1] * 2.0 ** (-24 * c), low)
    product = a * high
    shifted = product + FORMATS["float64"].round
    rest = fma(a, low, fma(a, high, -product))
    return shifted.bits("int64"), (product - (shifted - FORMATS["float64"].round) + rest) * (pi / 2)


def sin_and_cos(a: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """``(n, sin(r), cos(r))`` of `turns`."""
    n, r = turns(a)
    z = r * r
    return n, fma(r * z, polynomial(z, SIN), r), fma(z, polynomial(z, COS), 1.0)


def sine(a: Scalar, quarters: int) -> Scalar:
    """``sin(a + quarters pi / 2)`` of a magnitude."""
    n, s, c = sin_and_cos(a)
    n = n + quarters
    value = select((n & 1).differs(0), c, s)
    # Two quarters on, the sign is the other one: that is bit 1 of n, moved to where signs are.
    return (value.bits("int64") ^ ((n << 62) & x_bits(-0.0, "float64"))).bits("float64")


def sin(x: Scalar) -> Scalar:
    if x.dtype == "float64":
        return scalar("call", x, data="sin")
    value = cast(sine(cast(abs(x), "float64"), 0), x.dtype)
    sign = x.bits("int32") & x_bits(-0.0, x.dtype)
    return (value.bits("int32") ^ sign).bits(x.dtype)


def cos(x: Scalar) -> Scalar:
    if x.dtype == "float64":
        return scalar("call", x, data="cos")
    return cast(sine(cast(abs(x), "float64"), 1), x.dtype)


def tan(x: Scalar) -> Scalar:
    if x.dtype == "float64":
        return scalar("call", x, data="tan")
    n, s, c = sin_and_cos(cast(abs(x), "float64"))
    odd = (n & 1).differs(0)
    # A quarter on, it is -1 / tan.
    value = cast(select(odd, -c, s) / select(odd, s, c), x.dtype)
    return (value.bits("int32") ^ (x.bits("int32") & x_bits(-0.0, x.dtype))).bits(x.dtype)


def arctan_of_ratio(a: Scalar, b: Scalar) -> Scalar:
    """``arctan(a / b)`` of magnitudes, with one division."""
    low, high = a <= b * (2.0**0.5 - 1.0), a >= b * (2.0**0.5 + 1.0)
    t = select(low, a, select(high, -b, a - b)) / select(low, b, select(high, a, a + b))
    z = t * t
    # The ratio is taken relative to 0, to infinity or to 1, and so stays within the polynomial's interval.
    offset = select(low, a.like(0.0), select(high, a.like(pi / 2), pi / 4))
    rest = select(low, a.like(0.0), select(high, a.like(HALF_PI_LOW), QUARTER_PI_LOW))
    return offset + (fma(t * z, polynomial(z, ARCTAN), rest) + t)


def arctan(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arctan, x)
    return signed_as(arctan_of_ratio(abs(x), x.like(1.0)), x)


def arctan2(y: Scalar, x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arctan2, y, x)
    a, b = abs(y), abs(x)
    scale = select((a > 2.0**1000) | (b > 2.0**1000), a.like(0.25), 1.0)  # the sum may not overflow
    # C has pi / 4 for two infinities and 0 for two zeros: 1 / 1 and 0 / 1 stand for them.
    both = a.equal(inf) & b.equal(inf)
    a, b = select(both, 1.0, a * scale), select(both, 1.0, b * scale)
    b = select(a.equal(0.0) & b.equal(0.0), 1.0, b)
    value = arctan_of_ratio(a, b)
    # By the sign's bit: -0.0 is on the left.
    value = select(x.bits("int64") < 0, (PI_LOW - value) + pi, value)
    return signed_as(value, y)


def arcsin_parts(x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """``(small, t, tail)``: ``arcsin(t) = t + tail``, t is ``abs(x)``, or ``sqrt((1 - abs(x)) / 2)`` if not `small`."""
    a = abs(x)
    small = a <= 0.5
    # Exact for a >= 1 / 2: arcsin(a) = pi / 2 - 2 arcsin(sqrt((1 - a) / 2))
    half = (1.0 - a) * 0.5
    z = select(small, a * a, half)
    t = select(small, a, scalar("sqrt", half))
    return small, t, t * z * polynomial(z, ARCSIN)


def arcsin(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arcsin, x)
    small, t, tail = arcsin_parts(x)
    return signed_as(select(small, t + tail, pi / 2 - (t * 2.0 + fma(tail, 2.0, -HALF_PI_LOW))), x)


def arccos(x: Scalar) -> Scalar:
    if x.dtype != "float64":
        return through_float64(arccos, x)
    small, t, tail = arcsin_parts(x)
    negative = x < 0.0
    near = pi / 2 - (signed_as(t, x) + (signed_as(tail, x) - HALF_PI_LOW))
    double = t * 2.0
    far = select(negative, pi - (double + fma(tail, 2.0, -PI_LOW)), double + tail * 2.0)
    return select(abs(x) <= 1.0, select(small, near, far), nan)
