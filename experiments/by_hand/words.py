"""The networks of `symrnn.models.word_network` as a JAX user writes them: masks, scans, and JAX's autodiff.

Parameters in the order of the graph's: the embedding, ``w_x, w_h, b`` of each LSTM or ``w, b`` of each QRNN layer, and
the bias of the softmax, whose weights are the embedding. Masks in the order of its inputs: of words, input, between
layers, output, weights. Two layers; the lower QRNN sees two words.
"""

from functools import partial

import jax
import jax.numpy as jnp
from by_hand.text import cross_entropies, lstm, walk


def lstm_layer(weights, mask, xs, state):
    """``hs`` and the state after the last step."""
    w_x, w_h, b = weights
    hidden = w_h.shape[0]
    start = (state[:, :hidden], state[:, hidden:])
    hs, last = walk(lstm, xs, (w_x, w_h * mask, b), start)
    return hs, jnp.concatenate(last, axis=1)


def qrnn_layer(weights, mask, xs, state):
    """``hs`` and the state after the last step."""
    w, b = weights
    hidden, seen = b.shape[0] // 3, xs
    has_two = w.shape[0] == 2 * xs.shape[2]
    if has_two:
        before = jnp.concatenate([state[None, :, hidden:], xs[:-1]])
        seen = jnp.concatenate([before, xs], axis=2)
    z, f, o = jnp.split(seen @ (w * mask) + b, 3, axis=2)
    z, f, o = jnp.tanh(z), jax.nn.sigmoid(f), jax.nn.sigmoid(o)

    def advance(c, step):
        f, x = step
        c = f * c + x
        return c, c

    last, cs = jax.lax.scan(advance, state[:, :hidden], (f, (1 - f) * z))
    return o * cs, jnp.concatenate([last, xs[-1]], axis=1) if has_two else last


LAYERS = {"awd_lstm": (lstm_layer, 3), "qrnn": (qrnn_layer, 2)}  # and how many weights it has


def word_loss(network, ends, ar, tar, params, states, words, targets, *masks):
    """Nats a word with AR and TAR, and the states after the last word; `ends` are those of each layer's columns."""
    layer, count = LAYERS[network]
    of_words, of_input, between, of_output, *of_weights = masks
    embedding, *weights, b = params
    xs = embedding[words] * of_words[:, :, None] * of_input
    later = []
    for i, (end, mask) in enumerate(zip(ends, (between, of_output), strict=True)):
        begin = ends[i - 1] if i else 0
        own = weights[i * count : (i + 1) * count]
        hs, state = layer(own, of_weights[i], xs, states[:, begin:end])
        later.append(state)
        xs = hs * mask
    loss = cross_entropies(xs @ embedding.T + b, targets).mean()
    loss = loss + ar * (xs**2).mean() + tar * ((hs[1:] - hs[:-1]) ** 2).mean()
    return loss, jnp.concatenate(later, axis=1)


def loss_of(name, recipe):
    """``(params, states, *batch) -> (loss, states)`` of a recipe with two tied layers and all its masks."""
    widths = [layer.widths[2] for layer in recipe.network().layers]
    return partial(word_loss, name, (widths[0], sum(widths)), recipe.ar, recipe.tar)


def sgd_step(loss, rate, max_norm):
    """``((params, states), *batch) -> (loss, (params, states))``, gradients bounded together."""
    gradient = jax.value_and_grad(loss, has_aux=True)

    @jax.jit
    def step(now, *batch):
        params, states = now
        (value, states), grads = gradient(params, states, *batch)
        norm = jnp.sqrt(sum((g**2).sum() for g in grads))
        bound = jnp.minimum(norm, max_norm) / (norm + 1e-7)
        return value, ([p - rate * bound * g for p, g in zip(params, grads, strict=True)], states)

    return step


def first_step(loss, recipe, arrays):
    """Seconds from the making of a step of AdamW to the end of the first one."""
    from time import perf_counter

    from by_hand.text import adamw, initial

    graph = recipe.graph()
    [states] = graph.carried
    start = initial([param.get_value() for param in graph.params]), states.get_value()
    rates = {name: getattr(recipe, name) for name in ("learning_rate", "weight_decay", "max_norm")}
    begin = perf_counter()
    gradient = jax.value_and_grad(loss, has_aux=True)

    @jax.jit
    def step(now, *batch):
        state, states = now
        (value, states), grads = gradient(state[1], states, *batch)
        return value, (adamw(state, grads, **rates), states)

    jax.block_until_ready(step(start, *arrays))
    return {"total_s": perf_counter() - begin}
