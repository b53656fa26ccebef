"""The network of `symrnn.models.residual_network` as a JAX user writes it: JAX's convolutions and autodiff.

Parameters in the order of the graph's, identity shortcuts. ``loss(params, xs, labels)`` returns the loss and, beside
it, the moments of each normalization, from which the running averages follow.
"""

from functools import partial

import jax
import jax.numpy as jnp
from by_hand.digit_rows import cross_entropy

GROUPS = 3
EPSILON = 1e-5
KEPT = 0.9


def residual_loss(blocks, params, xs, labels):
    """Nats an image, and ``[mean, variance]`` of each normalization in turn."""
    stem, *rest = params
    *inner, gamma, beta, w, b = rest
    moments = []
    ys = conv(xs, stem, 1)
    for i in range(GROUPS * blocks):
        gamma1, beta1, w1, gamma2, beta2, w2 = inner[6 * i : 6 * i + 6]
        stride = 2 if i and i % blocks == 0 else 1
        zs = conv(normalized(ys, gamma1, beta1, moments), w1, stride)
        zs = conv(normalized(zs, gamma2, beta2, moments), w2, 1)
        around = ys[:, ::stride, ::stride]
        missing = zs.shape[3] - around.shape[3]
        ys = zs + jnp.pad(around, ((0, 0), (0, 0), (0, 0), (0, missing)))
    ys = normalized(ys, gamma, beta, moments)
    return cross_entropy(ys.mean(axis=(1, 2)) @ w + b, labels).mean(), moments


def conv(xs, filters, stride):
    """``(B, OY, OX, F)``, half a window of zeros around."""
    half = filters.shape[0] // 2
    return jax.lax.conv_general_dilated(
        xs,
        filters,
        window_strides=(stride, stride),
        padding=[(half, half)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def normalized(xs, gamma, beta, moments):
    """By the moments of the batch, which are noted, with a rectifier."""
    mean, variance = xs.mean(axis=(0, 1, 2)), xs.var(axis=(0, 1, 2))
    moments += [mean, variance]
    return jax.nn.relu((xs - mean) * (gamma / jnp.sqrt(variance + EPSILON)) + beta)


def loss_of(recipe):
    """The loss of a recipe's network with the moments, a function ``(params, xs, labels)``."""
    return partial(residual_loss, recipe.blocks)


def plain_loss_of(recipe):
    """The loss alone."""
    return lambda *given: residual_loss(recipe.blocks, *given)[0]


def sgd_step(loss, rate):
    """One update of gradient descent: ``((params, averages), xs, labels) -> (loss, (params, averages))``."""
    gradient = jax.value_and_grad(loss, has_aux=True)

    @jax.jit
    def step(state, *batch):
        params, averages = state
        (value, moments), grads = gradient(params, *batch)
        params = [p - rate * g for p, g in zip(params, grads, strict=True)]
        averages = [KEPT * a + (1 - KEPT) * m for a, m in zip(averages, moments, strict=True)]
        return value, (params, averages)

    return step
