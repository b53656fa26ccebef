"""`symrnn history`: one line a commit, and the commit that made a graph grow."""

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from symrnn.bench.history import (
    Commit,
    CommitSize,
    bisected,
    commits_of,
    counted_at,
    first_grown,
)
from symrnn.commands.cli import cli
from symrnn.errors import UserError

COMMITS = [Commit(f"c{i}", "2020-01-01", f"change {i}") for i in range(30)]


def sized(commit, nodes):
    if nodes is None:
        return CommitSize(commit, message="broken")
    return CommitSize(commit, after={"nodes": nodes, "inner_nodes": 0})


@pytest.mark.parametrize("grown", range(1, 30))
def test_halving_finds_the_commit_in_few_counts(grown):
    sizes = bisected(COMMITS, lambda c: sized(c, 5 + (int(c.sha[1:]) >= grown)), "after.nodes")
    before, after = first_grown(sizes, "after.nodes")
    assert after.commit is COMMITS[grown]
    assert before.commit is COMMITS[grown - 1]
    assert len(sizes) <= 7


def test_halving_passes_over_commits_that_cannot_be_counted():
    def measure(commit):
        i = int(commit.sha[1:])
        return sized(commit, None if i % 3 == 1 else 5 + (i >= 13))

    sizes = bisected(COMMITS, measure, "after.nodes")
    assert first_grown(sizes, "after.nodes")[1].commit is COMMITS[14]


def test_only_the_ends_are_counted_where_nothing_grew():
    assert len(bisected(COMMITS, lambda c: sized(c, 5), "after.nodes")) == 2
    assert first_grown([sized(c, 9 - i) for i, c in enumerate(COMMITS[:5])], "after.nodes") is None


MODEL = """
import pytensor.tensor as pt

def build():
    x = pt.vector("x")
    return [x], [{}]
"""
BODIES = ["pt.exp(x)", "pt.exp(x) ", "pt.tanh(x)", "pt.tanh(x).sum()", "pt.tanh(x).sum()  "]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A commit a body; the fourth one has a node more."""
    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.org")
    run = subprocess.check_output
    run(["git", "init", "--quiet"])
    (tmp_path / "net").mkdir()
    for i, body in enumerate(BODIES):
        Path("net/model.py").write_text(MODEL.format(body))
        run(["git", "add", "-A"])
        run(["git", "commit", "--quiet", "-m", f"change {i}"])
    monkeypatch.chdir(tmp_path / "net")
    return tmp_path


def test_the_first_revision_is_among_the_commits_and_a_range_is_needed(repository):
    subjects = [each.subject for each in commits_of(repository, "HEAD~2..HEAD")]
    assert subjects == ["change 2", "change 3", "change 4"]
    with pytest.raises(UserError, match=r"must be OLD\.\.NEW, but are 'HEAD'"):
        commits_of(repository, "HEAD")
    with pytest.raises(UserError, match="git log failed"):
        commits_of(repository, "nowhere..HEAD")


def test_a_commit_whose_count_takes_too_long_says_so(tmp_path):
    commit = Commit("c0", "2020-01-01", "change 0")
    found = counted_at(commit, tmp_path, ".", "model.py:build", "FAST_COMPILE", limit_s=0.1)
    assert found == CommitSize(commit, message="over 0 s")


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--figure", "growth.svg"], ["--bisect"]])
def test_the_commit_that_made_a_target_grow_is_named(repository, options):
    args = ["history", "HEAD~4..HEAD", "model.py:build", "--mode", "FAST_COMPILE", *options]
    told = CliRunner().invoke(cli, args)
    assert told.exit_code == 0, told.output
    assert "made it grow first, from 1 to 2: change 3" in told.stdout
    lines = [line for line in told.stdout.splitlines() if "change" in line]
    assert any("+1" in line and "change 3" in line for line in lines)
    if "--figure" in options:
        assert "<svg" in Path("growth.svg").read_text()
    assert subprocess.check_output(["git", "worktree", "list"], text=True).count("\n") == 1


COLD = """
from pathlib import Path
import pytensor, pytensor.tensor as pt
assert not (Path(pytensor.config.base_compiledir) / "native").exists(), "another commit was compiled here"
def build():
    x = pt.vector("x")
    return [x], pt.tanh(x)
"""


def test_seconds_of_each_commit_are_those_of_an_empty_cache(repository, tmp_path_factory):
    (target := tmp_path_factory.mktemp("apart") / "cold.py").write_text(COLD)
    args = ["history", "HEAD~1..HEAD", f"{target}:build", "--mode", "NATIVE", "--times"]
    told = CliRunner().invoke(cli, args)
    assert told.exit_code == 0, told.output
    seconds = re.findall(r"(\d+\.\d+) +change [34]", told.stdout)
    assert [float(each) > 0 for each in seconds] == [True, True], told.stdout
