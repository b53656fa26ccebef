"""The steps of the workflow in docs/ run as they stand, on a repository of two commits."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[2] / "docs" / "compare_pull_request.yml"
MODEL = """
import pytensor.tensor as pt

def train_function():
    x = pt.vector("x")
    return [x], [{}]
"""


def steps():
    """The commands of each step, by its name."""
    found = re.findall(r"- name: (.*)\n +run: \|\n((?: {10}.*\n)+)", WORKFLOW.read_text())
    return {name: re.sub(r"(?m)^ {10}", "", commands) for name, commands in found}


def test_the_workflow_has_its_steps():
    assert [*steps()] == [
        "Install",
        "Which commit made the graph grow",
        "Measure before and after",
        "Compare",
    ]


@pytest.mark.slow
def test_the_steps_of_the_workflow_run(tmp_path):
    def git(*arguments):
        return subprocess.check_output(["git", *arguments], cwd=tmp_path / "repo", text=True)

    (tmp_path / "repo").mkdir()
    git("init", "--quiet")
    git("config", "user.name", "somebody")
    git("config", "user.email", "somebody@example.org")
    commits = []
    for body in ("pt.exp(x)", "pt.exp(x).sum()"):
        (tmp_path / "repo" / "model.py").write_text(MODEL.format(body))
        git("add", "-A")
        git("commit", "--quiet", "-m", f"computes {body}")
        commits.append(git("rev-parse", "HEAD").strip())
    (tmp_path / "symrnn").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m symrnn "$@"\n')
    (tmp_path / "symrnn").chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(WORKFLOW.parents[1]),
        "BASE": commits[0],
        "HEAD": commits[1],
        "TARGET": "model.py:train_function",
        "MODE": "FAST_COMPILE",
        "ROUNDS": "1",
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    (tmp_path / "temp").mkdir()
    codes = {
        name: subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=tmp_path / "repo",
            env=environment,
            check=False,
        ).returncode
        for name, commands in steps().items()
        if name != "Install"
    }
    assert [*codes.values()] == [0, 0, 1]  # the last fails the job: the graph got larger
    summary = (tmp_path / "summary.md").read_text()
    assert "made it grow first, from 1 to 2: computes pt.exp(x).sum()" in summary
    assert re.search(r"\| after.nodes \| 1 \| 2 \|.*larger \|", summary)
    found = json.loads((tmp_path / "temp" / "benchmark.json").read_text())
    assert any(each["name"].endswith("after.nodes") and each["value"] == 2 for each in found)
