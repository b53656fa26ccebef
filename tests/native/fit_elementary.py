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


def rounded_fit(f, weight, interval, powers, kind, exact=()):
    """`remez`, each coefficient a number of `kind`; the lowest are `exact` ones if given."""
    done = list(exact)
    while len(done) < len(powers):
        known, least = list(zip(done, powers)), powers[len(done)]
        c, _ = remez(  # divided by the lowest power left, as all of them vanish at 0
            lambda x: (f(x) - mp.fsum(k * x**p for k, p in known)) / x**least,
            lambda x: weight(x) * x**least,
            interval,
            [p - least for p in powers[len(done) :]],
        )
        done.append(mp.mpf(float(kind(float(c[0])))))
    points = [
        mp.mpf(interval[0]) + (mp.mpf(interval[1]) - interval[0]) * i / 999 for i in range(1, 1000)
    ]
    left = max(
        abs(weight(x) * (f(x) - mp.fsum(k * x**p for k, p in zip(done, powers)))) for x in points
    )
    return [kind(float(c)) for c in done], left


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


def atanh_fit(count):  # log((1 + s) / (1 - s)) = 2 s + s p(s**2), s**2 up to that of log(sqrt(2))
    def f(z):
        return series(
            z,
            lambda z: 2 * (mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1),
            [0, mp.mpf(2) / 3, mp.mpf(2) / 5],
        )

    end = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mp.mpf("1.001")
    return rounded_fit(f, lambda z: mp.mpf(1), (0, end), range(1, count + 1), F64)


FITS = {
    "EXP_32": lambda: exp_fit(F32, 5),
    "EXP_64": lambda: exp_fit(F64, 10),
    "LOG_32": lambda: log_fit(F32, 9),
    "LOG_64": lambda: atanh_fit(7),
    "TANH_32": lambda: rational_fit(mp.tanh, 9.1, (6, 3)),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FITS:
        values, error = FITS[name]()
        print(
            name,
            "=",
            [float(v) if np.ndim(v) == 0 else list(map(float, v)) for v in values],
            mp.nstr(mp.mpf(error), 4),
            flush=True,
        )
