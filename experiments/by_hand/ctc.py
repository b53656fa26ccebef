"""Connectionist temporal classification as a JAX user writes it: one scan over the frames, differentiated by JAX."""

import jax
import jax.numpy as jnp

LOWEST = -1e30


def ctc_loss(logits, labels, input_lengths, label_lengths, blank=0):
    """The negative log likelihoods ``(B,)`` of ``labels (B, L)`` in ``logits (T, B, C)``."""
    log_probs = jax.nn.log_softmax(logits)
    batch, count = labels.shape
    extended = jnp.full((batch, 2 * count + 1), blank).at[:, 1::2].set(labels)
    two_before = jnp.pad(extended, ((0, 0), (2, 0)), constant_values=blank)[:, :-2]
    skips = (extended != blank) & (extended != two_before)
    emitted = jnp.take_along_axis(log_probs, extended[None], axis=2)  # (T, B, S)
    start = jnp.full(extended.shape, LOWEST).at[:, 0].set(0)

    def step(alpha, now):
        frame, t = now
        one, two = (
            jnp.pad(alpha, ((0, 0), (n, 0)), constant_values=LOWEST)[:, :-n] for n in (1, 2)
        )
        terms = jnp.stack([alpha, one, jnp.where(skips, two, LOWEST)])
        after = jax.nn.logsumexp(terms, axis=0) + frame
        return jnp.where((t < input_lengths)[:, None], after, alpha), None

    alpha, _ = jax.lax.scan(step, start, (emitted, jnp.arange(len(logits))))
    last = jnp.take_along_axis(alpha, 2 * label_lengths[:, None], axis=1)[:, 0]
    before = jnp.take_along_axis(alpha, jnp.maximum(2 * label_lengths - 1, 0)[:, None], axis=1)[
        :, 0
    ]
    return -jnp.logaddexp(last, jnp.where(label_lengths > 0, before, LOWEST))


def loss(params, xs, labels, input_lengths, label_lengths):
    """The mean loss of a linear layer's logits."""
    w, b = params
    return ctc_loss(xs @ w + b, labels, input_lengths, label_lengths).mean()
