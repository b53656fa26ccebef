"""`symrnn measure`: where the compile time of any PyTensor function goes."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symrnn.bench.records import (
    STATES,
    STEPS,
    TIME_LIMIT_S,
    Job,
    Record,
    append_record,
    load_records,
)
from symrnn.commands.terminal import console, print_table
from symrnn.errors import JobError, UserError
from symrnn.modes import MODES
from symrnn.user_files import place_and_name

if TYPE_CHECKING:
    from symrnn.bench.compare import RecordComparison

REGRESSED = 1  # as `symrnn compare` ends


@click.command()
@click.argument("target", metavar="FILE.py:NAME")
@click.option(
    "--mode",
    default="NUMBA",
    show_default=True,
    help=f"PyTensor's mode: {', '.join(MODES)}, or any other that is registered.",
)
@click.option(
    "--state", type=click.Choice(STATES), default="cold", show_default=True, help="Caches."
)
@click.option("--flags", default="", help="PyTensor flags, such as floatX=float32.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=TIME_LIMIT_S,
    show_default=True,
    help="Seconds.",
)
@click.option(
    "--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="Steps to time."
)
@click.option("--trace", metavar="DIR", help="Write a Chrome trace and a speedscope file there.")
@click.option(
    "--rounds", type=click.IntRange(1), default=1, show_default=True, help="Processes, one a round."
)
@click.option(
    "--against",
    metavar="FILE.py:NAME",
    help="Measure this as well, in turns, and compare; exit code 1 if it is the better one.",
)
@click.option("--save", metavar="DIR", help="Keep the records there, for `symrnn compare`.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict and the records as JSON.")
def measure(
    target: str,
    mode: str,
    state: str,
    flags: str,
    time_limit: float,
    steps: int,
    trace: str | None,
    rounds: int,
    against: str | None,
    save: str | None,
    as_json: bool,
) -> None:
    """Measure where the compile time of any PyTensor function goes.

    The target is FILE.py:NAME or package.module:NAME. NAME is, or is a function that returns: a variable, a list of
    outputs, (inputs, outputs), (inputs, outputs, updates), an update dictionary, a TrainingGraph, a compiled function,
    or a PyMC model. A function batch() beside it may return the arrays of a step. With --against, the exit code is 1
    if anything is worse than there, as that of `symrnn compare`.

    \b
    Examples:
      symrnn measure model.py:build
      symrnn measure package.module:function --mode JAX --trace traces
      symrnn measure new.py:build --against old.py:build --rounds 7
    """
    from symrnn.measure.report_tables import report_tables
    from symrnn.measure.verdict import verdict

    options: dict[str, Any] = {"mode": mode.upper(), "state": state, "flags": flags}
    options |= {"time_limit_s": time_limit, "steps": steps, "profile": True}
    check_other(target, against)
    jobs = jobs_of([place for place in (against, target) if place], rounds, options)
    records = measured_and_saved(jobs, save)
    record = typical([each for each in records if each.experiment == target])
    if trace:  # before the tables: whoever reads only their head still has the files
        tell_traces(record, trace)
    values = with_native(next(job for job in jobs if job.key == record.key), record)
    found = compared(records, against, target) if against and record.is_ok else None
    tables = [] if as_json else report_tables(values)
    if as_json:
        print_json(values, records, found)
    elif said := verdict(values):
        click.echo(f"{said}\n{rounds_in_words(records, target)}")
    for table in tables:
        print_table(table)
    if not record.is_ok:
        known = "; the tables hold what was known by then" if tables else ""
        raise JobError(f"{target} could not be measured to the end: {record.message}{known}")
    if found and not as_json:
        tell_comparison(found, f"{target} against {against}")
    sys.exit(REGRESSED if found and found.regressions else 0)


def check_other(target: str, against: str | None) -> None:
    """Refuse a target that is held against itself: no round of it is the old one."""
    if target == against:
        raise UserError(
            f"--against must be another target than the one to measure, but both are {target};"
            " two versions of one file are measured from two folders, with --save, and compared by `symrnn compare`"
        )


def jobs_of(places: Sequence[str], rounds: int, options: Mapping[str, Any]) -> list[Job]:
    """Each place in turn, round by round: what else the machine does meanwhile hits all."""
    for place in places:
        place_and_name(place)  # refused here, before a process is started for it
    return [
        Job(place, path=place, **options, round=round)
        for round in range(rounds)
        for place in places
    ]


def measured_and_saved(jobs: Sequence[Job], folder: str | None) -> list[Record]:
    """The records of the jobs, each in the folder as soon as it is there."""
    if folder:
        check_new(jobs, Path(folder))
    records = []
    for job in jobs:
        records.append(measured_live(job))
        if folder:
            append_record(folder, records[-1])
    return records


def check_new(jobs: Sequence[Job], folder: Path) -> None:
    """Refuse a folder that holds a measurement of the same."""
    held = {record.key for record in load_records(folder)}
    if any(job.key in held for job in jobs):
        raise UserError(
            f"--save must be a folder without a measurement of {jobs[-1].experiment}, but {folder} holds one;"
            " name another, and compare the two with `symrnn compare`"
        )


def total_of(record: Record) -> float:
    """The total of a record's phases."""
    from symrnn.measure.verdict import verdict

    said = verdict(record.values)
    return said.total_s if said else 0.0


def typical(records: Sequence[Record]) -> Record:
    """Of several rounds the one with the median total; the first that failed, if any did."""
    failed = [record for record in records if not record.is_ok]
    # Of an even number the lower middle one: a record that was made, and no mean of two.
    return failed[0] if failed else sorted(records, key=total_of)[(len(records) - 1) // 2]


def rounds_in_words(records: Sequence[Record], target: str) -> str:
    """The spread of the totals, where there is more than one round."""
    from symrnn.measure.verdict import seconds

    totals = sorted(total_of(each) for each in records if each.experiment == target)
    if len(totals) < 2:
        return ""
    return (
        f"Of {len(totals)} rounds this is the median one; they took {seconds(totals[0])} to"
        f" {seconds(totals[-1])}.\n"
    )


def print_json(
    values: Mapping[str, Any], records: Sequence[Record], comparison: "RecordComparison | None"
) -> None:
    """The verdict, all records, and what changed against another target, as one JSON object."""
    from symrnn.measure.verdict import verdict

    said = verdict(values)
    told: dict[str, Any] = {"verdict": asdict(said) if said else None}
    told["records"] = [json.loads(each.to_json()) for each in records]
    if comparison:
        told["changes"] = [asdict(each) for each in comparison.changes]
        told["worse"] = len(comparison.regressions)
    click.echo(json.dumps(told))


def compared(records: Sequence[Record], old: str, new: str) -> "RecordComparison":
    """What is different from one target to the other."""
    from symrnn.bench.compare import as_one_target, compare_records

    before, after = ([each for each in records if each.experiment == name] for name in (old, new))
    return compare_records(as_one_target(before, after), after)


def tell_comparison(found: "RecordComparison", title: str) -> None:
    """Print what is different."""
    from symrnn.commands.compare import print_comparison

    click.echo(f"\n{title}:")
    print_comparison(found)


def tell_traces(record: Record, folder: str) -> None:
    """Write the traces of a record into a folder, and say where they are, or why there are none."""
    from symrnn.bench.trace import write_traces

    spans = record.values.get("spans", [])
    if not spans:
        click.echo(
            "no trace was written: the process ended before it could give its timeline", err=True
        )
        return
    for path in write_traces(record, Path(folder)):
        click.echo(f"written  {path}", err=True)
    if record.is_ok and not any(kind == "op" for kind, *_ in spans):
        click.echo(
            f"{record.mode} makes one function of the graph, so the step has no times by op; try --mode CVM",
            err=True,
        )


def with_native(job: Job, record: Record) -> Mapping[str, Any]:
    """The values of a record; where compiling is most of the total, with what native mode takes for the same."""
    from symrnn.measure.verdict import compiling_s, verdict

    said = verdict(record.values) if record.is_ok else None
    if said is None or job.mode == "NATIVE" or compiling_s(record.values)[1] < said.total_s / 2:
        return record.values
    other = measured_live(replace(job, mode="NATIVE", profile=False))
    found = verdict(other.values) if other.is_ok else None
    return {**record.values, **({"native_total_s": found.total_s} if found else {})}


def measured_live(job: Job) -> Record:
    """The record of one job, with a live display."""
    from symrnn.bench.runner import Event
    from symrnn.bench.runner import measured as measured_jobs
    from symrnn.study.progress import Progress

    with Progress([job], console(stderr=True)) as progress:

        def tell(kind, job, **details):
            progress(Event(kind, job, done=0, total=1, **details))

        # A warm job runs its cold one first.
        *_, record = measured_jobs([job], tell=tell)
    return record
