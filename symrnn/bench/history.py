"""The size of a target at each commit of a git repository: worktrees and child processes, without PyTensor.

Each commit is checked out into one worktree beside the repository, and a fresh process counts there. So a target may be
a file of the repository, which changes with it, or a file elsewhere that imports what the repository holds.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from symrnn.bench.machine import PINNED_THREADS
from symrnn.errors import UserError

COUNT = """
import json, sys
from symrnn.measure.sizes import total_size
from symrnn.measure.stages import rewritten
from symrnn.measure.target import target_of
from symrnn.versions import inner_graphs
target, mode, times = sys.argv[1:]
answer = {"phases_s": {}}
if times:
    from symrnn.measure.report import compile_report
    values = compile_report(target, mode=mode).values
    answer |= {name: values[name] for name in ("before", "after", "phases_s") if name in values}
else:
    found = target_of(target)
    if found.compiled is not None:
        answer["after"] = total_size([found.compiled]).to_dict()
    else:
        answer["before"] = total_size(found.functions).to_dict()
        graphs = [rewritten(spec, mode).fgraph for spec in found.functions]
        answer["after"] = total_size(graphs).to_dict()
print("\\n" + json.dumps(answer))
"""

# what PyTensor compiles once for a compiledir, whatever the program
OWN_MODULES = """
import sys
from contextlib import suppress
from pytensor.link.basic import JITLinker
from symrnn.measure.modes import mode_of
if not isinstance(mode_of(sys.argv[1]).linker, JITLinker):
    with suppress(ImportError):  # without a compiler
        import pytensor.link.c.cutils, pytensor.link.c.lazylinker_c
"""


@dataclass(frozen=True)
class Commit:
    """A commit as git names it."""

    sha: str
    date: str
    subject: str


@dataclass(frozen=True)
class CommitSize:
    """What a target is at a commit; `message` says why it could not be counted."""

    commit: Commit
    before: dict = field(default_factory=dict)
    after: dict = field(default_factory=dict)
    phases_s: dict = field(default_factory=dict)
    message: str = ""

    def count(self, name: str) -> int | None:
        """``after.nodes``, ``before.scans``; ``total_nodes`` counts bodies as well. None where it is not known."""
        when, _, what = name.partition(".")
        counts = getattr(self, when)
        if not counts:
            return None
        return counts["nodes"] + counts["inner_nodes"] if what == "total_nodes" else counts[what]


def git(repository: Path, *arguments: str) -> str:
    """What git prints; what it refuses is a `UserError`."""
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise UserError(f"git {arguments[0]} failed in {repository}: {said}")
    return done.stdout.strip()


def commits_of(repository: Path, revisions: str) -> list[Commit]:
    """The commits of ``OLD..NEW`` along the first parents, the oldest first, OLD among them."""
    old, dots, new = revisions.partition("..")
    if not (old and dots and new):
        raise UserError(f"revisions must be OLD..NEW, but are {revisions!r}; give v1.0..HEAD, say")
    shown = "--format=%h%x09%ad%x09%s"
    first = git(repository, "log", "-1", "--date=short", shown, old)
    later = git(repository, "log", "--reverse", "--first-parent", "--date=short", shown, revisions)
    return [Commit(*line.split("\t", 2)) for line in [first, *later.splitlines()]]


@contextmanager
def worktree(repository: Path) -> Iterator[Callable[[Commit], Path]]:
    """A folder beside the repository that holds one commit after the other; gone after the block."""
    with tempfile.TemporaryDirectory(prefix="symrnn-history-") as folder:
        place = Path(folder) / "commit"
        git(repository, "worktree", "add", "--detach", "--quiet", str(place), "HEAD")

        def checked_out(commit: Commit) -> Path:
            git(place, "checkout", "--detach", "--quiet", "--force", commit.sha)
            return place

        try:
            yield checked_out
        finally:
            git(repository, "worktree", "remove", "--force", str(place))


# On paths the last: a symrnn that is measured is its own.
HERE = Path(__file__).resolve().parents[2]


@contextmanager
def cold_flags(mode: str) -> Iterator[Callable[[], str]]:
    """PyTensor's flags with a new compiledir at each call, in which only PyTensor's own modules are compiled."""
    with tempfile.TemporaryDirectory(prefix="symrnn-history-") as name:
        started, used = Path(name) / "started", Path(name) / "used"
        started.mkdir()

        def flags(place: Path) -> str:
            return ",".join(
                filter(None, [os.environ.get("PYTENSOR_FLAGS"), f"base_compiledir={place}"])
            )

        paths = filter(None, [os.environ.get("PYTHONPATH"), str(HERE)])
        env = {"PYTENSOR_FLAGS": flags(started), "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, "-c", OWN_MODULES, mode]
        # what fails here fails again at each commit, and is told there
        subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=False)

        def fresh() -> str:
            shutil.rmtree(used, ignore_errors=True)
            shutil.copytree(started, used)
            return flags(used)

        yield fresh


def counted_at(
    commit: Commit,
    root: Path,
    folder: str,
    target: str,
    mode: str,
    limit_s: float,
    flags: Callable[[], str] | None = None,
) -> CommitSize:
    """Count in a fresh process, in the folder of the worktree at `root` that the user stands in.

    With `flags`, of `cold_flags`, it is compiled as well, one thread, from a compiledir that knows nothing of it.
    """
    paths = [root / folder, root, root / "src", os.environ.get("PYTHONPATH", ""), HERE]
    where = root / folder
    if not where.is_dir():
        return CommitSize(commit, message=f"{folder} is not there yet")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in paths if str(path))}
    if flags:
        env |= {**PINNED_THREADS, "PYTENSOR_FLAGS": flags()}
    command = [sys.executable, "-c", COUNT, target, mode, "times" if flags else ""]
    try:
        done = subprocess.run(
            command,
            cwd=where,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired:
        return CommitSize(commit, message=f"over {limit_s:.0f} s")
    if done.returncode:
        return CommitSize(commit, message=(done.stderr.strip().splitlines() or ["no message"])[-1])
    return CommitSize(commit, **json.loads(done.stdout.strip().splitlines()[-1]))


def first_grown(sizes: Sequence[CommitSize], count: str) -> tuple[CommitSize, CommitSize] | None:
    """The first two neighbours of which the later is larger; commits that could not be counted are passed over."""
    known = [size for size in sizes if size.count(count) is not None]
    return next(
        ((a, b) for a, b in pairwise(known) if (b.count(count) or 0) > (a.count(count) or 0)), None
    )


def bisected(
    commits: Sequence[Commit], measure: Callable[[Commit], CommitSize], count: str
) -> list[CommitSize]:
    """The sizes of the commits between which a target grew, halving: the last two that differ are neighbours.

    Only the ends are counted where the last is no larger than the first. A commit that cannot be counted is replaced by
    its nearest neighbour.
    """
    sizes = {0: measure(commits[0]), len(commits) - 1: measure(commits[-1])}
    low, high = 0, len(commits) - 1
    least = sizes[low].count(count)
    if least is not None and (sizes[high].count(count) or 0) > least:
        while high - low > 1:
            for at in sorted(range(low + 1, high), key=lambda i: abs(2 * i - low - high)):
                sizes[at] = measure(commits[at]) if at not in sizes else sizes[at]
                if (size := sizes[at].count(count)) is not None:
                    low, high = (low, at) if size > least else (at, high)
                    break
            else:
                break  # nothing between them can be counted
    return [sizes[i] for i in sorted(sizes)]
