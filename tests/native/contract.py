"""The contract table of op families: their graphs in all layouts, and values to call them with.

A dtype is tried in its share of the combinations of layouts, so that a family's dtypes together go through all of them;
with ``SYMRNN_ALL_LAYOUTS=1`` in the environment each dtype goes through all.
"""

import os
from itertools import product

import numpy as np
import pytensor.tensor as pt
from families_of_algebra import ALGEBRA
from families_of_indices import INDICES
from families_of_products import PRODUCTS
from families_of_views import VIEWS
from layouts import Given

FAMILIES = {**ALGEBRA, **VIEWS, **INDICES, **PRODUCTS}
EXTRA = {  # what an input is that no letters name, and its value
    "index": (lambda: pt.lscalar("i"), lambda extents: np.array(1)),
    "indices": (lambda: pt.lvector("idx"), lambda extents: np.array([0, 2, -1, 2])),
    "mask": (lambda: pt.vector("mask", dtype="bool"), lambda extents: np.arange(extents["a"]) % 3 > 0),
}  # fmt: skip


def built(family, dtype, only=None):
    """Inputs, and outputs by a name that says in which layouts they are of what; in all, or in `only` those."""
    arrays = [Given(s, dtype, "xyz"[i]) for i, s in enumerate(family.shapes) if s not in EXTRA]
    extra = [EXTRA[s][0]() for s in family.shapes if s in EXTRA]
    outputs = {}
    chosen = (
        [only[: len(arrays)]]
        if only
        else share(family.dtypes, dtype, combinations([g.layouts for g in arrays], family.crossed))
    )
    for layouts in chosen:
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


def share(dtypes, dtype, every):
    """The combinations of layouts that a dtype is tried in: one after the other goes around, two at least."""
    if os.environ.get("SYMRNN_ALL_LAYOUTS"):
        return every
    length = min(len(every), max(2, -(-len(every) // len(dtypes))))
    first = dtypes.index(dtype) * length
    return [every[(first + i) % len(every)] for i in range(length)]


def values(family, arrays, extents, rng):
    given = [v for array in arrays for v in array.values(extents, rng)]
    return given + [EXTRA[s][1](extents) for s in family.shapes if s in EXTRA]
