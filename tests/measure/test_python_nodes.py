"""What native mode leaves to Python: which nodes, from which lines, how often and at what cost."""

import inspect

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symrnn.native  # noqa: F401
from symrnn.measure.function_spec import FunctionSpec
from symrnn.measure.ledger import Ledger
from symrnn.measure.profile import Profile
from symrnn.measure.python_nodes import lines_by_op, only, python_nodes
from symrnn.measure.report_tables import report_tables
from symrnn.measure.source_lines import NOWHERE, full_traces
from symrnn.measure.stages import linked, rewritten
from symrnn.native.left_to_python import left_to_python
from symrnn.native.python_node import PythonNode

X = np.array([3.0, 0.0, 2.0])


def sorted_often(x):
    return pytensor.scan(
        lambda h: pt.sort(h)[::-1], outputs_info=x, n_steps=4, return_updates=False
    )[-1]


def outputs_and_lines():
    """Two nodes that Python runs, one of them in each of 4 steps, and where they are made."""
    with full_traces():
        x = pt.vector("x")
        found, here = pt.nonzero(x)[0], inspect.currentframe().f_lineno
        spec = FunctionSpec([x], [found, sorted_often(x)])
    _, first = inspect.getsourcelines(sorted_often)
    # the body's own line, or on PyTensor 3.3 that of the scan
    return spec, {"Nonzero": {here}, "SortOp": {first + 1, first + 2}}


def profiled(mode):
    spec, lines = outputs_and_lines()
    function = linked(rewritten(spec, mode))
    profile = Profile(begin=0.0)
    profile.look([spec], [function])
    profile.look_back([function], [[X]])
    return profile, lines


def test_nodes_are_found_with_line_and_count():
    profile, lines = profiled("NATIVE")
    nodes = {node.op.partition("{")[0]: node for node in profile.python_nodes}
    assert {name: node.times for name, node in nodes.items()} == {"Nonzero": 1, "SortOp": 4}
    for name, node in nodes.items():
        assert node.path == __file__
        assert node.line in lines[name]
        assert "no rule" in node.reason
        assert node.step_s == pytest.approx(node.times * node.call_s)


def test_an_op_at_two_lines_has_none_rather_than_a_wrong_one():
    x = pt.vector("x")
    with full_traces():
        many = [pytensor.scan(pt.sort, x[None], return_updates=False)]
        many += [pytensor.scan(pt.sort, x[:, None], return_updates=False)]
    (places,) = [p for op, p in lines_by_op(many).items() if "Sort" in type(op).__name__]
    assert len(places) == 2
    assert only(places) == NOWHERE
    place = places.pop()
    assert only(places | set()) == next(iter(places)) != place


def test_the_table_lists_the_dearest_first_and_sums():
    record = {"python_nodes": [NODE | {"op": "Dear", "step_s": 2e-3}, NODE | {"step_s": 1e-3}]}
    (table,) = report_tables(record)
    assert table.title == "Left to Python by native mode"
    assert [row[:2] for row in table.rows] == [("Dear", "model.py:7"), ("Sort", "model.py:7")]
    assert table.note == "nodes left to Python: 2, 3000.0 us of a step"


NODE = {
    "op": "Sort", "path": "/a/model.py", "line": 7, "reason": "no rule", "times": 2.0,
    "step_s": 1e-3, "call_s": 5e-4,
}  # fmt: skip


def test_all_native_is_said_and_other_modes_say_nothing():
    x = pt.vector("x")
    for mode, expected in (("NATIVE", []), ("FAST_COMPILE", None)):
        function = pytensor.function([x], pt.exp(x), mode=mode)
        assert python_nodes([function], [[X]]) == expected
    (table,) = report_tables({"python_nodes": []})
    assert table.rows == [("none", "", "0", "", "0", "every node is native code")]
    assert report_tables({}) == []


def test_a_record_holds_them_as_json_values():
    profile, _ = profiled("NATIVE")

    class Nothing:
        spans, compilations, ledger = (), (), Ledger()

    values = profile.to_dict(Nothing, Nothing)
    assert {node["times"] for node in values["python_nodes"]} == {1, 4}
    profile, _ = profiled("FAST_COMPILE")
    assert "python_nodes" not in profile.to_dict(Nothing, Nothing)


def test_seconds_of_nodes_within_a_node_are_theirs(monkeypatch):
    """Python counts the steps of a scan, in each a sort and a nonzero; the clock ticks once at each reading."""
    ticks = iter(range(10**6))
    monkeypatch.setattr("symrnn.native.left_to_python.perf_counter", lambda: next(ticks))
    x = pt.vector("x")
    sums = pytensor.scan(
        lambda v: pt.nonzero(pt.sort(v))[0].sum(), sequences=x[:, None], return_updates=False
    )
    f = pytensor.function([x], sums, mode="NATIVE")
    before = PythonNode.__call__
    spent = left_to_python(f, X, calls=3)
    assert PythonNode.__call__ is before
    names = [type(each.node.op).__name__ for each in spent]
    # 12 readings within the scan's two are 13 ticks, 6 of them between two readings of a node's
    assert dict(zip(names, [(each.times, each.seconds) for each in spent], strict=True)) == {
        "Steps": (1, 13 - 6), "SortOp": (3, 3), "Nonzero": (3, 3),
    }  # fmt: skip
    assert spent[1].reason == "it is in a body whose steps Python counts"


def test_another_mode_is_refused():
    x = pt.vector("x")
    with pytest.raises(TypeError, match="must be compiled in mode NATIVE"):
        left_to_python(pytensor.function([x], x + 1, mode="FAST_COMPILE"), X)
