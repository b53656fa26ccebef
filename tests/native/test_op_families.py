"""The contract table: every family of ops, dtype and layout against the Python linker without a rewrite."""

from itertools import product

import numpy as np
import pytensor.tensor as pt
import pytest
from comparison import AS_BUILT, check
from families_of_algebra import ALGEBRA
from families_of_indices import INDICES
from families_of_products import PRODUCTS
from families_of_views import VIEWS
from layouts import Given

from symrnn.native import warm

FAMILIES = {**ALGEBRA, **VIEWS, **INDICES, **PRODUCTS}
CASES = [(name, dtype) for name, family in FAMILIES.items() for dtype in family.dtypes]
EXTRA = {  # what an input is that no letters name, and its value
    "index": (lambda: pt.lscalar("i"), lambda extents: np.array(1)),
    "indices": (lambda: pt.lvector("idx"), lambda extents: np.array([0, 2, -1, 2])),
    "mask": (lambda: pt.vector("mask", dtype="bool"), lambda extents: np.arange(extents["a"]) % 3 > 0),
}  # fmt: skip


@pytest.fixture(autouse=True)
def cold():
    """Programs are made here, not kept from another process."""
    with warm.turned_off():
        yield


def built(family, dtype):
    """Inputs, and outputs by a name that says in which layouts they are of what."""
    arrays = [Given(s, dtype, "xyz"[i]) for i, s in enumerate(family.shapes) if s not in EXTRA]
    extra = [EXTRA[s][0]() for s in family.shapes if s in EXTRA]
    outputs = {}
    for layouts in combinations([given.layouts for given in arrays], family.crossed):
        views = [given.views()[name] for given, name in zip(arrays, layouts, strict=True)]
        for name, out in family.build(*views, *extra).items():
            outputs[f"{name} of {'/'.join(layouts)}"] = out
    inputs = [v for given in arrays for v in given.variables.values()]
    return arrays, [*inputs, *extra], outputs


def combinations(layouts, crossed):
    """A layout for each input: all combinations, or as many as it takes for each layout to stand at each place."""
    if crossed:
        return list(product(*layouts))
    most = max(map(len, layouts))
    return [[names[(i + k) % len(names)] for k, names in enumerate(layouts)] for i in range(most)]


def values(family, arrays, extents, rng):
    given = [v for array in arrays for v in array.values(extents, rng)]
    return given + [EXTRA[s][1](extents) for s in family.shapes if s in EXTRA]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_family_is_what_the_python_linker_computes(name, dtype):
    family = FAMILIES[name]
    arrays, inputs, outputs = built(family, dtype)
    rng = np.random.default_rng(len(name))
    calls = [values(family, arrays, extents, rng) for extents in family.calls]
    mode = AS_BUILT if family.is_as_built else "NATIVE"
    check(inputs, outputs, calls, mode=mode, left_to_python=family.left)


def test_every_layout_stands_at_each_place():
    assert combinations([["p", "q", "r"], ["p", "q", "r"]], crossed=False) == [
        ["p", "q"],
        ["q", "r"],
        ["r", "p"],
    ]
    assert len(combinations([["p", "q"], ["p", "q"]], crossed=True)) == 4
