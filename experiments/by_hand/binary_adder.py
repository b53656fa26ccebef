"""The binary adder as a JAX user writes it: the network of `symrnn.models.binary_adder` and its update.

Parameters in the same order: ``h0, w_x, w_h, b, w_y, b_y``.
"""

import jax
import jax.numpy as jnp

RATE, MOMENTUM, RHO, EPSILON = 0.05, 0.8, 0.5, 1e-6


def loss(params, xs, targets):
    """Mean cross-entropy of the bits."""
    h0, w_x, w_h, b, w_y, b_y = params

    def step(h, z):
        h = jnp.tanh(z + h @ w_h)
        return h, h

    start = jnp.broadcast_to(h0, (xs.shape[1], h0.shape[0]))
    _, hs = jax.lax.scan(step, start, xs @ w_x + b)
    logits = (hs @ w_y + b_y)[..., 0]
    return (jax.nn.softplus(logits) - targets * logits).mean()


def initial(params):
    """Parameters, running means of squared gradients, jumps."""
    return params, [jnp.zeros_like(p) for p in params], [jnp.zeros_like(p) for p in params]


@jax.jit
def update(state, xs, targets):
    """One step of RMSprop with Nesterov's momentum; the parameters hold look-ahead values."""
    params, means, jumps = state
    value, grads = jax.value_and_grad(loss)(params, xs, targets)
    means = [RHO * mean + (1 - RHO) * g**2 for mean, g in zip(means, grads, strict=True)]
    steps = [RATE * g / jnp.sqrt(mean + EPSILON) for g, mean in zip(grads, means, strict=True)]
    jumps = [MOMENTUM * (jump - step) for jump, step in zip(jumps, steps, strict=True)]
    params = [p - step + jump for p, step, jump in zip(params, steps, jumps, strict=True)]
    return value, (params, means, jumps)
