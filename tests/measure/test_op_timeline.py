"""One step by op."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symrnn.bench.trace import Span, nested
from symrnn.cells import RNNCell
from symrnn.measure.op_timeline import INNER_OP, OP, op_spans
from symrnn.unroll import scan_unroll


def compiled(outputs, inputs):
    return pytensor.function(inputs, outputs, mode="FAST_COMPILE")


def test_every_node_is_there_once_and_begins_where_the_one_before_it_ended():
    x = pt.matrix("x")
    function = compiled([pt.exp(x).sum(axis=0)], [x])
    spans = op_spans(
        [function, function], [[np.ones((2, 2))]] * 2, clock=iter([10.0, 20.0]).__next__
    )
    assert [name for _, name, _, _ in spans] == ["Elemwise{Exp}", "Sum{Add}"] * 2
    assert [begin for _, _, begin, _ in spans[::2]] == [10.0, 20.0]
    assert spans[1][2] == spans[0][2] + spans[0][3]
    assert all(seconds > 0 for *_, seconds in spans)


def test_ops_in_a_scan_lie_within_its_span():
    xs = pt.tensor("xs", shape=(6, 2, 3))
    function = compiled([scan_unroll(RNNCell.create(3, 4, rng=0), xs)], [xs])
    spans = op_spans([function], [[np.ones((6, 2, 3))]])
    [scan] = [span for span in spans if span[0] == OP and span[1].startswith("Scan")]
    inner = [span for span in spans if span[0] == INNER_OP]
    assert inner
    assert inner[0][2] == scan[2]
    assert sum(seconds for *_, seconds in inner) <= scan[3]
    assert len(nested(Span.of(*span) for span in spans)) == len(spans)


def test_timing_is_off_again_also_after_an_error():
    x = pt.matrix("x")
    function = compiled([x @ x], [x])
    with pytest.raises(ValueError, match="shape"):
        op_spans([function], [[np.ones((2, 3))]])
    assert not function.vm.time_thunks


@pytest.mark.slow
def test_function_of_numba_has_no_times_by_op():
    x = pt.vector("x")
    assert op_spans([pytensor.function([x], x + 1, mode="NUMBA")], [[np.ones(2)]]) == []
