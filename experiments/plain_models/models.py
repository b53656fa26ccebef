"""Models that know nothing of symrnn: log-densities over one vector and their gradients, in plain PyTensor.

Each is a function that returns the vector ``q``, as a sampler holds it, and the log-density as a scalar; float64. They
are what users of PyMC compile: varying intercepts and slopes by an index, a scan over time, a Cholesky factor.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


def normal(x, mean=0.0, deviation=1.0):
    """The log-density of each `x`."""
    return -0.5 * ((x - mean) / deviation) ** 2 - pt.log(deviation) - HALF_LOG_2PI


def positive(log_value):
    """A positive number from its logarithm, and the half-normal log-density of the latter."""
    value = pt.exp(log_value)
    return value, normal(value) + np.log(2) + log_value


def parts(*sizes):
    """The vector `q`, and its pieces; a piece of size 1 is a scalar."""
    ends = np.cumsum([0, *sizes])
    q = pt.vector("q", dtype="float64", shape=(int(ends[-1]),))
    cut = [q[begin] if size == 1 else q[begin : begin + size] for begin, size in zip(ends, sizes)]
    return q, cut


def hierarchical_regression(groups=20, rows=400, slopes=3):
    """Rows in groups, each group with an intercept and slopes of its own, not centred."""
    rng = np.random.default_rng(0)
    group, x = rng.integers(0, groups, rows), rng.normal(size=(rows, slopes))
    y = rng.normal(size=rows)
    width = 1 + slopes
    q, (mean, log_spread, offset, log_noise) = parts(width, width, groups * width, 1)
    spread, spread_p = positive(log_spread)
    noise, noise_p = positive(log_noise)
    effects = mean + spread * offset.reshape((groups, width))  # (groups, 1 + slopes)
    predicted = effects[group, 0] + (effects[group, 1:] * x).sum(axis=1)
    priors = normal(mean).sum() + spread_p.sum() + normal(offset).sum() + noise_p
    return q, priors + normal(y, predicted, noise).sum()


def radon(counties=85, houses=919):
    """Log radon of houses by floor, and by the county's uranium; intercepts and slopes vary by county."""
    rng = np.random.default_rng(0)
    county, floor = rng.integers(0, counties, houses), rng.integers(0, 2, houses)
    uranium, y = rng.normal(size=counties), rng.normal(1.3, 0.8, houses)
    q, pieces = parts(1, 1, 1, 1, 1, 1, counties, counties)
    intercept, by_uranium, by_floor, log_a, log_b, log_noise, a, b = pieces
    (spread_a, a_p), (spread_b, b_p), (noise, noise_p) = map(positive, (log_a, log_b, log_noise))
    levels = intercept + by_uranium * uranium + spread_a * a  # (counties,)
    slopes = by_floor + spread_b * b
    predicted = levels[county] + slopes[county] * floor
    priors = sum(normal(each, 0.0, 10.0) for each in (intercept, by_uranium, by_floor))
    priors += a_p + b_p + noise_p + normal(a).sum() + normal(b).sum()
    return q, priors + normal(y, predicted, noise).sum()


def autoregression(steps=200):
    """AR(1) by `pytensor.scan`: each value about a share of the one before, and a latent trend."""
    y = np.random.default_rng(0).normal(size=steps).cumsum() / 5
    q, (share, log_noise, log_drift, drifts) = parts(1, 1, 1, steps)
    (noise, noise_p), (drift, drift_p) = map(positive, (log_noise, log_drift))

    def step(change, level, share, drift):
        return share * level + drift * change

    levels = pytensor.scan(
        step,
        sequences=drifts,
        outputs_info=pt.zeros(()),
        non_sequences=[share, drift],
        return_updates=False,
    )
    priors = normal(share, 0.0, 0.5) + noise_p + drift_p + normal(drifts).sum()
    return q, priors + normal(y, levels, noise).sum()


def gaussian_process(points=60):
    """The marginal likelihood of a Gaussian process in one dimension: a Cholesky factor and a triangular system."""
    rng = np.random.default_rng(0)
    x = np.sort(rng.uniform(0, 10, points))
    y, distances = np.sin(x) + rng.normal(0, 0.2, points), (x[:, None] - x) ** 2
    q, pieces = parts(1, 1, 1)
    (length, length_p), (height, height_p), (noise, noise_p) = map(positive, pieces)
    covariance = height**2 * pt.exp(-0.5 * distances / length**2)
    covariance += (noise**2 + 1e-6) * pt.eye(points)
    factor = pt.linalg.cholesky(covariance, lower=True)
    white = pt.linalg.solve_triangular(factor, y, lower=True)
    fit = -0.5 * (white**2).sum() - pt.log(pt.diagonal(factor)).sum() - points * HALF_LOG_2PI
    return q, length_p + height_p + noise_p + fit


MODELS = {
    each.__name__: each
    for each in (hierarchical_regression, radon, autoregression, gaussian_process)
}
