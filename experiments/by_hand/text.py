"""The networks that read text as a JAX user writes them, and AdamW with bounded gradients.

Parameters in the order of `symrnn.models.character_model` and `symrnn.models.tagger`: the embedding, ``w_x, w_h, b`` of
each cell, and ``w, b`` of the softmax.
"""

import jax
import jax.numpy as jnp

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def lstm(state, z, w_h):
    """The next ``(h, c)``."""
    h, c = state
    i, f, o, g = jnp.split(z + h @ w_h, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru(state, z, w_h):
    """The next ``(h,)``."""
    (h,) = state
    n = h.shape[1]
    r = h @ w_h
    reset, update = jnp.split(jax.nn.sigmoid(z[:, : 2 * n] + r[:, : 2 * n]), 2, axis=1)
    new = jnp.tanh(z[:, 2 * n :] + reset * r[:, 2 * n :])
    return (update * h + (1 - update) * new,)


def walk(step, xs, weights, start, *, mask=None, reverse=False):
    """``hs (T, B, H)`` and the last state."""
    w_x, w_h, b = weights

    def advance(state, inputs):
        z, is_there = inputs
        new = step(state, z, w_h)
        if is_there is not None:
            new = tuple(jnp.where(is_there[:, None], n, o) for n, o in zip(new, state, strict=True))
        return new, new[0]

    last, hs = jax.lax.scan(advance, start, (xs @ w_x + b, mask), reverse=reverse)
    return hs, last


def cross_entropies(logits, targets):
    """``(T, B)``, in nats."""
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, targets[..., None], axis=2)[..., 0]


def character_loss(params, characters, targets, states):
    """The loss of one LSTM layer, and ``states (2, B, H)`` after the last character."""
    embedding, *weights, w, b = params
    hs, last = walk(lstm, embedding[characters], weights, tuple(states))
    return cross_entropies(hs @ w + b, targets).mean(), jnp.stack(last)


def tagger_loss(params, characters, mask, tags):
    """The loss of bidirectional GRU layers."""
    embedding, *cells, w, b = params
    xs = embedding[characters]
    for i in range(0, len(cells), 6):
        start = (jnp.zeros((xs.shape[1], cells[i + 1].shape[0]), xs.dtype),)
        ways = [
            walk(gru, xs, cells[i + k : i + k + 3], start, mask=mask, reverse=k > 0)[0]
            for k in (0, 3)
        ]
        xs = jnp.concatenate(ways, axis=2)
    return jnp.where(mask, cross_entropies(xs @ w + b, tags), 0).sum() / mask.sum()


def initial(params):
    """The state of AdamW: step count, parameters, means of gradients and of their squares."""
    zeros = [jnp.zeros_like(p) for p in params]
    return jnp.zeros(()), params, zeros, zeros


def adamw(state, grads, *, learning_rate, weight_decay, max_norm):
    """The state after one step."""
    t, params, ms, vs = state
    norm = jnp.sqrt(sum((g**2).sum() for g in grads))
    grads = [g * jnp.minimum(norm, max_norm) / (norm + 1e-7) for g in grads]
    ms = [BETA1 * m + (1 - BETA1) * g for m, g in zip(ms, grads, strict=True)]
    vs = [BETA2 * v + (1 - BETA2) * g**2 for v, g in zip(vs, grads, strict=True)]
    size = learning_rate * jnp.sqrt(1 - BETA2 ** (t + 1)) / (1 - BETA1 ** (t + 1))
    decay = learning_rate * weight_decay
    params = [
        p - size * m / (jnp.sqrt(v) + EPSILON) - decay * p
        for p, m, v in zip(params, ms, vs, strict=True)
    ]
    return t + 1, params, ms, vs
