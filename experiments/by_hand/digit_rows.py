"""The networks of `symrnn.models.digit_networks` as a JAX user writes them: the same parameters, the same loss.

``loss(params, xs, masks, targets)`` takes the parameters in the order of the graph's. The TCN takes JAX's
own dilated convolution.
"""

from functools import partial

import jax
import jax.numpy as jnp

LETTERS = 16  # of the names that `sequence_to_sequence` writes
WINDOW = 3  # of the TCN
RATE, DECAY, BETA1, BETA2, EPSILON = 0.005, 0.01, 0.9, 0.999, 1e-8  # of AdamW


def loss_of(network):
    """The mean cross-entropy of a network, a function ``(params, xs, masks, targets)``."""
    if network == "sequence_to_sequence":
        return spelling_loss
    features = {
        "lstm": partial(recurrent, lstm, 3, 1, False),
        "two_layer_lstm": partial(recurrent, lstm, 3, 1, False),
        "bidirectional_lstm": partial(recurrent, lstm, 3, 2, False),
        "gru": partial(recurrent, gru, 3, 1, False),
        "residual": partial(recurrent, gru, 3, 1, True),
        "tcn": tcn,
    }[network]
    return partial(classifier_loss, features)


def classifier_loss(features, params, xs, masks, labels):
    """Mean cross-entropy of the softmax over digits."""
    *rest, w, b = params
    return cross_entropy(features(rest, xs, masks) @ w + b, labels).mean()


def cross_entropy(logits, labels):
    """Nats of each label."""
    log_p = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(log_p, labels[..., None], axis=-1)[..., 0]


def lstm(w_h, state, z):
    """One step; ``state`` is ``(h, c)``."""
    h, c = state
    i, f, o, g = jnp.split(z + h @ w_h, 4, axis=1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru(w_h, state, z):
    """One step; ``state`` is ``(h,)``."""
    (h,) = state
    r = h @ w_h
    n = h.shape[1]
    gates = jax.nn.sigmoid(z[:, : 2 * n] + r[:, : 2 * n])
    reset, update = gates[:, :n], gates[:, n:]
    h = update * h + (1 - update) * jnp.tanh(z[:, 2 * n :] + reset * r[:, 2 * n :])
    return (h,), h


def walk(cell, weights, xs, state=None, *, reverse=False):
    """The last state and the outputs ``(T, B, H)`` of a cell."""
    w_x, w_h, b = weights
    if state is None:
        zeros = jnp.zeros((xs.shape[1], w_h.shape[0]), xs.dtype)
        state = (zeros, zeros) if cell is lstm else (zeros,)
    return jax.lax.scan(partial(cell, w_h), state, xs @ w_x + b, reverse=reverse)


def recurrent(cell, per_cell, directions, is_residual, params, xs, masks):
    """The last outputs of recurrent layers, ``(B, W)``."""
    if is_residual:
        w_in, *params = params
        xs = xs @ w_in
    cells = [params[i : i + per_cell] for i in range(0, len(params), per_cell)]
    for level, mask in enumerate(masks):
        pair = cells[level * directions : (level + 1) * directions]
        ys = [walk(cell, weights, xs, reverse=way == 1)[1] for way, weights in enumerate(pair)]
        ys = mask * jnp.concatenate(ys, axis=2)
        xs = xs + ys if is_residual else ys
    if directions == 1:
        return xs[-1]
    half = xs.shape[2] // 2
    return jnp.concatenate([xs[-1, :, :half], xs[0, :, half:]], axis=1)


def tcn(params, xs, masks):
    """The last output of the residual blocks, ``(B, C)``."""
    v1, g1, b1, v, g, b, w_skip, b_skip = params
    convs = [(v1[0], g1[0], b1[0]), *zip(v, g, b, strict=True)]
    around = xs @ w_skip + b_skip
    for i, ((direction, length, bias), mask) in enumerate(zip(convs, masks, strict=True)):
        w = length * direction / jnp.linalg.norm(direction, axis=0)
        xs = mask * relu(causal_conv(xs, w, 2 ** (i // 2)) + bias)
        if i % 2:
            xs = around = relu(xs + around)
    return xs[-1]


def relu(x):
    """The positive part; slope 1 at zero itself, where blank pixels and zero biases put many units at first."""
    return jnp.where(x >= 0, x, 0)


def causal_conv(xs, w, dilation):
    """``(T, B, F)`` by JAX's convolution; `w` is ``(K*C, F)``."""
    return jax.lax.conv_general_dilated(
        xs,
        w.reshape(WINDOW, xs.shape[2], w.shape[1]),
        window_strides=(1,),
        padding=[(dilation * (WINDOW - 1), 0)],
        rhs_dilation=(dilation,),
        dimension_numbers=("WNC", "WIO", "WNC"),
    )


def spelling_loss(params, xs, masks, letters):
    """Mean cross-entropy of the letters of the names and the spaces that end them."""
    *cells, w, b = params
    state, _ = walk(lstm, cells[:3], xs)
    state = tuple(field * masks[0] for field in state)
    before = jax.nn.one_hot(letters[:-1], LETTERS, dtype=xs.dtype)
    before = jnp.concatenate([jnp.zeros_like(before[:1]), before])
    _, ys = walk(lstm, cells[3:], before, state)
    nats = cross_entropy((masks[1] * ys) @ w + b, letters)
    is_in_name = jnp.concatenate([jnp.ones_like(letters[:1], bool), letters[:-1] != 0])
    return jnp.where(is_in_name, nats, 0).sum() / is_in_name.sum()


def adamw_step(loss):
    """One update of AdamW: ``(state, *batch) -> (loss, state)``, where the state is ``(step, params, m, v)``.

    ``loss(params, *batch)`` is what is made small.
    """
    gradient = jax.value_and_grad(loss)

    @jax.jit
    def step(state, *batch):
        count, params, ms, vs = state
        loss, grads = gradient(params, *batch)
        count = count + 1
        ms = [BETA1 * m + (1 - BETA1) * g for m, g in zip(ms, grads, strict=True)]
        vs = [BETA2 * v + (1 - BETA2) * g * g for v, g in zip(vs, grads, strict=True)]
        rate = RATE * jnp.sqrt(1 - BETA2**count) / (1 - BETA1**count)
        params = [
            p - RATE * DECAY * p - rate * m / (jnp.sqrt(v) + EPSILON)
            for p, m, v in zip(params, ms, vs, strict=True)
        ]
        return loss, (count, params, ms, vs)

    return step


def adamw_state(params):
    """The state before the first update."""
    zeros = [jnp.zeros_like(p) for p in params]
    return jnp.zeros((), params[0].dtype), [jnp.asarray(p) for p in params], zeros, zeros
