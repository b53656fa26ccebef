"""`symrnn history`: the size of a target at each commit, and the first one that made it grow."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from symrnn.commands.terminal import print_table
from symrnn.errors import JobError, UserError
from symrnn.tables import Table

if TYPE_CHECKING:
    from symrnn.bench.history import CommitSize
    from symrnn.bench.records import Record

COUNTS = [f"{when}.{name}" for when in ("after", "before") for name in ("total_nodes", "nodes")] + [
    f"after.{name}" for name in ("inner_nodes", "scalar_nodes", "scans", "components")
]


@click.command()
@click.argument("revisions", metavar="OLD..NEW")
@click.argument("target", metavar="FILE.py:NAME")
@click.option("--mode", default="NUMBA", show_default=True, help="PyTensor's mode to rewrite for.")
@click.option(
    "--count", type=click.Choice(COUNTS), default=COUNTS[0], show_default=True, help="What grows."
)
@click.option("--bisect", is_flag=True, help="Count only the commits that find the first growth.")
@click.option(
    "--times", is_flag=True, help="Compile as well, each from an empty cache, and tell the seconds."
)
@click.option(
    "--figure", metavar="FILE.svg", help="Draw the counts over the commits; a PNG beside it."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds a commit.",
)
def history(
    revisions: str,
    target: str,
    mode: str,
    count: str,
    bisect: bool,
    times: bool,
    figure: str | None,
    time_limit: float,
) -> None:
    """Count the nodes of TARGET at each commit of a git repository, and name the first that made it grow.

    The target is FILE.py:NAME or package.module:NAME, as in `symrnn measure`: of the repository, or a file elsewhere
    that imports what it holds. Each commit is checked out into a worktree of its own.

    \b
    Examples:
      symrnn history v1.0..HEAD model.py:train_function --bisect
      symrnn history HEAD~30..HEAD model.py:train_function --figure growth.svg
    """
    from symrnn.bench.history import (
        bisected,
        cold_flags,
        commits_of,
        counted_at,
        git,
        worktree,
    )

    target = absolute(target)
    # A target is given relative to the folder where the command is called, which each worktree has at the same place.
    repository = Path(git(Path.cwd(), "rev-parse", "--show-toplevel"))
    folder = git(Path.cwd(), "rev-parse", "--show-prefix")
    commits = commits_of(repository, revisions)
    compiling = cold_flags(mode) if times else nullcontext()
    with worktree(repository) as checked_out, compiling as flags:

        def measure(commit):
            root = checked_out(commit)
            size = counted_at(commit, root, folder, target, mode, time_limit, flags)
            # Progress goes to stderr, so that a pipe gets the table alone.
            click.echo(
                f"{commit.sha}  {size.count(count) if not size.message else size.message}", err=True
            )
            return size

        sizes = bisected(commits, measure, count) if bisect else [*map(measure, commits)]
    print_table(Table(HEAD, [*rows(sizes, count, times)], title=f"{target}: {count}"))
    if figure:
        draw(sizes, Path(figure))
    if not any(size.after for size in sizes):
        raise JobError(f"{target} could not be counted at any commit: {sizes[-1].message}")
    click.echo(growth(sizes, count))


def growth(sizes: "Sequence[CommitSize]", count: str) -> str:
    """A sentence on the first commit that made the graph grow."""
    from symrnn.bench.history import first_grown

    found = first_grown(sizes, count)
    if found is None:
        return "no commit made it grow"
    before, after = found
    return (
        f"{after.commit.sha} made it grow first, from {before.count(count)} to {after.count(count)}:"
        f" {after.commit.subject}"
    )


HEAD = ("commit", "date", "before", "after", "scans", "components", "change", "seconds", "subject")


def absolute(target: str) -> str:
    """The target as a process elsewhere must be given it: a file outside of the repository by its whole path."""
    from symrnn.bench.history import git
    from symrnn.user_files import is_file

    place, colon, name = target.rpartition(":")
    if not (colon and name.isidentifier()):
        raise UserError(f"a target must be FILE.py:NAME or package.module:NAME, but is {target!r}")
    if not is_file(place):
        return target
    path, root = Path(place).resolve(), Path(git(Path.cwd(), "rev-parse", "--show-toplevel"))
    # A file of the repository is each commit's own; one from elsewhere, or by its whole path, is the same for all.
    is_inside = path.is_relative_to(root.resolve())
    return target if is_inside and not Path(place).is_absolute() else f"{path}:{name}"


def rows(sizes: "Sequence[CommitSize]", count: str, times: bool) -> Iterator[tuple[str, ...]]:
    """A line a commit."""
    last: int | None = None
    for size in sizes:
        now = size.count(count)
        change = "" if now is None or last is None else f"{now - last:+d}" if now != last else ""
        last = last if now is None else now
        shown = (
            str(size.count(f"{when}.{name}") if size.count(f"{when}.{name}") is not None else "–")
            for when, name in (
                ("before", "total_nodes"),
                ("after", "total_nodes"),
                ("after", "scans"),
                ("after", "components"),
            )
        )
        spent = f"{sum(size.phases_s.values()):.2f}" if times and size.phases_s else "–"
        subject = size.message or size.commit.subject
        yield (size.commit.sha, size.commit.date, *shown, change, spent, subject)


def draw(sizes: "Sequence[CommitSize]", path: Path) -> None:
    """Nodes before and after rewriting over the commits, as a picture."""
    from symrnn.study.figures import lines

    records = [record for i, size in enumerate(sizes) for record in records_of(i, size)]
    chart = lines(records, x="commit", y="nodes", hue="graph", heading="Nodes by commit")
    for written in chart.save(path.with_suffix("")):
        click.echo(f"written  {written}", err=True)


def records_of(position: int, size: "CommitSize") -> "Iterator[Record]":
    """The counts of one commit as records."""
    from symrnn.bench.records import Job, Record

    for when in ("before", "after"):
        nodes = size.count(f"{when}.total_nodes")
        if nodes is not None:
            case = {"commit": position, "graph": f"{when} rewriting"}
            yield Record.of(Job("history", case), "ok", values={"nodes": nodes})
