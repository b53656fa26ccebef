"""A PyMC model and its draws: what a user of native mode who builds no network waits for."""

import numpy as np
import pymc as pm
import pytensor

GROUPS, ROWS = 20, 400


def varying():
    """Rows in groups, each group with an intercept and a slope of its own."""
    rng = np.random.default_rng(0)
    group, x = rng.integers(0, GROUPS, ROWS), rng.normal(size=ROWS)
    with pm.Model() as model:
        mean = pm.Normal("mean", 0, 1, shape=2)
        spread = pm.HalfNormal("spread", 1, shape=2)
        offset = pm.Normal("offset", 0, 1, shape=(GROUPS, 2))
        noise = pm.Exponential("noise", 1)
        effects = mean + spread * offset
        predicted = effects[group, 0] + effects[group, 1] * x
        pm.Normal("y", predicted, noise, observed=rng.normal(0.5, 1, ROWS))
    return model


def sampled(draws):
    """The posterior means of one chain of `draws`, after as many to tune, in this process's mode."""
    with varying():
        drawn = pm.sample(
            draws,
            tune=draws,
            chains=1,
            cores=1,
            random_seed=1,
            progressbar=False,
            compute_convergence_checks=False,
            compile_kwargs={"mode": pytensor.config.mode},
        )
    return [float(each) for each in drawn.posterior["mean"].mean(("chain", "draw"))]
