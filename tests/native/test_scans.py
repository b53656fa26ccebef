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
