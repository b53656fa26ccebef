"""`symrnn measure`: where the compile time of any PyTensor function goes."""

from pathlib import Path

import click

from symrnn.bench.records import STATES, STEPS, TIME_LIMIT_S, Job
from symrnn.commands.terminal import console, print_table
from symrnn.errors import JobError, UserError
from symrnn.study.declaration import MODES


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
    default=TIME_LIMIT_S,
    show_default=True,
    help="Seconds.",
)
@click.option(
    "--steps", type=click.IntRange(1), default=STEPS, show_default=True, help="Steps to time."
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
        print_table(table)
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
