"""Walks over one input, some written twice, and what `share_recurrences` makes of them."""

from dataclasses import dataclass

import numpy as np
import pytensor
from drawn_cells import InShort
from network_oracle import EPSILONS, allowance, differentiated, to_and_fro
from networks import MODES, NetworkCase, built, leaf, loss_of, upon

from symrnn.duplicates import share_recurrences

EPSILON = EPSILONS["float64"]


@dataclass(frozen=True, repr=False)
class SharedCase(InShort):
    """Networks of the same weights wherever their keys are the same, all upon one input and one mask.

    Attributes
    ----------
    networks
        One for each walk; sizes, dtype and seed are those of the first.
    mode
        That the gradients are compiled with.
    """

    networks: tuple[NetworkCase, ...]
    mode: str = "NATIVE"


def check(case: SharedCase) -> None:
    """Equal walks are one, and values and gradients are those of all walks apart."""
    first = case.networks[0]
    graph = built(first)
    inputs = graph.inputs if first.mask else [*graph.inputs[:1], None, *graph.inputs[1:]]
    values = {key: v for network in case.networks for key, v in network.values.items()}
    leaves = {key: leaf(first, key, v) for key, v in values.items()} | graph.leaves
    weights = {key: var * 0.5 if first.leaves == "halves" else var for key, var in leaves.items()}
    outputs, owners = [], []
    for i, network in enumerate(case.networks):
        own = {key: weights[key] for key in network.values}
        ys, exposed = upon(network, own, *inputs[:2])
        outputs += [ys, *exposed]
        owners += [i] * (1 + len(exposed))
    shared = share_recurrences(outputs)
    check_that_equal_are_one(case, owners, shared)
    wrt = {(-1, 0, "xs"): inputs[0]} | leaves  # in which xs is already, and comes first now
    gradients = gradients_of(case, owners, shared, list(wrt.values()))
    given = [leaves[key] for key in values] if first.leaves == "inputs" else []
    variables = [v for v in (inputs[0], inputs[1], *given) if v is not None]
    function = pytensor.function(
        variables, [*shared, *gradients], mode=MODES[case.mode], on_unused_input="ignore"
    )
    batch = first.batches()[0]
    found = function(*batch, *(values.values() if given else ()))
    names = [f"output of walk {i}" for i in owners] + [f"gradient by {key}" for key in wrt]
    expected, rounded = (expectation(case, batch, wrt, moved) for moved in (0.0, EPSILON))
    for name, value, wanted, other in zip(names, found, expected, rounded, strict=True):
        assert value.shape == wanted.shape, f"{name} is {value.shape}, not {wanted.shape}"
        allowed = allowance(1e-8, wanted, other)
        np.testing.assert_allclose(value, wanted, rtol=0, atol=allowed, err_msg=name)


def gradients_of(case: SharedCase, owners, shared, wrt):
    """The gradients of all walks together; of each walk apart, and added, where one is bounded.

    What reads one recurrence has one gradient there, and the bound is on that: it is no sum of bounded ones.
    """
    losses = [
        sum(loss_of([y]) for y, owner in zip(shared, owners, strict=True) if owner == i)
        for i in range(len(case.networks))
    ]
    factors = range(1, 1 + len(losses))
    if not any(network.layers[0].options.grad_clipping for network in case.networks):
        losses, factors = [sum(f * loss for f, loss in zip(factors, losses, strict=True))], [1]
    options = {"disconnected_inputs": "ignore", "return_disconnected": "zero"}
    apart = [pytensor.grad(loss, wrt, **options) for loss in losses]
    return [sum(f * g for f, g in zip(factors, each, strict=True)) for each in zip(*apart)]


def check_that_equal_are_one(case: SharedCase, owners, shared) -> None:
    """Walks that were asked for in the same words are computed once."""
    for i, network in enumerate(case.networks):
        again = case.networks.index(network)
        if again != i:
            one, other = (
                [y for y, owner in zip(shared, owners, strict=True) if owner == k]
                for k in (again, i)
            )
            assert all(a is b for a, b in zip(one, other, strict=True)), f"walk {i} is not {again}"


def expectation(case: SharedCase, batch, wrt, moved: float = 0.0):
    """Outputs of all walks, and the sums of their gradients, in NumPy; all values `moved` by that part of each."""
    xs, *mask = (a.astype("float64") for a in batch)
    outputs, total = [], {}
    for i, network in enumerate(case.networks):
        values = to_and_fro({(-1, 0, "xs"): xs} | network.values, moved, case.networks[0].seed)
        found, gradients = differentiated(network, values, mask[0] if mask else None)
        outputs += found
        for key, gradient in gradients.items():
            half = 0.5 if network.leaves == "halves" and key[0] >= 0 else 1
            total[key] = total.get(key, 0) + (i + 1) * half * gradient
    return [*outputs, *(total[key] for key in wrt)]
