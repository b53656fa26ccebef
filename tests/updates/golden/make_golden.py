"""Makes trajectories.json: update rules as PyTorch runs them, or as NumPy loops where it has none.

    python -m venv venv
    venv/bin/pip install torch==2.13.0 numpy
    venv/bin/python make_golden.py

Knows nothing of symrnn. The problem, in float64: ``loss = 0.5 * sum((tanh(x @ w + b) - y)**2)``.
Each trajectory holds ``[w, b]``, flattened, after the steps in `RECORDED`; once under constant
rates, and once under rates that change from call to call: the learning rate by `FACTORS`, the
momentum, where the rule has one, to `MOMENTA`.
"""

import json
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

torch.set_default_dtype(torch.float64)  # the scalars that its rules keep, too

RECORDED = (1, 2, 5, 20)
FACTORS = (1.0, 0.5, 2.0, 1.5)
MOMENTA = (0.9, 0.5, 0.0, 0.8, 0.95)

rng = np.random.default_rng(20)
X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
W, B = rng.normal(size=(2, 3)), np.zeros(3)


def loss_grads(w, b):
    out = np.tanh(X @ w + b)
    delta = (out - Y) * (1 - out**2)
    return [X.T @ delta, delta.sum(0)]


def recorded(states):
    """The states ``[w, b]`` after the recorded steps, flattened."""
    states = dict(enumerate(islice(states, max(RECORDED)), start=1))
    return {str(n): np.concatenate([p.ravel() for p in states[n]]).tolist() for n in RECORDED}


def torch_states(make, before_step, factors, read=lambda rule, p: p.detach()):
    w, b = (torch.tensor(p, requires_grad=True) for p in (W, B))
    x, y = torch.tensor(X), torch.tensor(Y)
    rule = make([w, b])
    rate = rule.param_groups[0]["lr"]
    for step, factor in enumerate(cycle(factors), start=1):
        rule.param_groups[0]["lr"] = rate * factor
        before_step(rule, step)
        rule.zero_grad()
        (0.5 * ((torch.tanh(x @ w + b) - y) ** 2).sum()).backward()
        rule.step()
        yield [read(rule, p).numpy().copy() for p in (w, b)]


def as_is(rule, step):
    pass


def uncorrected_epsilon(epsilon, beta2=0.999):
    """Adam's epsilon beside the uncorrected sqrt(v), as in its paper; PyTorch corrects first."""

    def before_step(rule, step):
        rule.param_groups[0]["eps"] = epsilon / (1 - beta2**step) ** 0.5

    return before_step


def momentum_states(rate, factors, momenta):
    params, velocities = [W, B], [0 * W, 0 * B]
    for factor, momentum in zip(cycle(factors), cycle(momenta)):
        grads = loss_grads(*params)
        velocities = [momentum * v - rate * factor * g for v, g in zip(velocities, grads)]
        params = [p + v for p, v in zip(params, velocities)]
        yield params


def nesterov_states(rate, factors, momenta, scaled=lambda grads: grads):
    """Odd values, as Sutskever et al. write it; a call's momentum makes the jump of the next."""
    params, velocities, momentum = [W, B], [0 * W, 0 * B], 0.0
    for factor, next_momentum in zip(cycle(factors), cycle(momenta)):
        grads = scaled(loss_grads(*(p + momentum * v for p, v in zip(params, velocities))))
        velocities = [momentum * v - rate * factor * g for v, g in zip(velocities, grads)]
        params = [p + v for p, v in zip(params, velocities)]
        momentum = next_momentum
        yield params


def rmsprop_scaled(rho, epsilon):
    """Gradients divided by the root of their running mean square, epsilon under the root."""
    means = [0 * W, 0 * B]

    def scaled(grads):
        means[:] = [rho * mean + (1 - rho) * g**2 for mean, g in zip(means, grads)]
        return [g / np.sqrt(mean + epsilon) for mean, g in zip(means, grads)]

    return scaled


def adamax_states(rate, factors, beta1, beta2, epsilon):
    """As in the paper, with epsilon added to the norm u."""
    params, ms, us = [W, B], [0 * W, 0 * B], [0 * W, 0 * B]
    for step, factor in enumerate(cycle(factors), start=1):
        grads = loss_grads(*params)
        ms = [beta1 * m + (1 - beta1) * g for m, g in zip(ms, grads)]
        us = [np.maximum(beta2 * u, abs(g)) for u, g in zip(us, grads)]
        size = rate * factor / (1 - beta1**step)
        params = [p - size * m / (u + epsilon) for p, m, u in zip(params, ms, us)]
        yield params


def torch_golden(text, make, before_step=as_is, changing=True, **read):
    golden = {"source": f"torch {torch.__version__.split('+')[0]}: {text}"}
    golden["constant"] = recorded(torch_states(make, before_step, (1.0,), **read))
    if changing:
        golden["changing"] = recorded(torch_states(make, before_step, FACTORS))
    return golden


def loop_golden(text, states):
    """`states` is a function of the learning rate's factors and the momenta (None: constant)."""
    return {
        "source": f"NumPy {np.__version__}: {text}",
        "constant": recorded(states((1.0,), None)),
        "changing": recorded(states(FACTORS, MOMENTA)),
    }


def schedule(make, steps, momentum=False):
    """Learning rates, and momenta, that a scheduler of PyTorch gives in its first steps."""
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5, momentum=0.9)
    scheduler, rates, momenta = make(rule), [], []
    for step in range(steps):
        rates.append(rule.param_groups[0]["lr"])
        momenta.append(rule.param_groups[0]["momentum"])
        rule.step()
        if step < steps - 1:
            scheduler.step()
    return {"learning_rate": rates} | ({"momentum": momenta} if momentum else {})


def clipped(max_norm):
    """The gradients of the problem, clipped together."""
    params = [torch.zeros(p.shape, dtype=torch.float64, requires_grad=True) for p in (W, B)]
    for param, grad in zip(params, loss_grads(W, B)):
        param.grad = torch.tensor(grad)
    norm = torch.nn.utils.clip_grad_norm_(params, max_norm)
    return {"norm": norm.item(), "grads": [param.grad.tolist() for param in params]}


o, s = torch.optim, torch.optim.lr_scheduler
SCHEDULES = {  # base rate 0.5
    "one_cycle": schedule(lambda r: s.OneCycleLR(r, 0.5, total_steps=20), 20, momentum=True),
    "cosine": schedule(lambda r: s.CosineAnnealingLR(r, T_max=10, eta_min=0.1), 11),
    "step_decay": schedule(lambda r: s.StepLR(r, step_size=3, gamma=0.5), 10),
    "warm_up": schedule(lambda r: s.LinearLR(r, start_factor=0.25, total_iters=5), 8),
}
CONSTRAINTS = {
    "renorm": torch.renorm(torch.tensor(W), p=2, dim=1, maxnorm=0.5).tolist(),
    "clip_grad_norm": clipped(0.5),
}
GOLDEN = {
    "sgd": torch_golden("SGD(lr=0.1)", lambda p: o.SGD(p, lr=0.1)),
    "momentum_torch": torch_golden(
        "SGD(lr=0.1, momentum=0.9)", lambda p: o.SGD(p, lr=0.1, momentum=0.9), changing=False
    ),
    "momentum": loop_golden("momentum_states", lambda f, m: momentum_states(0.1, f, m or (0.9,))),
    "nesterov_even_torch": torch_golden(
        "SGD(lr=0.1, momentum=0.9, nesterov=True)",
        lambda p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        changing=False,
    ),
    "nesterov_odd": loop_golden(
        "nesterov_states", lambda f, m: nesterov_states(0.1, f, m or (0.9,))
    ),
    # PyTorch's accumulator starts at epsilon, and stays that much larger: epsilon under the root
    "adagrad": torch_golden(
        "Adagrad(lr=0.5, initial_accumulator_value=0.01, eps=0)",
        lambda p: o.Adagrad(p, lr=0.5, initial_accumulator_value=0.01, eps=0),
    ),
    "rmsprop_no_epsilon": torch_golden(
        "RMSprop(lr=0.05, alpha=0.9, eps=0)", lambda p: o.RMSprop(p, lr=0.05, alpha=0.9, eps=0)
    ),
    "rmsprop": loop_golden(
        "nesterov_states without momentum, rmsprop_scaled(0.9, 0.01)",
        lambda f, m: nesterov_states(0.05, f, (0.0,), rmsprop_scaled(0.9, 0.01)),
    ),
    "rmsprop_nesterov": loop_golden(
        "nesterov_states, rmsprop_scaled(0.5, 0.01)",
        lambda f, m: nesterov_states(0.05, f, m or (0.8,), rmsprop_scaled(0.5, 0.01)),
    ),
    "adadelta": torch_golden(
        "Adadelta(lr=1, rho=0.95, eps=0.01)", lambda p: o.Adadelta(p, lr=1, rho=0.95, eps=0.01)
    ),
    "adam": torch_golden(
        "Adam(lr=0.1), eps=0.01 / sqrt(1 - beta2**step)",
        lambda p: o.Adam(p, lr=0.1),
        uncorrected_epsilon(0.01),
    ),
    "amsgrad": torch_golden(
        "Adam(lr=0.1, amsgrad=True), eps=0.01 / sqrt(1 - beta2**step)",
        lambda p: o.Adam(p, lr=0.1, amsgrad=True),
        uncorrected_epsilon(0.01),
    ),
    "adamw": torch_golden(
        "AdamW(lr=0.1, weight_decay=0.3), eps=0.01 / sqrt(1 - beta2**step)",
        lambda p: o.AdamW(p, lr=0.1, weight_decay=0.3),
        uncorrected_epsilon(0.01),
    ),
    "adam_l2": torch_golden(
        "Adam(lr=0.1, weight_decay=0.3), eps=0.01 / sqrt(1 - beta2**step)",
        lambda p: o.Adam(p, lr=0.1, weight_decay=0.3),
        uncorrected_epsilon(0.01),
    ),
    "adamax_no_epsilon": torch_golden(
        "Adamax(lr=0.1, eps=0)", lambda p: o.Adamax(p, lr=0.1, eps=0)
    ),
    "adamax": loop_golden("adamax_states", lambda f, m: adamax_states(0.1, f, 0.9, 0.999, 0.01)),
    "nadam": torch_golden(
        "NAdam(lr=0.1, eps=0.01, momentum_decay=0.1)",
        lambda p: o.NAdam(p, lr=0.1, eps=0.01, momentum_decay=0.1),
    ),
    # its rate follows a change a step late, so none is made
    "asgd_means": torch_golden(
        "ASGD(lr=0.1, lambd=0, t0=0), its averages ax",
        lambda p: o.ASGD(p, lr=0.1, lambd=0, t0=0),
        changing=False,
        read=lambda rule, p: rule.state[p]["ax"],
    ),
}


def one_line_each(tree, depth):
    """JSON with a line for each entry down to `depth`, so that a diff shows which numbers moved."""
    if depth == 0 or not isinstance(tree, dict):
        return json.dumps(tree)
    lines = (f"{json.dumps(key)}: {one_line_each(tree[key], depth - 1)}" for key in tree)
    return "{\n" + ",\n".join(lines) + "}"


if __name__ == "__main__":
    problem = {"x": X.tolist(), "y": Y.tolist(), "w": W.tolist(), "b": B.tolist()}
    tree = {
        "problem": problem,
        "factors": FACTORS,
        "momenta": MOMENTA,
        "schedules": SCHEDULES,
        "constraints": CONSTRAINTS,
        "trajectories": GOLDEN,
    }
    text = one_line_each(tree, 4)
    Path(__file__).with_name("trajectories.json").write_text(text + "\n")
