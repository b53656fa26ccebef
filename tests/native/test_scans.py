"""The contract table's scans: every kind of state, dtype and layout against the Python linker without a rewrite."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from comparison import check
from contract import share
from family import FLOATS
from layouts import LAYOUTS
from scans import SCANS, STEPS, Arguments

pytestmark = pytest.mark.usefixtures("cold")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SCANS)
def test_scan_is_what_the_python_linker_computes(name, dtype):
    kind, rng = SCANS[name], np.random.default_rng(len(name))
    given = {layout: Arguments(dtype, layout) for layout in share(FLOATS, dtype, [*LAYOUTS])}
    outputs, unshaped = {}, set()
    for layout, arguments in given.items():
        for what, out in kind.build(*arguments.views, STEPS).items():
            outputs[f"{what} of {layout}"] = out
            if what in kind.traces:
                unshaped.add(f"{what} of {layout}")
    inputs = [v for arguments in given.values() for v in arguments.variables]
    calls = [
        [v for arguments in given.values() for v in arguments.values(steps, rng)]
        + [np.array(steps)]
        for steps in kind.steps
    ]
    check([*inputs, STEPS], outputs, calls, left_to_python=kind.left, unshaped=unshaped)


@pytest.mark.parametrize("name", ["gradient", "gradient of taps"])
def test_gradient_of_no_steps_is_zero(name):
    given = Arguments("float64", "c")
    f = pytensor.function(
        given.variables,
        list(SCANS[name].build(*given.views, STEPS).values()),
        mode="NATIVE",
        on_unused_input="ignore",
    )
    values = given.values(0, np.random.default_rng(0))
    for slope in f(*values):
        np.testing.assert_array_equal(slope, np.zeros(slope.shape))
    assert f(*values)[0].shape == (0, 3)


def test_loop_that_a_condition_ends_before_the_first_step_is_empty():
    xs = pt.vector("xs")
    trace = pytensor.scan(lambda x: x * 2, sequences=xs, return_updates=False)
    f = pytensor.function([xs], [trace, trace.sum()], mode="NATIVE")
    trace, total = f(np.zeros(0))
    assert trace.shape == (0,)
    assert total == 0


@pytest.mark.parametrize("taps", [(-1,), (-2, -1)], ids=str)
def test_slices_of_a_trace_that_end_where_they_begin_are_empty(taps):
    """PyTensor's rewrites for compiled modes make all of the trace of some (docs/upstream)."""
    xs = pt.tensor("xs", shape=(3, 2))
    start = {"initial": pt.zeros((2, 2)[-len(taps) :]), "taps": list(taps)}
    hs = pytensor.scan(lambda x, *h: x + sum(h), xs, start, return_updates=False)
    for a in range(-3, 5):
        outputs = [hs[a:a], hs[a:a, :1], hs[:, a:a], hs[1:][a:a]]
        for part in (outputs, outputs[:1], outputs[3:]):
            found = pytensor.function([xs], part, mode="NATIVE")(np.ones((3, 2)))
            shapes = {(0, 2), (0, 1), (3, 0)} if part is outputs else {(0, 2)}
            assert {value.shape for value in found} == shapes
