"""What can't leave is refused in one sentence, with the op's name and the line that made it."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode
from pytensor.scan.utils import until
from pytensor.tensor.random.utils import RandomStream

from symrnn.errors import UserError
from symrnn.export import export_python, matched

X = pt.matrix("x")


def while_scan():
    def step(h):
        return h + 1, until(h.sum() > 9)

    return pytensor.scan(step, outputs_info=[X], n_steps=9, return_updates=False)


REFUSED = {  # what builds it: what the message says of the op
    "an op without a row": (lambda: pt.linalg.svd(X, compute_uv=False), "SVD"),
    "random numbers": (lambda: RandomStream(0).normal(size=(2,)), "Normal"),
    "indices by a mask": (lambda: X[X[:, 0] > 0], "AdvancedSubtensor|Nonzero"),
    "a scan that stops by itself": (while_scan, "Scan"),
    "an inner scalar op": (lambda: pt.gammaln(X), "GammaLn"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", REFUSED)
def test_an_op_that_cannot_leave_is_named_with_its_line(name):
    build, op = REFUSED[name]
    with pytest.raises(UserError, match=rf"but the op .*({op}).* of .*test_refusals\.py:\d+ can't"):
        matched([X], [build()])


def test_an_input_that_was_forgotten_is_named():
    y = pt.vector("forgotten")
    with pytest.raises(UserError, match=r"inputs must hold every variable .* but forgotten"):
        matched([X], [X + y])


def test_outputs_are_asked_for():
    with pytest.raises(UserError, match="outputs must be given"):
        matched([X])


def test_names_are_one_an_output():
    with pytest.raises(UserError, match="names must be one an output, 1, but are 2"):
        export_python([X], [X + 1], names=["a", "b"])


def test_values_of_shared_variables_are_kept_as_they_are_when_it_is_written():
    w = pytensor.shared(np.ones(2), name="w")
    _, weights = export_python([X], [X + w])
    w.set_value(np.zeros(2))
    np.testing.assert_array_equal(weights["w"], [1, 1])


def test_a_scan_that_rewriting_shortened_is_refused_with_the_way_out():
    last = pytensor.scan(lambda x, h: h + x, X, [X[0] * 0], return_updates=False)[-1]
    function = pytensor.function([X], last, mode=Mode("py", "fast_run"))
    with pytest.raises(UserError, match="give the variables that the function was built from"):
        matched(function)
    assert matched([X], [last]).nodes()
