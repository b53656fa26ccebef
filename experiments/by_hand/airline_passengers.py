"""The forecasting network as a JAX user writes it: that of `symrnn.models.airline_passengers` and its update.

Parameters in the same order: ``w, b, w_y, b_y``.
"""

import jax
import jax.numpy as jnp

FEATURES, SCALE = 13, 10.0
RATE, MOMENTUM, DECAY = 0.02, 0.9, 0.01


def loss(params, xs, growths):
    """Mean squared error, and weight decay."""
    w, b, w_y, b_y = params

    def step(h, z):
        h = jnp.tanh(z + h @ w[FEATURES:])
        return h, h

    start = jnp.zeros((xs.shape[1], b.shape[0]), xs.dtype)
    _, hs = jax.lax.scan(step, start, xs @ w[:FEATURES] + b)
    said = (hs @ w_y + b_y)[..., 0]
    return ((said - SCALE * growths) ** 2).mean() + DECAY / 2 * ((w**2).sum() + (w_y**2).sum())


def initial(params):
    """Parameters and jumps."""
    return params, [jnp.zeros_like(p) for p in params]


@jax.jit
def update(state, xs, growths):
    """One step of Nesterov's momentum; the parameters hold look-ahead values."""
    params, jumps = state
    value, grads = jax.value_and_grad(loss)(params, xs, growths)
    jumps = [MOMENTUM * (jump - RATE * g) for jump, g in zip(jumps, grads, strict=True)]
    params = [p - RATE * g + jump for p, g, jump in zip(params, grads, jumps, strict=True)]
    return value, (params, jumps)
