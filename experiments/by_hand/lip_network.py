"""The network of `symrnn.models.lip_network` as a JAX user writes it: JAX's convolutions, pooling, scan and autodiff.

Parameters in the order of the graph's: ``w, b`` of each block, ``w_x, w_h, b`` of each cell, forward before backward,
``w, b`` of the softmax. CTC is the forward recursion in log space, one scan, differentiated by JAX.
"""

from functools import partial

import jax
import jax.numpy as jnp
from by_hand.digit_rows import gru, walk

NONE = -1e30  # below every log likelihood


def lip_loss(shape, params, xs, *rest):
    """Nats a letter; ``rest`` are a mask for each block, ``labels`` and ``label_lengths``."""
    *masks, labels, label_lengths = rest
    count = len(shape.filters)
    blocks, cells, (w, b) = params[: 2 * count], params[2 * count : -2], params[-2:]
    ys = jnp.moveaxis(xs, 1, 0)[..., None]  # (B, T, height, width, C)
    for i, mask in enumerate(masks):
        ys = conv(ys, blocks[2 * i], shape.windows[i], shape.strides[i])
        ys = jax.nn.relu(pooled(ys) + blocks[2 * i + 1]) * mask[:, None, None, None, :]
    batch, frames = ys.shape[:2]
    ys = ys.transpose(1, 0, 4, 2, 3).reshape(frames, batch, -1)
    for i in range(0, len(cells), 6):
        ways = ((cells[i : i + 3], False), (cells[i + 3 : i + 6], True))
        ys = jnp.concatenate([walk(gru, each, ys, reverse=way)[1] for each, way in ways], axis=2)
    nats = ctc(jax.nn.log_softmax(ys @ w + b), labels, label_lengths)
    return nats.sum() / label_lengths.sum()


def conv(xs, w, window, stride):
    """``(B, T, *O, F)``, with zeros around; the rows of `w` are steps, columns, rows and channels."""
    steps, rows, columns = window
    filters = w.reshape(steps, columns, rows, xs.shape[-1], -1).transpose(0, 2, 1, 3, 4)
    return jax.lax.conv_general_dilated(
        xs,
        filters,
        window_strides=(1, stride, stride),
        padding=[(size // 2, size // 2) for size in window],
        dimension_numbers=("NDHWC", "DHWIO", "NDHWC"),
    )


def pooled(xs):
    """The maxima of two by two places."""
    window = (1, 1, 2, 2, 1)
    return jax.lax.reduce_window(xs, -jnp.inf, jax.lax.max, window, window, padding="VALID")


def ctc(log_probs, labels, label_lengths):
    """The negative log likelihood ``(B,)`` of ``labels (B, L)`` under ``log_probs (T, B, C)``; the blank is 0."""
    batch, longest = labels.shape
    places = 2 * longest + 1
    symbols = jnp.zeros((batch, places), labels.dtype).at[:, 1::2].set(labels)
    before = jnp.pad(symbols, ((0, 0), (2, 0)))[:, :-2]
    may_skip = (symbols != 0) & (symbols != before)
    at = jnp.broadcast_to(symbols, (log_probs.shape[0], batch, places))
    emitted = jnp.take_along_axis(log_probs, at, axis=2)
    start = jnp.full((batch, places), NONE, log_probs.dtype).at[:, :2].set(emitted[0, :, :2])

    def step(alpha, now):
        one, two = (jnp.pad(alpha, ((0, 0), (k, 0)), constant_values=NONE)[:, :-k] for k in (1, 2))
        two = jnp.where(may_skip, two, NONE)
        return jnp.logaddexp(jnp.logaddexp(alpha, one), two) + now, None

    alpha, _ = jax.lax.scan(step, start, emitted[1:])
    ends = jnp.stack([2 * label_lengths, 2 * label_lengths - 1], axis=1)
    return -jax.nn.logsumexp(jnp.take_along_axis(alpha, ends, axis=1), axis=1)


def loss_of(recipe):
    """The loss of a recipe's network, a function ``(params, *batch)``."""
    return partial(lip_loss, recipe.shape)


def sgd_step(loss, rate):
    """One update of gradient descent: ``(params, *batch) -> (loss, params)``."""
    gradient = jax.value_and_grad(loss)

    @jax.jit
    def step(params, *batch):
        value, grads = gradient(params, *batch)
        return value, [p - rate * g for p, g in zip(params, grads, strict=True)]

    return step
