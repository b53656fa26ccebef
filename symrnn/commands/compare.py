"""`symrnn compare`: two folders of records, and what got worse."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symrnn.bench.records import FILE_NAME, Record, load_records
from symrnn.collector import collector_at_rest
from symrnn.commands.terminal import print_table
from symrnn.errors import UserError
from symrnn.study.amounts import amount, number, title
from symrnn.tables import Table, as_markdown

if TYPE_CHECKING:
    from symrnn.bench.compare import Change, RecordComparison

REGRESSED = 1


@click.command()
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--threshold",
    type=click.FloatRange(0),
    default=0.05,
    show_default=True,
    help="Least relative change of a time.",
)
@click.option("--mixed", is_flag=True, help="Compare across machines and versions, and say so.")
@click.option("--all", "everything", is_flag=True, help="List also what did not change.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(("table", "markdown", "github-action-benchmark")),
    default="table",
    show_default=True,
    help="For a screen, a pull request, or the action of that name.",
)
def compare(
    old: Path, new: Path, threshold: float, mixed: bool, everything: bool, shape: str
) -> None:
    """Say what got larger, smaller, slower or faster from OLD to NEW; exit code 1 if anything got worse.

    OLD and NEW are folders of results, or files of records; what `symrnn measure --save` kept of one target each may
    have two names. Counts lead, times follow; a verdict on times takes five rounds or more, the more the more times are
    compared: seven for one function of `symrnn measure`.

    \b
    Example:
      symrnn compare results-before results-after
    """
    # What a command needs is imported when it runs: `symrnn --help` is to be there at once.
    from symrnn.bench.compare import as_one_target, compare_records

    before, after = records_in(old), records_in(new)
    with collector_at_rest():
        found = compare_records(
            as_one_target(before, after), after, threshold=threshold, allow_mixed=mixed
        )
    if shape == "github-action-benchmark":
        click.echo(json.dumps([*benchmarks(found)], indent=1))
    elif shape == "markdown":
        table = change_table(found, everything=everything)
        said = [as_markdown(table)] if table.rows else []
        click.echo("\n\n".join([*said, "\n".join(f"- {line}" for line in remarks(found))]))
    else:
        print_comparison(found, everything=everything)
    sys.exit(REGRESSED if found.regressions else 0)


def print_comparison(found: "RecordComparison", *, everything: bool = False) -> None:
    """The changes as a table on the screen, and the remarks."""
    table = change_table(found, everything=everything)
    if table.rows:
        print_table(table)
    for line in remarks(found):
        click.echo(line)


def change_table(found: "RecordComparison", *, everything: bool) -> Table:
    """What got worse or better, or all."""
    changes = [
        each for each in found.changes if everything or each.is_regression or each.is_improvement
    ]
    head = ("case", "metric", "old", "new", "ratio", "95 % interval", "verdict")
    return Table(head, [change_row(each) for each in changes], axes=2)


def benchmarks(found: "RecordComparison") -> Iterator[dict[str, Any]]:
    """The new values as github-action-benchmark reads them (its tool ``customSmallerIsBetter``)."""
    for each in found.changes:
        if isinstance(each.new, str):
            continue  # a status
        unit = next((unit for suffix, unit in UNITS.items() if each.metric.endswith(suffix)), "")
        yield {
            "name": f"{each.case}: {each.metric}",
            "unit": unit or "count",
            "value": each.new,
            "extra": f"before: {each.old}; {each.verdict}",
        }


UNITS = {"_s": "seconds", "_bytes": "bytes"}  # by the end of a metric's name


def records_in(path: Path) -> list[Record]:
    """The records of a file, of a folder, or of the folders in it."""
    files = (
        [path] if path.is_file() else sorted([*path.glob(FILE_NAME), *path.glob(f"*/{FILE_NAME}")])
    )
    records = [record for file in files for record in load_records(file)]
    if not records:
        raise UserError(f"there are no records in {path}; give a folder of results")
    return records


def change_row(change: "Change") -> tuple[str, ...]:
    """A change as the cells of a table."""

    def cell(value):
        return value if isinstance(value, str) else amount(value, change.metric)

    # Three digits: an interval of a few rounds says no more.
    low_high = "–".join(number(float(f"{end:.3g}")) for end in change.interval or ())
    ratio = f"{change.ratio.median:.3f}" if change.ratio else ""
    name = title(change.metric) if "." not in change.metric else change.metric
    return change.case, name, cell(change.old), cell(change.new), ratio, low_high, change.verdict


def remarks(found: "RecordComparison") -> Iterator[str]:
    """What the table does not say: how many of what, what was mixed, what is missing."""
    undecided = [each for each in found.changes if each.verdict == "no decision"]
    equal = len(found.changes) - len(found.regressions) - len(found.improvements) - len(undecided)
    yield (
        f"{len(found.regressions)} worse, {len(found.improvements)} better, {equal} equal,"
        f" {len(undecided)} without decision"
    )
    if undecided:
        yield f"no decision, for example: {undecided[0].case} {undecided[0].metric}: {undecided[0].why}"
    if found.mixed:
        yield f"MIXED: {'; '.join(found.mixed)}"
    for name, cases in (("old", found.only_old), ("new", found.only_new)):
        if cases:
            yield f"only in {name}: {', '.join(cases)}"
