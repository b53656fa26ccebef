"""Snapshots of graph sizes: written by an update, held by every run, named where they changed."""

import subprocess
import sys
from pathlib import Path

import pytensor
import pytest
from in_pytester import HEAD, PLUGINS, failure

import symrnn.guard.snapshot

pytest_plugins = ("pytester",)


def snapshots(pytester):
    return (pytester.path / "test_it.graphs.txt").read_text()


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
