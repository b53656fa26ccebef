"""The plugin, run by pytester: what holds, what fails with which message, and what it costs nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytensor
import pytensor.sparse  # pytester forgets what its tests import, and this cannot be imported twice
import pytensor.tensor as pt
import pytest

import symrnn.guard.snapshot
from symrnn.errors import UserError
from symrnn.guard.budget import assert_graph_budget, check_limits, graph_budget

pytest_plugins = ("pytester",)

PLUGINS = ("-p", "symrnn.guard.pytest_plugin", "-p", "no:hypothesispytest", "-p", "no:doctest")

HEAD = """
import pytensor, pytensor.tensor as pt, pytest
x = pt.vector("x")
MODE = pytensor.compile.mode.Mode(linker="py", optimizer=None)
def compiled(y):
    return pytensor.function([x], y, mode=MODE)
"""


@pytest.fixture(autouse=True)
def importable_by_subprocesses(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(symrnn.__file__).parents[1]))


@pytest.fixture
def run(pytester):
    """Writes a test module and runs it: ``run(source, *options) -> result``."""

    def run(source=None, *options, process=False):
        if source is not None:
            pytester.makepyfile(test_it=HEAD + source)
        run = pytester.runpytest_subprocess if process else pytester.runpytest_inprocess
        options = (*PLUGINS, "-p", "no:cacheprovider", "-q", *options)
        return run(*options)

    return run


def failure(result):
    """The lines of the one failure, without pytest's own."""
    lines = [line for line in result.outlines if line.strip()]
    begin = next(i for i, line in enumerate(lines) if line.startswith("____")) + 1
    end = next(i for i, line in enumerate(lines) if "short test summary" in line)
    return "\n".join(lines[begin:end])


def snapshots(pytester):
    return (pytester.path / "test_it.graphs.txt").read_text()


# budgets


def test_budget_holds_for_every_function_of_the_test(run):
    result = run(
        """
@pytest.mark.graph_budget(nodes=2, scans=0)
def test_small():
    compiled(x + x), compiled(x * x + x)
"""
    )
    result.assert_outcomes(passed=1)


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
    with pytest.raises(UserError, match='must be a number, or a text such as "200 MB", but is'):
        check_limits({"memory": "much"})


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
    assert any("test_pytest_plugin.py" in line for line in lines)


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


# snapshots

ONE = """
def test_size(graph_snapshot):
    graph_snapshot.check(compiled(pt.exp(x) + x), name="sum")
"""
LARGER = ONE.replace("+ x", "+ pt.exp(x)")


def test_snapshot_that_is_missing_fails_with_the_command_that_adds_it(run):
    result = run(ONE)
    assert failure(result).startswith("no snapshot of sum for pytensor ")
    assert failure(result).endswith("; to add it: pytest test_it.py::test_size --graph-update")


def test_snapshot_is_written_by_the_update_and_holds_then(run, pytester):
    run(ONE, "--graph-update").assert_outcomes(passed=1)
    assert (
        snapshots(pytester)
        == f"""\
== test_size / sum | pytensor {pytensor.__version__} | mode PerformLinker without rewrites
nodes 2
inner_nodes 0
total_nodes 2
scalar_nodes 0
scans 0
components 0
widest_scan 0
ops
  Elemwise{{Add}} 1
  Elemwise{{Exp}} 1
"""
    )
    run().assert_outcomes(passed=2)


def test_snapshot_that_changed_says_what_grew_and_how_to_accept_it(run):
    run(ONE, "--graph-update")
    result = run(LARGER)
    assert (
        failure(result)
        == """\
sum of test_size: nodes grew from 2 to 3, total_nodes grew from 2 to 3
  ops that were added: Elemwise{Exp} 1
  2 of them from test_it.py:8
to accept: pytest test_it.py::test_size --graph-update"""
    )
    run(LARGER, "--graph-update").assert_outcomes(passed=2)
    run(ONE.replace("pt.exp(x) + x", "x + x"), "--graph-update")
    assert "nodes grew from 1 to 2" in failure(run(ONE))


def test_snapshot_of_another_version_is_a_skip_with_the_command(run, pytester):
    run(ONE, "--graph-update")
    path = pytester.path / "test_it.graphs.txt"
    path.write_text(
        path.read_text().replace("| pytensor ", "| pytensor 1.").replace("nodes 2", "nodes 7")
    )
    result = run(None, "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    assert "to add it: pytest test_it.py::test_size --graph-update" in result.stdout.str()
    run(None, "--graph-update")
    assert snapshots(pytester).count("== test_size / sum") == 2
    run().assert_outcomes(passed=2)


def test_unused_snapshot_of_a_test_fails_and_the_update_deletes_it(run, pytester):
    two = ONE + '    graph_snapshot.check(compiled(x + x), name="more")\n'
    run(two, "--graph-update").assert_outcomes(passed=1)
    assert failure(run(ONE)) == (
        "test_it.graphs.txt has a snapshot of more that test_size does not check;"
        " to delete it: pytest test_it.py::test_size --graph-update"
    )
    run(None, "--graph-update")
    assert "more" not in snapshots(pytester)


def test_snapshots_of_a_test_that_is_gone_fail_and_the_update_deletes_them(run, pytester):
    run(ONE, "--graph-update")
    gone = "def test_other():\n    pass\n"
    assert failure(run(gone)) == (
        "test_it.graphs.txt has snapshots of tests that are gone: test_size;"
        " to delete them: pytest test_it.py --graph-update"
    )
    run(gone, "-k", "other").assert_outcomes(passed=1)
    run(gone, "--graph-update")
    assert not (pytester.path / "test_it.graphs.txt").exists()


def test_snapshots_of_parametrised_and_class_tests_have_names_of_their_own(run, pytester):
    source = """
class TestSizes:
    @pytest.mark.parametrize("n", [1, 2])
    def test_sum(self, n, graph_snapshot):
        y = x
        for _ in range(n):
            y = y + 1
        graph_snapshot.check(y)
"""
    run(source, "--graph-update")
    heads = [line for line in snapshots(pytester).splitlines() if line.startswith("==")]
    assert [head.split(" | ")[0] for head in heads] == [
        "== TestSizes::test_sum[1] / graph",
        "== TestSizes::test_sum[2] / graph",
    ]
    assert all(head.endswith("mode none (before rewriting)") for head in heads)
    run(source).assert_outcomes(passed=3)


def test_two_graphs_of_one_name_fail(run):
    result = run(ONE + '    graph_snapshot.check(x + x, name="sum")\n', "--graph-update")
    assert failure(result) == "test_size checks two graphs named 'sum'; give them names"


def test_printed_graph_is_compared_when_asked_for(run, pytester):
    source = """
def test_graph(graph_snapshot):
    graph_snapshot.check(compiled(pt.exp(x) - x), graph=True)
"""
    run(source, "--graph-update")
    assert snapshots(pytester).endswith(
        "graph\n  %0 = Elemwise{Exp}(x)\n  %1 = Elemwise{Sub}(%0, x)\n  return %1\n"
    )
    run(source).assert_outcomes(passed=2)
    text = failure(run(source.replace("pt.exp(x) - x", "x - pt.exp(x)")))
    assert text.splitlines()[:3] == [
        "graph of test_graph: the graph changed, its size did not",
        "  was %1 = Elemwise{Sub}(%0, x)",
        "  is  %1 = Elemwise{Sub}(x, %0)",
    ]


SCAN = """
def test_graph(graph_snapshot):
    w, start = pytensor.shared(1.0, name="w"), pt.zeros((), dtype=x.dtype)
    hs = pytensor.scan(lambda x, h: pt.tanh(x + h * w), x, start, return_updates=False)
    grad = pytensor.grad(hs.sum(), w)
    mode = pytensor.compile.mode.Mode(linker="py", optimizer="fast_run")
    graph_snapshot.check(pytensor.function([x], grad, mode=mode), graph=True)
"""


@pytest.mark.slow
def test_printed_graph_is_the_same_in_every_run(run, pytester, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    run(SCAN, "--graph-update", process=True).assert_outcomes(passed=1)
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    run(None, process=True).assert_outcomes(passed=2)


@pytest.mark.slow
def test_update_with_xdist_loses_no_snapshot(run, pytester):
    source = """
@pytest.mark.parametrize("n", range(12))
def test_sum(n, graph_snapshot):
    graph_snapshot.check(pt.add(*[x] * (n + 2)))
"""
    result = run(source, "--graph-update", "-p", "xdist", "-n", "2", process=True)
    result.assert_outcomes(passed=12)
    assert snapshots(pytester).count("== ") == 12
    run(None, "-p", "xdist", "-n", "2", process=True).assert_outcomes(passed=13)


def test_last_failed_runs_without_accusing_what_it_left_out(run, pytester):
    pytester.makepyfile(
        test_it=HEAD
        + """
def test_first(graph_snapshot):
    graph_snapshot.check(x + x)

def test_second(graph_snapshot):
    graph_snapshot.check(x * x)
    assert False
"""
    )
    options = (*PLUGINS, "-q")
    pytester.runpytest_inprocess(*options, "--graph-update").assert_outcomes(passed=1, failed=1)
    pytester.runpytest_inprocess(*options, "--lf").assert_outcomes(failed=1)


def test_broken_snapshot_file_is_one_sentence(run, pytester):
    run(ONE, "--graph-update")
    (pytester.path / "test_it.graphs.txt").write_text("== what is this\n")
    assert "delete the file and write it again with --graph-update" in run().stdout.str()


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


def test_a_lock_that_a_killed_process_left_is_no_lock(tmp_path):
    path = tmp_path / "test_it.graphs.txt"
    key = symrnn.guard.snapshot.Key("test_it", "train", "3", "PY")
    code = (
        "import os, sys; from symrnn.guard.snapshot import changed\n"
        "with changed(sys.argv[1]): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=Path(__file__).parents[2])
    assert killed.returncode == -9
    with symrnn.guard.snapshot.changed(path) as blocks:
        blocks[key] = ["nodes 1"]
    assert symrnn.guard.snapshot.read(path) == {key: ["nodes 1"]}
    assert [each.name for each in tmp_path.iterdir()] == [path.name]  # and none is in the way
