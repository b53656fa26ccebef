"""The error function and powers, as expressions without branches; see `symrnn.native.elementary`."""

from __future__ import annotations

from math import inf, nan

from symrnn.native.elementary import (
    exp,
    greatest_of,
    least_of,
    log,
    polynomial,
    through_float64,
)
from symrnn.native.scalar import Scalar, cast, fma, scalar, select

ULP = {  # name: greatest error in units in the last place, of float32 and of float64
    "erf": (0.6, 1.7),
    "erfc": (0.51, 4.5),
    "pow": (0.51, 1.0),
}

# erf(x) = x p(x**2) / q(x**2) for abs(x) <= 3.95, to 2e-9
ERF_P = (
    1.1283791692388918, 0.18516876913152117, 0.05427475714286008, 0.0038433617757141804,
    0.0003779377428451591, 4.640466968555831e-06, -1.2967211239996403e-08,
)  # fmt: skip
ERF_Q = (
    1.0, 0.49743495825398987, 0.11391090600510675, 0.01544370453693249,
    0.0013040619053884361, 6.269280446319314e-05,
)  # fmt: skip
# erf(x) = x p(x**2) for abs(x) <= 1
ERF = (
    1.1283791670955126, -0.3761263890318323, 0.11283791670925955, -0.026866170638711225,
    0.00522397755205321, -0.0008548322032145409, 0.00012055115147994306, -1.491928203229935e-05,
    1.6334728894040795e-06, -1.4617098996445655e-07, -1.39580533809324e-09, 8.45462509296109e-09,
    -3.2768195598508134e-09, 5.133003726189925e-10,
)  # fmt: skip
# erfc(x) = exp(-x**2) p((x - 4) / (x + 4)) / (x + 4) for 1 <= x <= 28
ERFC = (
    1.095995661000491, -0.976548729080882, 0.7732087022652606, -0.540853831313243,
    0.33085158787642743, -0.17401093723915698, 0.07638151495046888, -0.026370053367838917,
    0.00611205512034571, -0.0002809584079067322, -0.0004550487939386291, 0.00017680872737388902,
    -3.6514903242947062e-06, -1.8840033177814343e-05, 4.732394047473366e-06, 1.36351943798375e-06,
    -8.861186234669263e-07, 1.8247635912202738e-08, 1.2195601013035905e-07,
    -5.880084715151623e-08, 1.2024386924671146e-08,
)  # fmt: skip


def erf(x: Scalar) -> Scalar:
    if x.dtype == "float32":
        # Beyond, it is 1 in float32.
        x = cast(greatest_of(least_of(x, 3.93), -3.93), "float64")
        z = x * x
        return cast(x * polynomial(z, ERF_P) / polynomial(z, ERF_Q), "float32")
    # Both ranges are computed of every number, so each gets only numbers that it is for.
    a = greatest_of(abs(x), 1.0)
    far = 1.0 - erfc_of_large(a)
    return select(abs(x) < 1.0, x * polynomial(x * x, ERF), select(x < 0.0, -far, far))


def erfc(x: Scalar) -> Scalar:
    if x.dtype == "float32":
        return through_float64(erfc, x)
    near = 1.0 - x * polynomial(x * x, ERF)
    far = erfc_of_large(greatest_of(abs(x), 1.0))
    return select(abs(x) < 1.0, near, select(x < 0.0, 2.0 - far, far))


def erfc_of_large(a: Scalar) -> Scalar:
    """``erfc(a)`` from 1 on; what ``a**2`` lacks is a factor of its own."""
    # Beyond, it is 0.
    a = least_of(a, 28.0)
    square = a * a
    lacking = fma(a, a, -square)
    e = exp(-square)
    t = (a - 4.0) / (a + 4.0)
    return fma(-lacking, e, e) * (polynomial(t, ERFC) / (a + 4.0))


def pow(x: Scalar, y: Scalar) -> Scalar:
    """``x**y``; C's of float64, without branches of float32."""
    if x.dtype == "float64":
        return scalar("call", x, y, data="pow")
    # A power is as wrong as its logarithm is, y log(a) times over: float64 has digits to spare for that.
    a, wide = cast(abs(x), "float64"), cast(y, "float64")
    value = exp(wide * log(a))
    # Whatever the other one is, NaN and infinity too.
    value = select(a.equal(1.0) | wide.equal(0.0), 1.0, value)
    whole = scalar("floor", wide).equal(wide)
    half = wide * 0.5
    odd = whole & scalar("floor", half).differs(half)
    undefined = (x < 0.0) & (x > -inf) & ~whole & y.equal(y)
    value = select(undefined, nan, value)
    bits = cast(value, x.dtype).bits("int32")
    # By its bit, which -0.0 has as well.
    sign = x.bits("int32") & select(odd, y.like(-0.0).bits("int32"), 0)
    powered = (bits | sign).bits(x.dtype)
    nan_in = (x.differs(x) & y.differs(0.0)) | (y.differs(y) & x.differs(1.0))
    return select(nan_in, nan, powered)
