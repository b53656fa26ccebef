"""The log-density of a PyMC model and its gradient, as a sampler calls it: varying intercepts and slopes."""

import numpy as np
import pymc as pm
import pytensor

GROUPS, ROWS = 20, 400


def model():
    """Rows in groups, each group with an intercept and a slope of its own."""
    rng = np.random.default_rng(0)
    group, x = rng.integers(0, GROUPS, ROWS), rng.normal(size=ROWS)
    with pm.Model() as varying:
        mean = pm.Normal("mean", 0, 1, shape=2)
        spread = pm.HalfNormal("spread", 1, shape=2)
        offset = pm.Normal("offset", 0, 1, shape=(GROUPS, 2))
        effects = mean + spread * offset
        noise = pm.Exponential("noise", 1)
        predicted = effects[group, 0] + effects[group, 1] * x
        pm.StudentT("y", nu=4, mu=predicted, sigma=noise, observed=rng.normal(size=ROWS))
    return varying


def logp_dlogp():
    """Inputs and outputs of what a sampler compiles."""
    varying = model()
    logp = varying.logp()
    values = varying.continuous_value_vars
    return values, [logp, *pytensor.grad(logp, values)]


def batch():
    """A point of the sampler, in the order of the inputs."""
    varying = model()
    point = varying.initial_point()
    return [point[value.name] for value in varying.continuous_value_vars]
