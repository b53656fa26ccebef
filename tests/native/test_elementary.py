"""Elementary functions: the greatest errors they state, special values, and that loops over them are vectorized."""

import re

import numpy as np
import pytest
from harness import compiled, loop_text, optimized

from symrnn.native import elementary, error_function, trigonometric
from symrnn.native.scalar import arg

MODULES = (elementary, trigonometric, error_function)
STATED = {name: (getattr(m, name), bounds) for m in MODULES for name, bounds in m.ULP.items()}
DTYPES = ("float32", "float64")
wide = np.longdouble


def sigmoid(x):
    return np.where(x < 0, np.exp(x) / (1 + np.exp(x)), 1 / (1 + np.exp(-x)))


def log1mexp(x):
    return np.where(x > -0.69, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def by_mpmath(name):
    """A function of mpmath's with 30 digits; what is beyond float64's range of exponents is cut off."""

    def function(x):
        mp = pytest.importorskip("mpmath")
        with mp.workdps(30):
            values = [getattr(mp, name)(mp.mpf(float(np.clip(v, -40, 100)))) for v in x]
            return np.array([wide(mp.nstr(v, 25)) for v in values])

    return lambda x: np.where(np.isnan(x), wide("nan"), function(np.where(np.isnan(x), 0, x)))


REFERENCES = {  # in long double, whose 64 bits leave an error of a thousandth
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))),
    "log1mexp": log1mexp,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "arcsinh": np.arcsinh,
    "arccosh": np.arccosh,
    "arctanh": np.arctanh,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arctan": np.arctan,
    "arctan2": np.arctan2,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "erf": by_mpmath("erf"),
    "erfc": by_mpmath("erfc"),
    "pow": np.power,
}


def samples(dtype, count, seed):
    """Every binade, then the neighbourhoods of what matters, then special values."""
    rng = np.random.default_rng(seed)
    integer = {"float32": "uint32", "float64": "uint64"}[dtype]
    bits = rng.integers(0, np.iinfo(integer).max, count, integer, endpoint=True)
    ranges = [(-s, s) for s in (1e-3, 0.1, 1, 3, 10, 100, 800)] + [(0.5, 1.5), (-1, -0.9)]
    info = np.finfo(dtype)
    special = [0, 0.5, 1, 1.5, 2, 3, info.smallest_subnormal, info.tiny, info.max, np.inf, np.nan]
    special += [1e-40, 88.7, 709.7, 40, 16777215, 2.0**30, 2.0**60]
    parts = [bits.view(dtype), special, np.negative(special)]
    with np.errstate(all="ignore"):
        x = np.concatenate([*parts, *(rng.uniform(a, b, count) for a, b in ranges)]).astype(dtype)
    return np.where(np.isnan(x), np.asarray(np.nan, dtype), x)  # no signaling ones


def arguments(name, dtype):
    count = {"erf": 1000, "erfc": 1000, "pow": 10_000, "arctan2": 10_000}.get(name, 50_000)
    x = samples(dtype, count, 0)
    if name not in ("pow", "arctan2"):
        return [x]
    special = samples(dtype, 0, 0)
    rng = np.random.default_rng(1)
    xs = np.tile(special, len(special)), x, abs(x), x
    ys = [np.repeat(special, len(special)), rng.permutation(x), rng.permutation(x)]
    ys.append(np.round(rng.uniform(-20, 20, len(x))))
    return [np.concatenate(xs).astype(dtype), np.concatenate(ys).astype(dtype)]


@pytest.mark.skipif(np.finfo(wide).nmant < 63, reason="long double is no wider than float64 here")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STATED)
def test_error_is_below_the_stated_bound(name, dtype):
    function, bounds = STATED[name]
    given = arguments(name, dtype)
    [got] = compiled([function(*(arg(i, dtype) for i in range(len(given))))], [dtype] * len(given))(
        *given
    )
    with np.errstate(all="ignore"):
        wanted = REFERENCES[name](*(x.astype(wide) for x in given))
        rounded = wanted.astype(dtype)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        finite = np.isfinite(wanted) & np.isfinite(rounded) & np.isfinite(got)
        error = abs(got.astype(wide) - wanted) / np.spacing(abs(rounded)).astype(wide)
    assert (same | finite).all(), [
        (*(x[~(same | finite)][0] for x in given), got[~(same | finite)][0])
    ]
    worst = np.argmax(np.where(finite, error, 0))
    assert error[worst] <= bounds[DTYPES.index(dtype)], (*(x[worst] for x in given), got[worst])


@pytest.mark.parametrize("dtype", DTYPES)
def test_bounded_functions_stay_in_their_bounds(dtype):
    x = samples(dtype, 100_000, 2)
    x = x[~np.isnan(x)]
    for name, low in (("tanh", -1), ("sigmoid", 0), ("erf", -1), ("sin", -1), ("cos", -1)):
        finite = x[np.isfinite(x)] if name in ("sin", "cos") else x
        [got] = compiled([STATED[name][0](arg(0, dtype))], [dtype])(finite)
        assert got.min() >= low, name
        assert got.max() <= 1, name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["exp", "expm1", "tanh", "sigmoid", "log", "log1p", "softplus", "erf"]
)
def test_loop_over_hot_function_is_vectorized(name, dtype):
    """Its multiply-adds are of 16 bytes or more, and there is no call but LLVM's own."""
    module, _ = optimized(loop_text([STATED[name][0](arg(0, dtype))], [dtype]))
    text = str(module)
    found = re.findall(r"call <(\d+) x (float|double)> @llvm\.fma", text)
    widths = {int(w) * {"float": 4, "double": 8}[kind] for w, kind in found}
    assert max(widths, default=0) >= 16, text
    assert set(re.findall(r"call [^@]*@([\w.]+)", text)) == set(
        re.findall(r"@(llvm\.[\w.]+)\(", text)
    )


def test_hot_functions_stay_as_cheap_as_they_are():
    """Instructions for an element, those of one division included."""
    from symrnn.native.scalar_llvm import llvm_lines

    counts = {
        name: len(llvm_lines([STATED[name][0](arg(0, "float32"))], {0: "%x"})[0])
        for name in ("exp", "tanh", "sigmoid", "log", "log1p", "expm1", "softplus")
    }
    assert counts == {
        "exp": 24,
        "tanh": 26,
        "sigmoid": 22,
        "log": 32,
        "log1p": 34,
        "expm1": 25,
        "softplus": 39,
    }
