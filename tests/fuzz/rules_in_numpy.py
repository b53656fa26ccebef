"""Update rules and schedules in NumPy, one number at a time as their papers and our docstrings have them.

A rule is a function ``(s, w, g, t, **rates) -> new w``: `s` is the parameter's state, empty at first, `t` counts calls
from 1. A function that begins so is one, and its further arguments are drawn for it. Nothing here is the library's.
"""

from inspect import isfunction, signature

import numpy as np


def mean(s, name, value, decay):
    s[name] = decay * s.get(name, 0) + (1 - decay) * value
    return s[name]


def sgd(s, w, g, t, learning_rate):
    return w - learning_rate * g


def nt_asgd(s, w, g, t, learning_rate):
    return w - learning_rate * g  # means beside it, which no loss begins


def momentum(s, w, g, t, learning_rate, momentum):
    s["v"] = momentum * s.get("v", 0) - learning_rate * g
    return w + s["v"]


def adagrad(s, w, g, t, learning_rate, epsilon):
    s["a"] = s.get("a", 0) + g * g
    return w - learning_rate * g / np.sqrt(s["a"] + epsilon)


def rmsprop(s, w, g, t, learning_rate, rho, epsilon):
    return w - learning_rate * g / np.sqrt(mean(s, "a", g * g, rho) + epsilon)


def adadelta(s, w, g, t, learning_rate, rho, epsilon):
    a = mean(s, "a", g * g, rho)
    move = g * np.sqrt((s.get("d", 0) + epsilon) / (a + epsilon))
    mean(s, "d", move * move, rho)
    return w - learning_rate * move


def adam(s, w, g, t, learning_rate, beta1, beta2, epsilon):
    m, v = mean(s, "m", g, beta1), mean(s, "v", g * g, beta2)
    size = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - size * m / (np.sqrt(v) + epsilon)


def amsgrad(s, w, g, t, learning_rate, beta1, beta2, epsilon):
    m, v = mean(s, "m", g, beta1), mean(s, "v", g * g, beta2)
    s["most"] = np.maximum(s.get("most", 0), v)
    size = learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - size * m / (np.sqrt(s["most"]) + epsilon)


def adamax(s, w, g, t, learning_rate, beta1, beta2, epsilon):
    m = mean(s, "m", g, beta1)
    s["u"] = np.maximum(beta2 * s.get("u", 0), np.abs(g))
    return w - learning_rate / (1 - beta1**t) * m / (s["u"] + epsilon)


def adamw(s, w, g, t, learning_rate, beta1, beta2, epsilon, weight_decay):
    return adam(s, w, g, t, learning_rate, beta1, beta2, epsilon) - learning_rate * weight_decay * w


def nadam(s, w, g, t, learning_rate, beta1, beta2, epsilon, momentum_decay):
    m, v = mean(s, "m", g, beta1), mean(s, "v", g * g, beta2)
    now, then = (beta1 * (1 - 0.96 ** (k * momentum_decay) / 2) for k in (t, t + 1))
    product = s["mu"] = s.get("mu", 1.0) * now
    look = (1 - now) / (1 - product) * g + then / (1 - product * then) * m
    return w - learning_rate * look / (np.sqrt(v / (1 - beta2**t)) + epsilon)


ARGUMENTS = {name: [*signature(f).parameters] for name, f in [*globals().items()] if isfunction(f)}
TAKES = {name: tuple(found[4:]) for name, found in ARGUMENTS.items() if found[:4] == [*"swgt"]}
RULES = {name: globals()[name] for name in TAKES}


def warm_up(k, steps, rate, start):
    return rate * (start + (1 - start) * min(k / steps, 1))


def step_decay(k, every, rate, factor):
    return rate * factor ** (k // every)


def cosine(k, steps, high, low):
    return low + (high - low) * (1 + np.cos(np.pi * min(k / steps, 1))) / 2


SCHEDULES = {f.__name__: f for f in (warm_up, step_decay, cosine)}


def norm_constraint(w, bound, epsilon=1e-7):
    norm = np.sqrt((w * w).sum(axis=0))
    return w * np.minimum(norm, bound) / (norm + epsilon)


def total_norm_constraint(gs, bound, epsilon=1e-7):
    norm = np.sqrt(sum((g * g).sum() for g in gs))
    return [g * min(norm, bound) / (norm + epsilon) for g in gs]
