"""Networks and update rules that know nothing of symrnn: plain `pytensor.scan`, for tests of what
reads foreign graphs."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.replace import clone_replace

from symrnn.native.rewrites import SparingMode

SIZE = 2
CELLS = {"tanh": 1, "gru": 3, "lstm": 4}  # name: gates
PYTHON = SparingMode("py", "fast_run")


def weights(cell, layers=1, seed=0):
    """Shared variables ``w_x, w_h`` a layer, (H, G*H) each, and a readout (H,)."""
    rng = np.random.default_rng(seed)
    width = CELLS[cell] * SIZE
    made = [
        pytensor.shared(rng.normal(0, 0.5, (SIZE, width)), name=f"{name}{i}")
        for i in range(layers)
        for name in ("w_x", "w_h")
    ]
    return [*made, pytensor.shared(rng.normal(0, 0.5, SIZE), name="w_y")]


def step(cell, closure=None):
    """One step ``(z, *state, w_h) -> state``; with `closure` the weights are not an argument."""

    def tanh(z, h, w_h):
        return pt.tanh(z + h @ w_h)

    def gru(z, h, w_h):
        n, a = SIZE, h @ w_h
        r, u = pt.sigmoid(z[:, :n] + a[:, :n]), pt.sigmoid(z[:, n : 2 * n] + a[:, n : 2 * n])
        return u * h + (1 - u) * pt.tanh(z[:, 2 * n :] + r * a[:, 2 * n :])

    def lstm(z, h, c, w_h):
        n, a = SIZE, z + h @ w_h
        i, f, o = (pt.sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * pt.tanh(a[:, 3 * n :])
        return o * pt.tanh(c), c

    advance = {"tanh": tanh, "gru": gru, "lstm": lstm}[cell]
    return advance if closure is None else lambda z, *state: advance(z, *state, closure)


def layer(cell, xs, w_x, w_h, *, initial=None, closure=False, advance=None, **options):
    """One layer (T, B, H) by `pytensor.scan`."""
    start = pt.zeros((xs.shape[1], SIZE)) if initial is None else initial
    hs = pytensor.scan(
        (advance or step)(cell, w_h if closure else None),
        xs @ w_x,
        outputs_info=[start] * (2 if cell == "lstm" else 1),
        non_sequences=None if closure else [w_h],
        return_updates=False,
        **options,
    )
    return hs[0] if cell == "lstm" else hs


def stack(cell, xs, params, **options):
    """Layers one upon the other (T, B, H)."""
    *params, _ = params
    # The batch of the input: whoever asks for a layer's shape has PyTensor infer those of all layers below.
    start = pt.zeros((xs.shape[1], SIZE))
    for w_x, w_h in zip(params[::2], params[1::2], strict=True):
        xs = layer(cell, xs, w_x, w_h, **{"initial": start, **options})
    return xs


def loss_of(cell, xs, params, **options):
    """A scalar that depends on every step and parameter."""
    return ((stack(cell, xs, params, **options) @ params[-1]) ** 2).mean()


def batch(seed=1, steps=3):
    return np.random.default_rng(seed).normal(size=(steps, 2, SIZE))


def state(param, name):
    return pytensor.shared(np.zeros_like(param.get_value()), name=f"{param}.{name}")


def scaled(rule, grads, params):
    """Directions and the updates of their state: plain, as RMSprop, as Adam."""
    if rule == "sgd":
        return grads, {}
    updates, directions = {}, []
    if rule == "adam":
        t = pytensor.shared(0.0, name="t")
        updates[t] = t + 1
    for param, grad in zip(params, grads, strict=True):
        s = state(param, "s")
        updates[s] = 0.9 * s + 0.1 * grad**2
        if rule == "adam":
            m = state(param, "m")
            updates[m] = 0.8 * m + 0.2 * grad
            size = pt.sqrt(updates[s] / (1 - 0.9 ** updates[t])) + 1e-3
            directions.append(updates[m] / (1 - 0.8 ** updates[t]) / size)
        else:
            directions.append(grad / pt.sqrt(updates[s] + 1e-3))
    return directions, updates


FORMS = ("clone", "rebuild", "closure", "per_parameter")


def naive_nesterov(form, build, params, rate, momentum, rule="sgd"):
    """Odd values stored; the gradient at ``param + momentum * velocity``."""
    velocities = [state(p, "v") for p in params]
    even = [p + momentum * v for p, v in zip(params, velocities, strict=True)]
    if form in ("rebuild", "closure"):
        grads = pytensor.grad(build(even, closure=form == "closure"), params)
    else:
        grads = pytensor.grad(build(params), params)
        replace = dict(zip(params, even, strict=True))
        if form == "clone":
            grads = clone_replace(grads, replace)
        else:
            grads = [clone_replace(grad, replace) for grad in grads]
    directions, updates = scaled(rule, grads, params)
    for p, v, direction in zip(params, velocities, directions, strict=True):
        updates[v] = momentum * v - rate * direction
        updates[p] = p + updates[v]
    return updates


def restore(values):
    """Set shared variables to the values that they had."""
    for variable, value in values.items():
        variable.set_value(value)


def even_nesterov(build, params, rate, momentum, rule="sgd"):
    """The form written by hand: look-ahead values stored."""
    directions, updates = scaled(rule, pytensor.grad(build(params), params), params)
    for p, direction in zip(params, directions, strict=True):
        v = state(p, "v")
        updates[v] = momentum * v - rate * direction
        updates[p] = p - rate * direction + momentum * updates[v]
    return updates
