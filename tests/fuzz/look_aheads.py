"""Naive Nesterov forms as a foreign program writes them, the form that `odd_even_form` makes, and the rule in NumPy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import oracle
import pytensor
import pytensor.tensor as pt
import rules_in_numpy
from algebra import run
from drawn_cells import InShort
from hypothesis import assume, event
from network_oracle import EPSILONS, allowance
from networks import MODES, shared
from pytensor.graph.replace import clone_replace
from tensor_losses import IN_NUMPY, IN_PYTENSOR, total
from training_runs import RateCase

from symrnn.duplicates import odd_even_form
from symrnn.errors import UserError

JUMPS = {  # the look-ahead of a parameter: how it is written
    "plus": lambda p, mu, v: p + mu * v,
    "velocity first": lambda p, mu, v: v * mu + p,
    "minus": lambda p, mu, v: p - (-mu) * v,
    "in halves": lambda p, mu, v: (p + 0.5 * mu * v) + 0.5 * (mu * v),
    "twice": lambda p, mu, v: p + mu * (mu * v),
}
SCALES = {"sgd": {}, "rmsprop": {"rho": 0.9, "epsilon": 1e-3}}


@dataclass(frozen=True, repr=False)
class LookAheadCase(InShort):
    """A training by a naive form.

    Attributes
    ----------
    shapes, program
        Of the parameters, the last of which is an input instead; and the loss's (`tensor_losses`).
    form
        ``"clone"``, ``"per parameter"`` or ``"rebuild"``.
    still
        The places of parameters that have no momentum.
    decay
        Of the odd values, a fraction in every call.
    starts
        Whether the velocities start at numbers other than zero.
    """

    shapes: tuple[tuple[int, ...], ...]
    program: tuple[tuple, ...]
    form: str
    jump: str
    scale: str
    rate: RateCase
    momentum: RateCase
    still: tuple[int, ...] = ()
    decay: float = 0.0
    starts: bool = False
    calls: int = 3
    mode: str = "NATIVE"
    seed: int = 0

    def values(self) -> list[np.ndarray]:
        rng = np.random.default_rng(self.seed)
        return [np.asarray(rng.normal(0, 0.6, shape)) for shape in self.shapes]

    def velocities(self) -> list[np.ndarray]:
        rng = np.random.default_rng(self.seed + 1)
        return [np.asarray(rng.normal(0, 0.2, shape) * self.starts) for shape in self.shapes[:-1]]


def check(case: LookAheadCase) -> None:
    """The form follows the rule, and offers the loss at both values; what it refuses does not count."""
    *values, data = case.values()
    params = [shared(v, f"p{i}", knows=i % 2 == 1) for i, v in enumerate(values)]
    velocities = [shared(v, f"v{i}", knows=i % 2 == 1) for i, v in enumerate(case.velocities())]
    x, rate, momentum = (
        pt.tensor("x", shape=data.shape),
        *map(variable, ("rate", "momentum"), rates(case)),
    )
    updates = naive(case, params, velocities, x, rate, momentum)
    try:
        form = odd_even_form(updates, [loss_of(case, params, x)])
    except UserError as error:
        event(f"refused: {str(error)[:60]}")
        assume(False)
    readout = [form.odd_values.get(param, param) for param in params]
    inputs = [v for v, r in zip((rate, momentum), rates(case), strict=True) if r.kind == "input"]
    options: dict[str, Any] = {"mode": MODES[case.mode], "on_unused_input": "ignore"}
    set_rates(case, (rate, momentum), 0)
    pytensor.function(inputs, [], updates=form.jump, **options)(*numbers(case, 0))
    # One function less than with a reader of its own: what it reads is as it was before the call.
    step = pytensor.function(
        [x, *inputs], [*form.outputs, *form.odd_outputs, *readout], updates=form.updates, **options
    )
    rounded = [value * (1 + EPSILONS["float64"]) for value in values]
    states = (trajectory(case, each, data) for each in (values, rounded))
    for call, (wanted, others) in enumerate(zip(*states, strict=True)):
        at = min(call, case.calls - 1)  # the last call but reads what the one before it left
        set_rates(case, (rate, momentum), at)
        found = step(data, *numbers(case, at))
        names = ("loss at even values", "loss at odd values", *params)
        for name, value, expected, other in zip(names, found, wanted, others, strict=True):
            if expected is None:
                continue
            allowed = allowance(1e-8, expected, other)
            np.testing.assert_allclose(
                value, expected, rtol=0, atol=allowed, err_msg=f"{name}, call {call}"
            )


def rates(case: LookAheadCase):
    return case.rate, case.momentum


def variable(name: str, rate: RateCase):
    if rate.kind == "number":
        return rate.values[0]
    return pt.dscalar(name) if rate.kind == "input" else pytensor.shared(rate.values[0], name=name)


def set_rates(case, variables, call):
    for var, rate in zip(variables, rates(case), strict=True):
        if rate.kind == "shared":
            var.set_value(rate.values[call])


def numbers(case, call):
    return [rate.values[call] for rate in rates(case) if rate.kind == "input"]


def loss_of(case: LookAheadCase, params, x):
    return total(run(case.program, [*params, x], IN_PYTENSOR), len(params), pt.sin)


def naive(case: LookAheadCase, params, velocities, x, rate, momentum):
    """The updates: odd values stored, the gradient taken at the jump."""
    even = [
        p if i in case.still else JUMPS[case.jump](p, momentum, v)
        for i, (p, v) in enumerate(zip(params, velocities, strict=True))
    ]
    if case.form == "rebuild":
        grads = pytensor.grad(loss_of(case, even, x), even)
    else:
        grads = pytensor.grad(loss_of(case, params, x), params)
        swaps = [(p, e) for p, e in zip(params, even, strict=True) if p is not e]
        if case.form == "clone":
            grads = clone_replace(grads, swaps)
        else:
            grads = [clone_replace(grad, swaps) for grad in grads]
    updates: dict[Any, Any] = {}
    for i, (p, v, grad) in enumerate(zip(params, velocities, grads, strict=True)):
        if case.scale == "rmsprop":
            a = shared(np.zeros(case.shapes[i]), f"a{i}", knows=i % 2 == 1)
            updates[a] = 0.9 * a + (1 - 0.9) * grad**2
            grad = grad / pt.sqrt(updates[a] + 1e-3)
        if i in case.still:
            updates[p] = p - rate * grad
            continue
        updates[v] = momentum * v - rate * grad
        updates[p] = p + updates[v] - case.decay * p if case.decay else p + updates[v]
    return updates


def trajectory(case: LookAheadCase, values, data):
    """Before each call: the loss at even and at odd values, and the odd values; at last the odd values. In NumPy."""
    velocities, states = case.velocities(), [{} for _ in values]

    def loss(*given):
        return total(run(case.program, [*given, data], IN_NUMPY), len(given), np.sin)

    for call in range(case.calls):
        rate, mu = (r.values[call if len(r.values) > 1 else 0] for r in rates(case))
        ahead = mu * mu if case.jump == "twice" else mu
        even = [
            p if i in case.still else p + ahead * v
            for i, (p, v) in enumerate(zip(values, velocities, strict=True))
        ]
        yield np.asarray(loss(*even)), np.asarray(loss(*values)), *values
        moves = [
            rules_in_numpy.RULES[case.scale](s, 0 * p, g, call + 1, rate, **SCALES[case.scale])
            for s, p, g in zip(states, even, oracle.gradients(loss, even), strict=True)
        ]
        for i, (p, move) in enumerate(zip(values, moves, strict=True)):
            if i in case.still:
                values = [*values[:i], p + move, *values[i + 1 :]]
            else:
                velocities[i] = mu * velocities[i] + move
                moved = p + velocities[i] - case.decay * p
                values = [*values[:i], moved, *values[i + 1 :]]
    yield None, None, *values
