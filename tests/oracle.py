"""Cells over time in NumPy loops, and gradients by complex steps: an oracle that shares no code with the library.

The gradient of a real function at x is the imaginary part of ``f(x + i h) / h``: no difference is taken, so that it is
exact to rounding. A truncated gradient is that of a walk whose early steps are taken with the weights as they are: only
what comes after sees the complex step.
"""

import numpy as np

STEP = 1e-30


def sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2  # which no complex number overflows


# One step after the products, `z` of the input and `r` of the state: the last axis is that of the units, and any may
# stand before it.


def advance_rnn(w, z, r, h):
    return (np.tanh(z + r),)


def advance_relu(w, z, r, h):
    a = z + r
    return (np.where(np.real(a) > 0, a, 0),)


def advance_lstm(w, z, r, h, c):
    i, f, o, g = np.split(z + r, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def advance_peephole_lstm(w, z, r, h, c):
    i, f, o, g = np.split(z + r, 4, axis=-1)
    p_i, p_f, p_o = np.split(w["p"], 3, axis=-2)
    c = sigmoid(f + p_f * c) * c + sigmoid(i + p_i * c) * np.tanh(g)
    return sigmoid(o + p_o * c) * np.tanh(c), c


def advance_gru(w, z, r, h):
    s, u, n = np.split(z, 3, axis=-1)
    s_h, u_h, n_h = np.split(r, 3, axis=-1)
    new = np.tanh(n + sigmoid(s + s_h) * n_h)
    u = sigmoid(u + u_h)
    return (u * h + (1 - u) * new,)


def advance_residual_gru(w, z, r, h):
    s, u, n, p = np.split(z, 4, axis=-1)
    s_h, u_h, n_h, p_h = np.split(r, 4, axis=-1)
    new = np.tanh(n + sigmoid(s + s_h) * n_h)
    u = sigmoid(u + u_h)
    return (u * h + (1 - u) * new + 0.1 * (p + p_h),)


def stepped(advance):
    """The whole step of a cell, ``(weights, x, h, ...) -> (h, ...)``."""

    def step(w, x, h, *state):
        return advance(w, x @ w["w_x"] + w["b"], h @ w["w_h"], h, *state)

    return step


step_rnn = stepped(advance_rnn)
step_relu = stepped(advance_relu)
step_lstm = stepped(advance_lstm)
step_peephole_lstm = stepped(advance_peephole_lstm)
step_gru = stepped(advance_gru)
step_residual_gru = stepped(advance_residual_gru)


def walk(step, weights, xs, start, *, mask=None, reverse=False, live=None):
    """The outputs ``(T, B, H)`` of a walk; before its last `live` steps everything is taken real."""
    order = range(len(xs))[::-1] if reverse else range(len(xs))
    frozen = len(xs) - (len(xs) if live is None else live)
    real = {name: np.real(weight) for name, weight in weights.items()}
    state, outputs = start, [None] * len(xs)
    for count, t in enumerate(order):
        if count < frozen:
            w, x, state = real, np.real(xs[t]), [np.real(field) for field in state]
        else:
            w, x = weights, xs[t]
        after = step(w, x, *state)
        if mask is not None:
            kept = mask[t][:, None] == 0
            after = [np.where(kept, old, new) for new, old in zip(after, state, strict=True)]
        state = list(after)
        outputs[t] = state[0]
    return np.array(outputs)


def gradients(function, values):
    """The gradient of ``function(*values)``, a number, by each of `values`, in complex steps."""
    found = []
    for position, value in enumerate(values):
        gradient = np.zeros(value.shape)
        for place in np.ndindex(value.shape):
            moved = np.array(value, complex)
            moved[place] += STEP * 1j
            shifted = [*values[:position], moved, *values[position + 1 :]]
            gradient[place] = np.imag(function(*shifted)) / STEP
        found.append(gradient)
    return found
