"""Walks by `pytensor.scan`, and what holds of every two of them: sharing changes no value and no gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from helpers import AS_WRITTEN

from symrnn.duplicates.components import scan_nodes
from symrnn.duplicates.share import share_recurrences

XS, W = pt.tensor("xs", shape=(None, 2), dtype="float64"), pt.dmatrix("w")
VALUES = np.random.default_rng(0).normal(size=(4, 2)), np.random.default_rng(1).normal(size=(2, 2))
OLD = pytensor.__version__.startswith("3.0")  # bodies are not frozen, their nodes not interned


def tanh(x, h, w):
    return pt.tanh(x + h @ w)


def run(step=tanh, *, xs=XS, w=W, start=0.5, **options):
    """One walk; `step` is given the sequence's element, the state and the weight."""
    start = pt.full((2,), start, dtype="float64")
    hs = pytensor.scan(step, xs, start, w, return_updates=False, **options)
    return hs[-1] if isinstance(hs, list) else hs


def viewed(view):
    """A walk through whose step's sum the gradient goes by a view."""
    return run(lambda x, h, w: pt.tanh(view(x + h @ w)))


GENERATORS = {
    seed: pytensor.shared(np.random.default_rng(seed), name=f"rng{seed}") for seed in (0, 1)
}


def values_and_gradients(outputs, *, of_values=False):
    """Of each output its value and its gradients, by one function for all."""
    wanted = [
        [output]
        if of_values
        else [output, *pytensor.grad(pt.sin(output).sum(), [XS, W], **NOT_ALL_READ)]
        for output in outputs
    ]
    flat = pytensor.function([XS, W], sum(wanted, []), mode=AS_WRITTEN, on_unused_input="ignore")
    values = iter(flat(*VALUES))
    return [[next(values) for _ in each] for each in wanted]


NOT_ALL_READ = {"disconnected_inputs": "ignore", "return_disconnected": "zero"}


def check(one, other, is_equal, *, of_values=False):
    """Two walks, in either order, become one if they are equal, and neither's values nor gradients change."""
    outputs, found = [one(), other()], []
    for order in (outputs, outputs[::-1]):
        shared = share_recurrences(order)
        assert (shared[0] is shared[1]) == is_equal
        if is_equal:
            assert len(scan_nodes(shared)) == len(scan_nodes(order[:1]))
        found += shared
    first, second, *values = values_and_gradients([*outputs, *found], of_values=of_values)
    for got, wanted in zip(values, (first, second, second, first), strict=True):
        for value, right in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(value, right)
