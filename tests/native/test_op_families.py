"""Every family of ops, dtype and layout against the Python linker without a rewrite; nothing falls back."""

from itertools import product

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from families import FAMILIES
from layouts import LAYOUTS, Given
from pytensor.compile.mode import Mode
from scans import SCANS, STEPS, Arguments

from symrnn.native import guarded, native_report
from symrnn.native.report import native_programs

PLAIN = Mode(linker="py", optimizer=None)
TOLERANCES = {"float32": 2e-5, "float64": 1e-10}
CASES = [(name, dtype) for name, family in FAMILIES.items() for dtype in family.dtypes]


def built(family, dtype):
    """Inputs, and outputs by a name that says in which layouts they are of what."""
    arrays = [Given(s, dtype, "xyz"[i]) for i, s in enumerate(family.shapes) if s not in NUMBERS]
    extra = [NUMBERS[s]() for s in family.shapes if s in NUMBERS]
    names = list(LAYOUTS)
    if family.crossed:
        pairs = list(product(names, repeat=len(arrays)))
    else:
        pairs = [
            [names[(i + k) % len(names)] for k in range(len(arrays))] for i in range(len(names))
        ]
    views, outputs = [given.views() for given in arrays], {}
    for layouts in pairs:
        given = [by_layout[layout] for by_layout, layout in zip(views, layouts, strict=True)]
        for name, out in family.build(*given, *extra).items():
            outputs[f"{name} of {'/'.join(layouts)}"] = out
    inputs = [v for given in arrays for v in given.variables.values()]
    return arrays, [*inputs, *extra], outputs


NUMBERS = {"index": lambda: pt.lscalar("i"), "indices": lambda: pt.lvector("idx")}
VALUES = {"index": np.array(1), "indices": np.array([0, 2, -1, 2])}


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_family_is_what_the_python_linker_computes(name, dtype):
    family = FAMILIES[name]
    arrays, inputs, outputs = built(family, dtype)
    rng = np.random.default_rng(len(name))
    calls = []
    for extents in family.calls:
        values = [v for given in arrays for v in given.values(extents, rng)]
        calls.append(values + [VALUES[s] for s in family.shapes if s in VALUES])
    check(inputs, outputs, calls)


SCAN_CASES = [(name, dtype) for name in SCANS for dtype in ("float32", "float64")]


@pytest.mark.parametrize(("name", "dtype"), SCAN_CASES)
def test_scan_is_what_the_python_linker_computes(name, dtype):
    rng = np.random.default_rng(len(name))
    given = {layout: Arguments(dtype, layout) for layout in LAYOUTS}
    outputs = {}
    for layout, arguments in given.items():
        for what, out in SCANS[name](*arguments.views, STEPS).items():
            outputs[f"{what} of {layout}"] = out
    inputs = [v for arguments in given.values() for v in arguments.variables]
    calls = [
        [v for arguments in given.values() for v in arguments.values(steps, rng)]
        + [np.array(steps)]
        for steps in (4, 5, 1, 0, 6)
    ]
    check([*inputs, STEPS], outputs, calls)


def check(inputs, outputs, calls):
    """Call in native mode, in memory as planned and in memory that is watched, and as the Python linker does."""
    variables = list(outputs.values())
    f = pytensor.function(inputs, variables, mode="NATIVE", on_unused_input="ignore")
    right = pytensor.function(inputs, variables, mode=PLAIN, on_unused_input="ignore")
    expected = [right(*call) for call in calls]
    for call, results in zip(calls, expected, strict=True):
        compare(outputs, f(*call), results)
    for program in native_programs(f.vm.jit_fn):
        program.memories.clear()
    with guarded.turned_on():
        for call, results in zip(calls, expected, strict=True):
            compare(outputs, f(*call), results)
    assert [(str(node), why) for node, why in native_report(f).fallbacks] == []


def compare(outputs, found, expected):
    """Raise with the name of every output that is not as it should be."""
    wrong = []
    for (name, var), a, b in zip(outputs.items(), found, expected, strict=True):
        tolerance = TOLERANCES.get(var.dtype, 0)
        if a.dtype != var.dtype or a.shape != b.shape:
            wrong.append(f"{name}: {a.dtype}{a.shape}, not {var.dtype}{b.shape}")
        elif not np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True):
            wrong.append(f"{name}: {a.ravel()[:8]}, not {b.ravel()[:8]}")
    assert not wrong, "; ".join(wrong[:8])
