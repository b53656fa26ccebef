"""Budgets by mark, by block and in code: what holds, what fails with which message, and what it costs nothing."""

import re
import time

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from in_pytester import PLUGINS, failure

import symrnn.native  # noqa: F401 - makes mode="NATIVE" known
from symrnn.cells import LSTMCell
from symrnn.errors import UserError
from symrnn.guard.block_budget import amount
from symrnn.guard.budget import assert_graph_budget, check_limits, graph_budget
from symrnn.unroll import stack

pytest_plugins = ("pytester",)


def test_budget_holds_for_every_function_of_the_test(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=2, scans=0)
def test_small():
    compiled(x + x), compiled(x * x + x)
"""
    )
    result.assert_outcomes(passed=1)


NO_LIMITS = {"nodes": "5", "scans": None, "total_nodes": True, "by_op": {"Add": "1"}}


@pytest.mark.parametrize("name", NO_LIMITS)
def test_limits_that_are_no_numbers_are_refused_before_anything_is_compiled(name):
    with pytest.raises(UserError, match=rf"{name}.* must be a number, but is"):
        check_limits({name: NO_LIMITS[name]})
    check_limits({"nodes": np.int64(5), "by_op": {"Add": np.int64(1)}})


def test_budget_that_is_overrun_names_count_ops_lines_and_the_new_size(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=2, scans=0)
def test_large():
    compiled(x + x)
    y = pt.exp(x) + pt.exp(x)
    compiled(y * y)
"""
    )
    assert (
        failure(result)
        == """\
function 2 of 2: nodes is 4, over its budget of 2 by 2
  most frequent ops: Elemwise{Exp} 2, Elemwise{Mul} 1, Elemwise{Add} 1
  3 of them from test_it.py:10
  1 of them from test_it.py:11
to accept the new size: graph_budget(nodes=4, scans=0)"""
    )


def test_budget_of_ops_and_bodies(run):
    result = run(
        """
@pytest.mark.graph_budget(scans=1, components=1, inner_nodes=0, by_op={"Scan": 0})
def test_scan():
    compiled(pytensor.scan(lambda x, s: s + x, x, pt.zeros((), dtype=x.dtype), return_updates=False))
"""
    )
    text = failure(result)
    assert text.startswith(
        "inner_nodes is 1, over its budget of 0 by 1 and Scan is 1, over its budget of 0 by 1\n"
    )
    assert text.endswith(
        "to accept the new size:"
        " graph_budget(scans=1, components=1, inner_nodes=1, by_op={'Scan': 1})"
    )


def test_a_budget_of_scans_names_the_scans_and_their_lines(run):
    result = run(
        """
@pytest.mark.graph_budget(scans=0)
def test_scan():
    compiled(pytensor.scan(lambda x, s: s + x, x, pt.zeros((), dtype=x.dtype), return_updates=False))
"""
    )
    lines = failure(result).splitlines()
    assert lines[0] == "scans is 1, over its budget of 0 by 1"
    assert lines[1] == "  a scan of 1 nodes from test_it.py:9"


def test_a_budget_of_the_whole_test_counts_functions_and_memory(run):
    result = run(
        """
@pytest.mark.graph_budget(functions=2, nodes=3, memory="4 GB", compile_events=0)
def test_within():
    compiled(x + x), compiled(x * x)

@pytest.mark.graph_budget(functions=1)
def test_over():
    compiled(x + x), compiled(x * x)
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert failure(result) == "functions is 2, over its budget of 1 by 1"


def test_what_a_block_may_compile_is_no_limit_to_one_graph():
    with pytest.raises(UserError, match="has no count 'functions'"):
        assert_graph_budget(pt.exp(pt.vector("x")), functions=1)
    for limit in ("much", "1.2.3 MB", "1 kiB", ". MB"):
        with pytest.raises(
            UserError, match=r'in B, KB, MB, GB, but is .*; give memory="200 MB", say'
        ):
            check_limits({"memory": limit})
    with pytest.raises(
        UserError, match="functions must be a number, but is 'one'; give functions=1"
    ):
        check_limits({"functions": "one"})


def test_memory_is_said_in_any_unit():
    for limit in ("1500000", "1500 kB", "1500KB", "1.5 MB", " .0015 GB "):
        number = int(limit) if limit.isdigit() else limit
        assert amount("memory", number) == pytest.approx(1.5e6)


def test_memory_over_its_budget_fails():
    large = []

    def compiled():
        pytensor.function([], pt.constant(1.0), mode="FAST_COMPILE")
        large.append(bytearray(b"x" * 50_000_000))

    over = pytest.raises(AssertionError, match=r"memory is [\d.]+ MB, over its budget of 1.0 MB")
    with over, graph_budget(memory="1 MB"):
        compiled()


@pytest.mark.slow
def test_compilations_over_their_budget_name_their_lines():
    x = pt.vector("x")
    uncached = pytensor.config.change_flags(numba__cache=False)
    with uncached, pytest.raises(AssertionError) as told, graph_budget(compile_events=1):
        pytensor.function([x], pt.exp(x).sum() + 0.123, mode="NUMBA")([1.0])
    sentence, *lines = str(told.value).splitlines()
    assert re.match(r"compile_events is \d+, over its budget of 1 by \d+", sentence)
    assert any("test_budget_marks.py" in line for line in lines)


def test_modules_of_native_mode_are_compilations():
    x = pt.vector("x")
    over = pytest.raises(AssertionError, match="compile_events is 1, over its budget of 0 by 1")
    with over, graph_budget(compile_events=0):
        pytensor.function([x], pt.exp(x) + time.time(), mode="NATIVE")([1.0])  # in no cache


def test_a_scan_is_put_down_to_the_users_line_however_deep_the_library_that_built_it():
    xs = pt.tensor3("xs", shape=(None, None, 3))

    def built(depth):
        return built(depth - 1) if depth else stack([LSTMCell.create(3, 2, rng=0)], xs)

    with pytest.raises(AssertionError) as told, graph_budget(scans=0):
        pytensor.function([xs], built(20), mode="FAST_COMPILE")  # more frames than PyTensor keeps
    scan = str(told.value).splitlines()[1]
    assert re.fullmatch(r"  a scan of \d+ nodes from tests/guard/test_budget_marks.py:\d+", scan)


def test_budget_with_a_wrong_name_suggests_the_nearest(run):
    result = run(
        """
@pytest.mark.graph_budget(scan=1)
def test_wrong():
    compiled(x + 1)
"""
    )
    assert failure(result) == "graph_budget has no count 'scan'; did you mean 'scans'?"


def test_budget_of_single_ops_names_them():
    with pytest.raises(
        UserError, match=r"by_op must map ops to their limits, but is 2; give by_op="
    ):
        assert_graph_budget(pt.exp(pt.vector("x")), by_op=2)


def test_budget_of_a_test_that_compiles_nothing_fails(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=1)
def test_nothing():
    pass
"""
    )
    assert failure(result) == (
        "graph_budget(nodes=1) limits functions that are compiled, but none was;"
        " compile one inside, or drop the budget"
    )


def test_failing_test_keeps_its_own_failure(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=1)
def test_wrong():
    compiled(x + x + x)
    assert 1 == 2
"""
    )
    assert "assert 1 == 2" in failure(result)
    assert "over its budget" not in result.stdout.str()


def test_budget_of_a_class_holds_for_its_tests_and_the_nearest_wins(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=1)
class TestLayer:
    @pytest.mark.parametrize("times", [1, 2])
    def test_sum(self, times):
        compiled(pt.add(*[x] * (times + 1)) if times == 1 else x + x + x)

    @pytest.mark.graph_budget(nodes=2)
    def test_more(self):
        compiled(x + x + x)
"""
    )
    result.assert_outcomes(passed=2, failed=1)
    assert "FAILED test_it.py::TestLayer::test_sum[2]" in result.stdout.str()


def test_budget_in_code_needs_no_pytest():
    x = pt.vector("x")
    assert_graph_budget([x + 1], total_nodes=2)
    with pytest.raises(AssertionError, match="nodes is 2, over its budget of 0 by 2"):
        assert_graph_budget(x + 1, nodes=0)


@pytest.mark.slow
def test_suite_without_marks_imports_nothing_and_wraps_nothing(pytester):
    pytester.makepyfile(
        """
import sys

def test_nothing(request):
    assert not {"pytensor", "numpy"} & set(sys.modules)
    assert request.config.pluginmanager.get_plugin("symrnn-graph-guard") is None
"""
    )
    pytester.runpytest_subprocess(*PLUGINS).assert_outcomes(passed=1)
