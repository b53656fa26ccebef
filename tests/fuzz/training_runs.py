"""Trainings as records: a loss, an update rule and rates that change, run by the library and in NumPy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
import rules_in_numpy as oracle
from drawn_cells import InShort
from network_oracle import EPSILONS, allowance, differentiated
from networks import MODES, NetworkCase, built, loss_of, shared, upon

import symrnn.updates as library
from symrnn.updates import schedules

FORMS = {  # of Nesterov's momentum
    "stored": library.nesterov_momentum,
    "odd_even": library.nesterov_odd_even,
    "clone": library.nesterov_naive_clone,
    "per_parameter": library.nesterov_naive_per_parameter,
    "rebuild": library.nesterov_naive_rebuild,
}
TOLERANCES = {"float64": 1e-8, "float32": 2e-3}


class RateCase(NamedTuple):
    """A rate: its value in every call, and how the library is given it.

    `kind` is ``"number"``, ``"input"``, ``"shared"``, or a schedule with its arguments.
    """

    kind: str | tuple
    values: tuple[float, ...]


class WaveCase(NamedTuple):
    """The loss ``sum sin(a p + c x) + (sum of the parameters' means)^2 / 2``, whose gradient is known by heart."""

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    seed: int


NO_RATE = RateCase("number", (0.0,))


@dataclass(frozen=True, repr=False)
class TrainingCase(InShort):
    """A training of some calls.

    Attributes
    ----------
    rule, rates
        The rule's name and what it takes.
    over
        None, ``"momentum"`` upon the rule's updates, or a form of Nesterov's momentum with the rule as what corrects.
    over_rate
        That momentum.
    given
        What the rule is given: the loss, its gradients, or gradients with a bound on their common norm.
    bound
        On every norm of a matrix's columns after a step, or None.
    """

    problem: WaveCase | NetworkCase
    rule: str
    rates: tuple[tuple[str, RateCase], ...]
    over: str | None = None
    over_rate: RateCase = NO_RATE
    given: str = "loss"
    bound: float | None = None
    calls: int = 3
    mode: str = "NATIVE"


class Problem(NamedTuple):
    """What is trained: inputs and their values in each call, parameters, the loss of expressions in their place, and
    the oracle's gradients ``(values, call) -> gradients``."""

    inputs: list[Any]
    calls: list[list[np.ndarray]]
    params: list[Any]
    loss: Callable
    gradients: Callable


def problem_of(case: TrainingCase) -> Problem:
    make = wave if isinstance(case.problem, WaveCase) else network
    return make(case.problem, case.calls)


def wave(case: WaveCase, calls: int) -> Problem:
    rng = np.random.default_rng(case.seed)
    values = [
        np.asarray(rng.normal(size=shape), dtype)
        for shape, dtype in zip(case.shapes, case.dtypes, strict=True)
    ]
    factors = [(rng.normal(size=v.shape), rng.normal(size=v.shape)) for v in values]
    x, xs = pt.scalar("x", dtype="float32"), rng.normal(size=calls).astype("float32")
    params = [shared(v, f"p{i}", knows=i % 2 == 1) for i, v in enumerate(values)]

    def loss(given):
        waves = [
            pt.sin(a.astype(p.dtype) * p + c.astype(p.dtype) * x).sum()
            for p, (a, c) in zip(given, factors, strict=True)
        ]
        return sum(waves) + sum(p.mean() for p in given) ** 2 / 2

    def gradients(given, call):
        common = sum(p.mean() for p in given)
        return [
            a * np.cos(a * p + c * xs[call]) + common / p.size
            for p, (a, c) in zip(given, factors, strict=True)
        ]

    return Problem([x], [[value] for value in xs], params, loss, gradients)


def network(case: NetworkCase, calls: int) -> Problem:
    graph = built(case)
    trained = connected(loss_of(graph.outputs), graph.leaves)
    batches = [case.batches()[0] for _ in range(calls)]
    keys, params = list(trained), list(trained.values())
    inputs = graph.inputs

    def loss(given):
        leaves = graph.leaves | dict(zip(keys, given, strict=True))
        weights = {key: var for key, var in leaves.items() if key[0] >= 0}
        ys, exposed = upon(case, weights, *(inputs if case.mask else (*inputs, None)))
        return loss_of([ys, *exposed])

    def gradients(given, call):
        xs, *mask = (a.astype("float64") for a in batches[call])
        values = {(-1, 0, "xs"): xs} | {k: v.astype("float64") for k, v in case.values.items()}
        values |= zip(keys, given, strict=True)
        _, found = differentiated(case, values, mask[0] if mask else None)
        return [found[key] for key in keys]

    return Problem(inputs, batches, params, loss, gradients)


def connected(loss, leaves) -> dict:
    """The shared leaves that a loss has a gradient by."""
    leaves = {key: var for key, var in leaves.items() if key[0] >= 0}
    gradients = pytensor.grad(
        loss, list(leaves.values()), disconnected_inputs="ignore", return_disconnected="none"
    )
    pairs = zip(leaves.items(), gradients, strict=True)
    return {key: var for (key, var), gradient in pairs if gradient is not None}


def check(case: TrainingCase) -> None:
    """After every call the parameters are the oracle's; odd values where momentum is Nesterov's."""
    problem = problem_of(case)
    if not problem.params:
        return
    starts = [param.get_value().astype("float64") for param in problem.params]
    roughest = max((param.dtype for param in problem.params), key=TOLERANCES.__getitem__)
    rounded = [start * (1 + EPSILONS[roughest]) for start in starts]
    states = (trajectory(case, problem, each) for each in (starts, rounded))
    for call, (got, *each) in enumerate(zip(trained(case, problem), *states, strict=True)):
        for param, value, wanted, other in zip(problem.params, got, *each, strict=True):
            assert value.dtype == param.dtype
            allowed = allowance(TOLERANCES[roughest], wanted, other)
            np.testing.assert_allclose(
                value, wanted, rtol=0, atol=allowed, err_msg=f"{param}, call {call}"
            )


def trained(case: TrainingCase, problem: Problem):
    """The values to evaluate after each call, by the library."""
    rates = {name: library_rate(name, rate) for name, rate in case.rates}
    step = schedules.step_counter()
    given = {name: rate(step) if callable(rate) else rate for name, rate in rates.items()}
    over = library_rate("momentum", case.over_rate)
    over = over(step) if callable(over) else over
    functions, readout = updates_of(case, problem, given, over)
    functions[-1][1].update({step: step + 1})
    every = [*case.rates, ("momentum", case.over_rate)]
    variables = [*given.values(), over]
    symbols = [v for v, (_, r) in zip(variables, every, strict=True) if r.kind == "input"]
    options = {"mode": MODES[case.mode], "on_unused_input": "ignore"}
    compiled = [
        pytensor.function([*problem.inputs, *symbols], [], updates=updates, **options)
        for _, updates in functions
    ]
    read = pytensor.function([], readout, mode=MODES["few rewrites"])
    for call, batch in enumerate(problem.calls):
        numbers = []
        for variable, (_, rate) in zip(variables, every, strict=True):
            if rate.kind == "shared":
                variable.set_value(np.asarray(rate.values[call], variable.dtype))
            elif rate.kind == "input":
                numbers.append(rate.values[call])
        for function in compiled:
            function(*batch, *numbers)
        yield read()


def library_rate(name: str, rate: RateCase):
    """What the library is given for a rate; a schedule waits for its step."""
    match rate.kind:
        case "number":
            return rate.values[0]
        case "input":
            return pt.dscalar(name)
        case "shared":
            return pytensor.shared(np.asarray(rate.values[0]), name=name)
        case (schedule, *arguments):
            return lambda step: getattr(schedules, schedule)(step, *arguments)


def updates_of(case: TrainingCase, problem: Problem, rates, over):
    """``([(name, updates)], expressions of what to evaluate)``."""
    params, rate = problem.params, rates["learning_rate"]
    others = {name: rate for name, rate in rates.items() if name != "learning_rate"}
    rule = partial(getattr(library, case.rule), **others)
    loss = problem.loss(params)
    given: Any = loss
    if case.given != "loss":
        given = pytensor.grad(loss, params)
    if case.given == "bounded":
        given = library.total_norm_constraint(given, 0.5)
    if case.over in FORMS:
        given = problem.loss if case.over == "rebuild" else given
        found = FORMS[case.over](given, params, rate, over, rule=rule)
        if case.over == "stored":
            return [("", found)], library.odd_values(params, found)
        return [("", u) for u in (found if isinstance(found, tuple) else [found])], params
    updates = rule(given, params, rate)
    if case.over == "momentum":
        updates = library.apply_momentum(updates, params, over)
    elif case.over == "applied":
        updates = library.apply_nesterov_momentum(updates, params, over)
        return [("", updates)], library.odd_values(params, updates)
    if case.bound is not None:
        for param in params:
            if param.ndim == 2:
                updates[param] = library.norm_constraint(updates[param], case.bound)
    return [("", updates)], params


def trajectory(case: TrainingCase, problem: Problem, values):
    """The values to evaluate after each call, by the oracle."""
    rule, states = oracle.RULES[case.rule], [{} for _ in values]
    jumps = [0 * v for v in values]
    looks_ahead = case.over in FORMS or case.over == "applied"
    for call in range(case.calls):
        rates = {name: value_at(rate, call) for name, rate in case.rates}
        mu = value_at(case.over_rate, call) if case.over else 0.0
        at = [v + j for v, j in zip(values, jumps, strict=True)] if looks_ahead else values
        gradients = problem.gradients(at, call)
        if case.given == "bounded" and case.over != "rebuild":
            gradients = oracle.total_norm_constraint(gradients, 0.5)
        moved = [
            rule(s, v, g, call + 1, **rates) for s, v, g in zip(states, at, gradients, strict=True)
        ]
        if looks_ahead:
            jumps = [mu * (j + m - v) for j, m, v in zip(jumps, moved, at, strict=True)]
        elif case.over == "momentum":
            jumps = [mu * j + m - v for j, m, v in zip(jumps, moved, values, strict=True)]
            moved = [v + j for v, j in zip(values, jumps, strict=True)]
        if case.bound is not None and not looks_ahead:
            moved = [oracle.norm_constraint(m, case.bound) if m.ndim == 2 else m for m in moved]
        values = moved
        yield values


def value_at(rate: RateCase, call: int) -> float:
    """The rate's value in a call."""
    match rate.kind:
        case "number":
            return rate.values[0]
        case (schedule, *arguments):
            return oracle.SCHEDULES[schedule](call, *arguments)
    return rate.values[call]
