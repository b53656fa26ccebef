"""The commands `symrnn measure` and `symrnn compare`: instruments for any PyTensor graph."""

import sys
from pathlib import Path

import click

from symrnn.bench.records import FILE_NAME, Job, load_records
from symrnn.errors import JobError, UserError
from symrnn.study.declaration import MODES, STATES
from symrnn.study.words import amount, number, title
from symrnn.terminal import console, print_table

REGRESSED = 1


@click.command()
@click.argument("target", metavar="MODULE:FUNCTION")
@click.option("--mode", type=click.Choice(MODES), default="NUMBA", show_default=True)
@click.option(
    "--state", type=click.Choice(STATES), default="cold", show_default=True, help="Caches."
)
@click.option("--flags", default="", help="PyTensor flags, such as floatX=float32.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=600.0,
    show_default=True,
    help="Seconds.",
)
@click.option(
    "--steps", type=click.IntRange(1), default=20, show_default=True, help="Steps to time."
)
@click.option("--trace", metavar="DIR", help="Write a Chrome trace and a speedscope file there.")
def measure(target, mode, state, flags, time_limit, steps, trace):
    """Measure where the compile time of any PyTensor function goes.

    The function returns outputs, (inputs, outputs, updates) or a TrainingGraph; it stands in a
    module or in a file. A function batch() beside it may return the arrays of a step.

    \b
    Examples:
      symrnn measure model.py:build
      symrnn measure package.module:function --mode JAX --trace traces
    """
    from symrnn.measure.report_tables import report_tables

    check_target(target)
    job = Job(
        target,
        path=target,
        mode=mode,
        state=state,
        flags=flags,
        time_limit_s=time_limit,
        steps=steps,
        profile=True,
    )
    record = measured_live(job)
    if record.status == "error":
        raise JobError(f"{target} could not be measured: {record.message}")
    for table in report_tables(record.values):
        print_table(table.title, table.head, table.rows, note=table.note)
    if trace:
        from symrnn.bench.trace import write_traces

        click.echo("\n".join(str(path) for path in write_traces(record, trace)))
        if not any(kind == "op" for kind, *_ in record.values["spans"]):
            click.echo(
                f"{mode} makes one function of the graph, so the step has no times by op; try --mode CVM"
            )
    if not record.is_ok:
        raise JobError(
            f"{target} did not finish: {record.message}; the tables hold what was known by then"
        )


def check_target(target):
    """Refuse what names no function, or a file that is not there."""
    place, colon, name = target.rpartition(":")
    if not (colon and place and name.isidentifier()):
        raise UserError(
            f"the target must be package.module:function or file.py:function, but is {target!r}"
        )
    if place.endswith(".py") and not Path(place).is_file():
        raise UserError(f"there is no file {place}")


def measured_live(job):
    """The record of one job, with a live display."""
    from symrnn.bench.runner import Event
    from symrnn.bench.runner import measured as measured_jobs
    from symrnn.study.progress import Progress

    with Progress([job], console(stderr=True)) as progress:

        def tell(kind, job, **details):
            progress(Event(kind, job, done=0, total=1, **details))

        *_, record = measured_jobs([job], tell=tell)
    return record


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
def compare(old, new, threshold, mixed, everything):
    """Say what got larger, smaller, slower or faster from OLD to NEW; exit code 1 if anything got worse.

    OLD and NEW are folders of results, or files of records. Counts lead, times follow; a verdict
    on times takes five rounds.

    \b
    Example:
      symrnn compare results-before results-after
    """
    from symrnn.bench.compare import compare_records

    found = compare_records(
        records_in(old), records_in(new), threshold=threshold, allow_mixed=mixed
    )
    changes = [
        each for each in found.changes if everything or each.is_regression or each.is_improvement
    ]
    if changes:
        head = ("case", "metric", "old", "new", "ratio", "95 % interval", "verdict")
        print_table("", head, [change_row(each) for each in changes], axes=2)
    for line in remarks(found):
        click.echo(line)
    sys.exit(REGRESSED if found.regressions else 0)


def records_in(path):
    """The records of a file, of a folder, or of the folders in it."""
    files = (
        [path] if path.is_file() else sorted([*path.glob(FILE_NAME), *path.glob(f"*/{FILE_NAME}")])
    )
    records = [record for file in files for record in load_records(file)]
    if not records:
        raise UserError(f"there are no records in {path}; give a folder of results")
    return records


def change_row(change):
    """A change as the cells of a table."""

    def cell(value):
        return value if isinstance(value, str) else amount(value, change.metric)

    low_high = "–".join(number(float(f"{end:.3g}")) for end in change.interval or ())
    ratio = f"{change.ratio.median:.3f}" if change.ratio else ""
    name = title(change.metric) if "." not in change.metric else change.metric
    return change.case, name, cell(change.old), cell(change.new), ratio, low_high, change.verdict


def remarks(found):
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
