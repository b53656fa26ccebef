"""The contract table: every family of ops, dtype and layout against the Python linker without a rewrite."""

import numpy as np
import pytest
from comparison import AS_BUILT, check
from contract import FAMILIES, built, combinations, share, values

pytestmark = pytest.mark.usefixtures("cold")

CASES = [(name, dtype) for name, family in FAMILIES.items() for dtype in family.dtypes]


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_family_is_what_the_python_linker_computes(name, dtype):
    family = FAMILIES[name]
    arrays, inputs, outputs = built(family, dtype)
    rng = np.random.default_rng(len(name))
    calls = [values(family, arrays, extents, rng) for extents in family.calls]
    mode = AS_BUILT if family.is_as_built else "NATIVE"
    check(inputs, outputs, calls, mode=mode, left_to_python=family.left)


@pytest.mark.parametrize("count", [1, 5, 25])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_dtypes_of_a_family_go_through_all_combinations_of_layouts(name, count):
    family, every = FAMILIES[name], list(range(count))
    met = [share(family.dtypes, dtype, every) for dtype in family.dtypes]
    assert set(sum(met, [])) == set(every)
    assert all(len(part) == len(set(part)) >= min(2, count) for part in met)


def test_every_layout_stands_at_each_place():
    assert combinations([["p", "q", "r"], ["p", "q", "r"]], crossed=False) == [
        ["p", "q"],
        ["q", "r"],
        ["r", "p"],
    ]
    assert len(combinations([["p", "q"], ["p", "q"]], crossed=True)) == 4
