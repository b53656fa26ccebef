"""The script that made the coefficients in ``symrnn/native/elementary.py``; run it with the names of the fits wanted.

A polynomial ``sum(c_k x**(first + k step))`` minimises the largest weighted error by Remez's exchange in 60 digits. Its
coefficients are rounded from the lowest on, and what is left is fitted again after each. A rational function of
float32 is fitted by Lawson's iteration on the linearised problem.
"""

import sys

import mpmath as mp
import numpy as np

mp.mp.dps = 60


def remez(f, weight, interval, powers, rounds=30, grid=1200):
    """Coefficients of `powers` that minimise the largest ``weight(x) abs(f(x) - p(x))``, and that error."""
    a, b = map(mp.mpf, interval)
    n = len(powers) + 1
    middle, half = (a + b) / 2, (b - a) / 2
    grid_x = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * grid)) for i in range(grid)]
    values = [(f(x), abs(weight(x))) for x in grid_x]
    chosen = [round((1 - mp.cos(mp.pi * i / (n - 1))) / 2 * (grid - 1)) for i in range(n)]
    for _ in range(rounds):
        rows = [
            [grid_x[i] ** p for p in powers] + [(-1) ** k / values[i][1]]
            for k, i in enumerate(chosen)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([values[i][0] for i in chosen]))
        c, level = list(solution)[:-1], abs(solution[n - 1])
        errors = [
            w * (y - mp.fsum(k * x**p for k, p in zip(c, powers)))
            for x, (y, w) in zip(grid_x, values)
        ]
        largest = max(map(abs, errors))
        if largest < level * mp.mpf("1.001"):
            break
        chosen = alternating(errors, n)
    return c, largest


def alternating(errors, count):
    """Indices of `count` extremes whose signs alternate, the largest among them."""
    runs = [[0]]
    for i in range(1, len(errors)):
        same = mp.sign(errors[i]) == mp.sign(errors[i - 1])
        runs[-1].append(i) if same else runs.append([i])
    peaks = [max(run, key=lambda i: abs(errors[i])) for run in runs]
    size = lambda k: abs(errors[peaks[k]])  # noqa: E731
    while len(peaks) > count:
        least = min(range(len(peaks)), key=size)
        if len(peaks) == count + 1 or least in (0, len(peaks) - 1):
            peaks.pop(0 if size(0) < size(-1) else -1)
        else:  # a small one and its smaller neighbour, so that signs alternate still
            neighbour = min(least - 1, least + 1, key=size)
            peaks = [p for k, p in enumerate(peaks) if k not in (least, neighbour)]
    assert len(peaks) == count, (
        f"{len(peaks)} extremes of {count}: the fit is too good for the grid"
    )
    return peaks


def rounded_fit(f, weight, interval, powers, kind, exact=(), careful=99):
    """`remez`, each coefficient a number of `kind`; the lowest are `exact` ones if given.

    After `careful` coefficients the rest is rounded at once.
    """
    done = list(exact)
    while len(done) < len(powers):
        known, least = list(zip(done, powers)), powers[len(done)]

        def left(x, known=known):
            return f(x) - mp.fsum(k * x**p for k, p in known)

        c, _ = remez(  # divided by the lowest power left, as all of them vanish at 0
            lambda x, left=left, least=least: left(x) / x**least,
            lambda x, least=least: weight(x) * x**least,
            interval,
            [p - least for p in powers[len(done) :]],
        )
        c = [mp.mpf(float(kind(float(v)))) for v in c]
        done += c[:1] if len(done) < careful else c
    points = [interval[0] + (interval[1] - interval[0]) * i / 999 for i in range(1, 1000)]
    errors = (f(x) - mp.fsum(k * x**p for k, p in zip(done, powers)) for x in points)
    return [float(c) for c in done], max(abs(weight(x) * e) for x, e in zip(points, errors))


def rational_fit(f, bound, degrees, nodes=4000, rounds=400):
    """``f(x) = x p(x**2) / q(x**2)`` for ``0 < x <= bound``; q(0) = 1."""
    x = bound * np.sin(np.linspace(0, np.pi / 2, nodes + 1))[1:]
    y, t = np.array([float(f(mp.mpf(v))) for v in x]) / x, (x / bound) ** 2
    powers_p = t[:, None] ** np.arange(degrees[0] + 1)
    powers_q = t[:, None] ** np.arange(1, degrees[1] + 1)
    weights, q, best = np.ones(nodes), np.ones(nodes), (np.inf, None)
    for _ in range(rounds):
        scale = np.sqrt(weights) / (y * q)
        system = np.hstack([powers_p, -y[:, None] * powers_q]) * scale[:, None]
        norms = np.linalg.norm(system, axis=0)
        solution = np.linalg.lstsq(system / norms, y * scale, rcond=None)[0] / norms
        p, q_tail = solution[: degrees[0] + 1], solution[degrees[0] + 1 :]
        q = 1 + powers_q @ q_tail
        error = np.abs(powers_p @ p / q / y - 1)
        if error.max() < best[0]:
            best = error.max(), (p, q_tail)
        weights = weights * (error / error.max()) ** 0.5 + 1e-12
        weights /= weights.sum()
    p, q_tail = best[1]
    unscale = bound**-2.0
    q = np.r_[1, q_tail * unscale ** np.arange(1, len(q_tail) + 1)]
    return [p * unscale ** np.arange(len(p)), q], best[0]


F32, F64 = np.float32, np.float64
HALF_LN2 = mp.log(2) / 2 * mp.mpf("1.001")


def series(x, function, terms):
    """``function(x)``, by the series `terms` where the closed form cancels."""
    return (
        function(x) if abs(x) > mp.mpf("1e-8") else mp.fsum(c * x**k for k, c in enumerate(terms))
    )


def exp_tail(x):  # exp(x) = 1 + x + x**2 tail(x)
    return series(
        x, lambda x: (mp.expm1(x) - x) / x**2, [1 / mp.factorial(k + 2) for k in range(7)]
    )


def log_tail(x):  # log(1 + x) = x + x**2 tail(x)
    return series(
        x, lambda x: (mp.log1p(x) - x) / x**2, [mp.mpf((-1) ** (k + 1)) / (k + 2) for k in range(7)]
    )


def exp_fit(kind, count):
    return rounded_fit(
        exp_tail,
        lambda x: x**2 / mp.expm1(x) if x else mp.mpf(0),
        (-HALF_LN2, HALF_LN2),
        range(count),
        kind,
        exact=[mp.mpf(1) / 2],
    )


def log_fit(kind, count):
    return rounded_fit(
        log_tail,
        lambda x: x**2 / mp.log1p(x) if x else mp.mpf(0),
        (-mp.mpf(1) / 3, mp.mpf(1) / 3),
        range(count),
        kind,
        exact=[-mp.mpf(1) / 2],
    )


def one(x):
    return mp.mpf(1)


def squares_fit(function, end, count, terms, kind=F64, careful=3):
    """``function(sqrt(z))`` for ``0 < z < end`` without a constant term; `terms` begin its series."""
    f = lambda z: series(z, lambda z: function(mp.sqrt(z)), [0, *map(mp.mpf, terms)])  # noqa: E731
    return rounded_fit(f, one, (mp.mpf(0), mp.mpf(end)), range(1, count + 1), kind, careful=careful)


def atanh_fit(count):  # log((1 + s) / (1 - s)) = 2 s + s p(s**2), s**2 up to that of log(sqrt(2))
    end = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.001")
    return squares_fit(lambda s: 2 * (mp.atanh(s) / s - 1), end, count, [mp.mpf(2) / 3], careful=9)


def erf_fit(count):  # erf(x) = x (p[0] + p[1] x**2 ...)
    f = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) if z else 2 / mp.sqrt(mp.pi)  # noqa: E731
    return rounded_fit(f, one, (mp.mpf(0), mp.mpf(1)), range(count), F64, careful=3)


ERFC_MIDDLE = mp.mpf(4)


def erfc_fit(count):  # erfc(x) = exp(-x**2) p((x - 4) / (x + 4)) / (x + 4) for 1 <= x <= 28
    def f(t):
        x = ERFC_MIDDLE * (1 + t) / (1 - t)
        return mp.exp(x**2) * mp.erfc(x) * (x + ERFC_MIDDLE)

    ends = [(x - ERFC_MIDDLE) / (x + ERFC_MIDDLE) for x in (1, 28)]
    return rounded_fit(f, one, ends, range(count), F64, careful=9)


FITS = {
    "EXP_32": lambda: exp_fit(F32, 5),
    "EXP_64": lambda: exp_fit(F64, 10),
    "LOG_32": lambda: log_fit(F32, 9),
    "LOG_64": lambda: atanh_fit(7),
    "SIN": lambda: squares_fit(lambda x: mp.sin(x) / x - 1, (mp.pi / 4) ** 2, 4, [-mp.mpf(1) / 6]),
    "COS": lambda: squares_fit(lambda x: mp.cos(x) - 1, (mp.pi / 4) ** 2, 5, [-mp.mpf(1) / 2]),
    "ATAN": lambda: squares_fit(
        lambda x: mp.atan(x) / x - 1, (mp.sqrt(2) - 1) ** 2 * mp.mpf("1.001"), 11, [-mp.mpf(1) / 3]
    ),
    "ASIN": lambda: squares_fit(lambda x: mp.asin(x) / x - 1, 0.25, 13, [mp.mpf(1) / 6]),
    "ERF_32": lambda: rational_fit(mp.erf, 3.95, (6, 5)),
    "ERF_64": lambda: erf_fit(14),
    "ERFC": lambda: erfc_fit(21),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        values, error = FITS[name]()
        values = [float(v) if np.ndim(v) == 0 else [float(c) for c in v] for v in values]
        print(name, "=", values, mp.nstr(mp.mpf(error), 4), flush=True)
