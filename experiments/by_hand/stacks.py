"""Stacks of bidirectional layers as users of JAX and of PyTorch write them: mean squared outputs, Nesterov's momentum.

Parameters are ``w_x, w_h, b`` of each direction of each layer, as in `symrnn.unroll.stack`; of layers that are one
scan, stacked on a first axis. LSTM gates stand in the order i, f, o, g.
"""

import numpy as np

RATE, MOMENTUM = 0.01, 0.9
GATES = {"rnn": 1, "lstm": 4}


def drawn_weights(cell, sizes, hidden, *, stacked=0):
    """Arrays for a pair of cells a layer, of which `sizes` are the input sizes; `stacked` more as one pair; float32."""
    rng, width = np.random.default_rng(0), GATES[cell] * hidden
    shapes = [
        shape
        for lead, size in [
            *(((), size) for size in sizes),
            *[((stacked,), 2 * hidden)] * bool(stacked),
        ]
        for _ in range(2)
        for shape in ((*lead, size, width), (*lead, hidden, width), (*lead, width))
    ]
    return [
        (rng.normal(size=s) / np.sqrt(s[-2] if len(s) > 1 else 1)).astype("float32") for s in shapes
    ]


def jax_walk(cell, xs, w_x, w_h, b, *, reverse=False):
    """One direction of a layer, ``(T, B, H)``."""
    import jax
    import jax.numpy as jnp

    def rnn(h, z):
        h = jnp.tanh(z + h @ w_h)
        return h, h

    def lstm(state, z):
        h, c = state
        i, f, o, g = jnp.split(z + h @ w_h, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((xs.shape[1], w_h.shape[0]), xs.dtype)
    step, start = (rnn, zeros) if cell == "rnn" else (lstm, (zeros, zeros))
    return jax.lax.scan(step, start, xs @ w_x + b, reverse=reverse)[1]


def jax_layer(cell, xs, weights):
    """Both directions, ``(T, B, 2H)``; `weights` are the six arrays of a pair."""
    import jax.numpy as jnp

    forward = jax_walk(cell, xs, *weights[:3])
    return jnp.concatenate([forward, jax_walk(cell, xs, *weights[3:], reverse=True)], axis=2)


def jax_loss(cell, params, xs, *, layers_as_scan=False):
    """Mean of the last layer's squared outputs; with `layers_as_scan` all layers but the first are one `lax.scan`."""
    import jax

    layers = [params[i : i + 6] for i in range(0, len(params), 6)]
    if layers_as_scan:
        first, deep = layers
        ys = jax_layer(cell, xs, first)
        ys, _ = jax.lax.scan(lambda ys, pair: (jax_layer(cell, ys, pair), None), ys, deep)
        return (ys**2).mean()
    for pair in layers:
        xs = jax_layer(cell, xs, pair)
    return (xs**2).mean()


def jax_step(loss):
    """A jitted step ``(state, xs) -> (loss, state)`` of ``loss(params, xs)``; the state holds parameters and jumps."""
    import jax

    @jax.jit
    def step(state, xs):
        params, jumps = state
        value, grads = jax.value_and_grad(loss)(params, xs)
        jumps = [MOMENTUM * (jump - RATE * g) for jump, g in zip(jumps, grads, strict=True)]
        params = [p - RATE * g + jump for p, g, jump in zip(params, grads, jumps, strict=True)]
        return value, (params, jumps)

    return step


def torch_step(cell, depth, size, hidden, xs):
    """A step in PyTorch's own layers, fused over steps; the state is inside."""
    import torch

    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM}[cell]
    layers = kind(size, hidden, num_layers=depth, bidirectional=True)
    update = torch.optim.SGD(layers.parameters(), lr=RATE, momentum=MOMENTUM, nesterov=True)
    xs = torch.as_tensor(xs)

    def step(state):
        update.zero_grad()
        (layers(xs)[0] ** 2).mean().backward()
        update.step()
        return state

    return step
