"""`symrnn measure`: where the compile time of any PyTensor function goes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from symrnn.bench.records import STATES, STEPS, TIME_LIMIT_S, Job, Record
from symrnn.commands.terminal import console, print_table
from symrnn.errors import JobError
from symrnn.user_files import place_and_name


@click.command()
@click.argument("target", metavar="FILE.py:NAME")
@click.option(
    "--mode",
    default="NUMBA",
    show_default=True,
    help="PyTensor's mode: NUMBA, JAX, C, CVM, FAST_COMPILE, or any other that is registered.",
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
def measure(
    target: str, mode: str, state: str, flags: str, time_limit: float, steps: int, trace: str | None
) -> None:
    """Measure where the compile time of any PyTensor function goes.

    The target is FILE.py:NAME or package.module:NAME. NAME is, or is a function that returns: a variable, a list of
    outputs, (inputs, outputs), (inputs, outputs, updates), an update dictionary, a TrainingGraph, a compiled function,
    or a PyMC model. A function batch() beside it may return the arrays of a step.

    \b
    Examples:
      symrnn measure model.py:build
      symrnn measure package.module:function --mode JAX --trace traces
    """
    from symrnn.measure.report_tables import report_tables
    from symrnn.measure.verdict import verdict

    place_and_name(target)  # refused here, before a process is started for it
    job = Job(
        target,
        path=target,
        mode=mode.upper(),
        state=state,
        flags=flags,
        time_limit_s=time_limit,
        steps=steps,
        profile=True,
    )
    record = measured_live(job)
    if trace:  # before the tables: whoever reads only their head still has the files
        tell_traces(record, trace)
    values = with_native(job, record)
    if said := verdict(values):
        click.echo(f"{said}\n")
    tables = report_tables(values)
    for table in tables:
        print_table(table)
    if not record.is_ok:
        known = "; the tables hold what was known by then" if tables else ""
        raise JobError(f"{target} could not be measured to the end: {record.message}{known}")


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

        *_, record = measured_jobs([job], tell=tell)
    return record
