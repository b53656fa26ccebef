"""The script that made the coefficients in ``symrnn/ops/activations.py``: a rational tanh for float32.

``tanh(x) = x p(x**2) / q(x**2)`` for ``|x| <= BOUND``, of degrees (5, 3) in ``x**2``, minimising the largest relative
error by Lawson's iteration on the linearised problem. Run it to print the coefficients and the error after rounding to
float32 in every operation.
"""

import numpy as np

BOUND = 8.0
DEGREES = (5, 3)


def fit(bound=BOUND, degrees=DEGREES, nodes=4000, rounds=400):
    """Coefficients of p and q in ascending powers of ``x**2``, with ``q(0) = 1``."""
    x = bound * np.sin(np.linspace(0, np.pi / 2, nodes + 1))[1:]
    f, t = np.tanh(x) / x, (x / bound) ** 2
    powers_p = t[:, None] ** np.arange(degrees[0] + 1)
    powers_q = t[:, None] ** np.arange(1, degrees[1] + 1)
    weights, q, best = np.ones(nodes), np.ones(nodes), (np.inf, None)
    for _ in range(rounds):
        scale = np.sqrt(weights) / (f * q)
        system = np.hstack([powers_p, -f[:, None] * powers_q]) * scale[:, None]
        norms = np.linalg.norm(system, axis=0)
        solution = np.linalg.lstsq(system / norms, f * scale, rcond=None)[0] / norms
        p, q_tail = solution[: degrees[0] + 1], solution[degrees[0] + 1 :]
        q = 1 + powers_q @ q_tail
        error = np.abs(powers_p @ p / q / f - 1)
        if error.max() < best[0]:
            best = error.max(), (p, q_tail)
        weights = weights * (error / error.max()) ** 0.5 + 1e-12
        weights /= weights.sum()
    p, q_tail = best[1]
    unscale = bound**-2.0
    return (
        p * unscale ** np.arange(len(p)),
        np.r_[1, q_tail * unscale ** np.arange(1, len(q_tail) + 1)],
        best[0],
    )


def rational_tanh(x, p, q, bound):
    """The approximation as the op computes it, in the dtype of `x`."""
    kind = x.dtype.type
    x = np.clip(x, kind(-bound), kind(bound))
    t = x * x
    return x * horner(t, p, kind) / horner(t, q, kind)


def horner(t, coefficients, kind):
    value = np.full_like(t, kind(coefficients[-1]))
    for c in coefficients[-2::-1]:
        value = value * t + kind(c)
    return value


if __name__ == "__main__":
    p, q, error = fit()
    x = np.linspace(-12, 12, 2_000_001).astype("float32")
    difference = np.abs(rational_tanh(x, p, q, BOUND) - np.tanh(x.astype("float64")))
    print("P =", [float(f"{c:.9g}") for c in p], "\nQ =", [float(f"{c:.9g}") for c in q])
    print("relative error of the fit", error, "largest error in float32", difference.max())
