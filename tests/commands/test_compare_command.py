"""`symrnn compare`: two sets of records, and what got worse."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from symrnn.bench.records import Job, Record, append_record
from symrnn.commands.cli import cli


def invoke(*args):
    return CliRunner().invoke(cli, list(map(str, args)))


@pytest.fixture
def folders(tmp_path):
    """Ten rounds of one case, and the same again with one node more and half the rewrite time."""
    for name, nodes, seconds in (("old", 10, 1.0), ("new", 11, 0.5)):
        for round in range(10):
            values = {"after": {"nodes": nodes}, "rewrite_s": seconds + round / 1000}
            record = Record.of(Job("deep", {"depth": 2}, round=round), "ok", values=values)
            append_record(tmp_path / name / "deep", record)
    return tmp_path


def test_compare_exits_1_on_a_regression_and_names_it(folders):
    done = invoke("compare", folders / "old", folders / "new")
    assert done.exit_code == 1, done.output
    larger = next(line for line in done.stdout.splitlines() if "larger" in line)
    assert larger.split() == [
        "deep",
        "depth=2",
        "NUMBA",
        "cold",
        "after.nodes",
        "10",
        "11",
        "larger",
    ]
    assert "faster" in done.stdout
    assert "1 worse, 1 better" in done.stdout


def test_compare_exits_0_when_nothing_got_worse(folders):
    done = invoke("compare", folders / "old", folders / "old")
    assert done.exit_code == 0
    assert "0 worse, 0 better" in done.stdout
    assert "equal" in invoke("compare", folders / "old", folders / "old", "--all").stdout


def test_compare_takes_files_folders_and_folders_of_folders(folders):
    paths = [folders / "old", folders / "old" / "deep", folders / "old" / "deep" / "records.jsonl"]
    assert {invoke("compare", path, folders / "new").exit_code for path in paths} == {1}


def test_compare_refuses_other_versions_unless_asked(folders):
    record = Record.of(
        Job("deep", {"depth": 2}), "ok", values={"rewrite_s": 1.0}, versions={"pytensor": "3"}
    )
    append_record(folders / "a" / "deep", record)
    append_record(folders / "b" / "deep", replace(record, versions={"pytensor": "4"}))
    refused = invoke("compare", folders / "a", folders / "b")
    assert refused.exit_code == 2
    assert "differ in pytensor (3, 4)" in refused.stderr
    allowed = invoke("compare", folders / "a", folders / "b", "--mixed")
    assert allowed.exit_code == 0
    assert "MIXED: pytensor (3, 4)" in allowed.stdout


def test_compare_writes_markdown_and_what_a_benchmark_action_reads(folders):
    done = invoke("compare", folders / "old", folders / "new", "--format", "markdown")
    assert done.exit_code == 1
    assert "| deep depth=2 NUMBA cold | after.nodes | 10 | 11 |" in done.stdout
    assert "- 1 worse, 1 better" in done.stdout
    done = invoke(
        "compare", folders / "old", folders / "new", "--format", "github-action-benchmark"
    )
    found = {each["name"]: each for each in json.loads(done.stdout)}
    nodes = found["deep depth=2 NUMBA cold: after.nodes"]
    assert (nodes["unit"], nodes["value"], nodes["extra"]) == (
        "count",
        11,
        "before: 10; larger",
    )
    assert found["deep depth=2 NUMBA cold: rewrite_s"]["unit"] == "seconds"
