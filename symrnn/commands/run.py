"""`symrnn run`: the jobs of experiments, and what came out.

Jobs run in child processes; this one never imports pytensor.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symrnn.bench.records import Job, load_records
from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.recorded import draw, recorded, show_records, write_report
from symrnn.commands.terminal import INTERRUPTED, console, was_interrupted
from symrnn.errors import UserError, nearest, printable
from symrnn.modes import MODES, check_installed
from symrnn.study.amounts import listing
from symrnn.study.experiment import REFUSED, Experiment, experiments_folder, load_experiment

if TYPE_CHECKING:
    from symrnn.bench.cluster import Cluster

FAILED = 1


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--quick", is_flag=True, help="A subset that takes about two minutes.")
@click.option("--fresh", is_flag=True, help="Start over; older records are set aside.")
@click.option("--rounds", type=click.IntRange(1), help="Repetitions, instead of the experiment's.")
@click.option(
    "--where",
    multiple=True,
    metavar="AXIS=VALUE",
    help="Only the jobs with this value of a case's axis, of mode or of state; may be repeated.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Measure so many at a time on this machine; their times then disturb each other.",
)
@click.option("--dask", metavar="ADDRESS", help="Send the jobs to a Dask cluster's workers.")
@experiments_option
@results_option
def run(
    names: tuple[str, ...],
    quick: bool,
    fresh: bool,
    rounds: int | None,
    where: tuple[str, ...],
    jobs: int,
    dask: str | None,
    experiments: str | None,
    results: str,
) -> None:
    """Run experiments; what is recorded already is not measured again.

    Each job runs in a process of its own. Ctrl-C keeps what is finished, and the same command goes
    on from there.

    With --dask, each worker measures one job at a time. Start a worker a machine, with symrnn
    installed, and name the resource `symrnn` on those that shall measure (on none: all do):

    \b
      dask scheduler
      dask worker tcp://ADDRESS:8786 --nthreads 1 --resources symrnn=1

    A job whose worker dies is sent to another one. Each record names its machine.

    \b
    Example:
      symrnn run nesterov_forms --quick
      symrnn run nesterov_forms --dask tcp://10.0.0.1:8786
    """
    folder = experiments_folder(experiments)
    found = [load_experiment(name, folder) for name in names]
    subset: dict[str, Any] = {"quick": quick, "rounds": rounds}
    sweeps = [
        (each, matching([*each.jobs(**subset), *each.profiled_jobs(**subset)], where))
        for each in found
    ]
    # elsewhere other packages are installed, and a job that lacks one says so in its record
    if not dask:
        for experiment, listed in sweeps:
            check_backends(experiment.name, {job.mode for job in listed})
    with workers(jobs, dask) as cluster:
        finished = [
            run_one(experiment, listed, Path(results), fresh=fresh, cluster=cluster)
            for experiment, listed in sweeps
        ]
    if lost := [each.name for each, any_ok in zip(found, finished, strict=True) if not any_ok]:
        click.echo(f"symrnn: no job of {listing(lost)} finished", err=True)
        sys.exit(FAILED)


@contextmanager
def workers(jobs: int, dask: str | None) -> Iterator["Cluster | None"]:
    """The cluster that `--jobs` or `--dask` ask for, None for neither."""
    from symrnn.bench.cluster import dask_cluster, local_cluster

    if dask and jobs > 1:
        raise UserError(f"--jobs is for this machine, but --dask is {dask}; give one of them")
    if not dask and jobs == 1:
        yield None
        return
    with dask_cluster(dask) if dask else local_cluster(jobs) as cluster:
        if (most := max(cluster.at_once.values(), default=0)) > 1:
            click.echo(
                f"note: {most} jobs at a time on one machine disturb each other's times;"
                " their records say so (jobs_at_once)",
                err=True,
            )
        yield cluster


def matching(jobs: list[Job], where: Iterable[str]) -> list[Job]:
    """The jobs whose case, mode or state has every ``AXIS=VALUE``."""
    for condition in where:
        axis, equals, value = condition.partition("=")
        axes = {name for job in jobs for name in job.case} | {"mode", "state", "task"}
        if not equals or axis not in axes:
            raise UserError(
                f"--where takes AXIS=VALUE, but got {condition!r}; {nearest(axis, sorted(axes))}"
            )
        found = [job for job in jobs if str(job.case.get(axis, getattr(job, axis, None))) == value]
        if not found:
            values = sorted({str(job.case.get(axis, getattr(job, axis, None))) for job in jobs})
            raise UserError(f"--where {condition} leaves no job; {nearest(value, values)}")
        jobs = found
    return jobs


def run_one(
    experiment: Experiment,
    jobs: list[Job],
    results: Path,
    *,
    fresh: bool,
    cluster: "Cluster | None" = None,
) -> bool:
    """Run one experiment's jobs with a live display, then show and write what came out.

    Whether any of the jobs finished.
    """
    from symrnn.bench.runner import run_jobs
    from symrnn.study.progress import Progress

    folder = results / experiment.name
    console().print(printable(experiment.question, 500), style="bold", markup=False)
    warn_of_other_versions(folder, fresh)
    try:
        with Progress(jobs, console(stderr=True), judged=experiment.judged) as progress:
            run_jobs(jobs, results, fresh=fresh, on_event=progress, cluster=cluster)
    except BaseException as error:
        if not was_interrupted(error):
            raise
        # a kill may have come between a record and its being counted: the file knows
        kept = len({job.key for job in jobs} & {record.key for record in load_records(folder)})
        click.echo(
            f"\nstopped: {kept} of {len(jobs)} jobs are recorded in {folder}/records.jsonl;"
            " the same command (without --fresh) goes on from there",
            err=True,
        )
        sys.exit(INTERRUPTED)
    return finish(experiment, folder, {job.key for job in jobs})


def check_backends(name: str, modes: set[str]) -> None:
    """Refuse modes whose backend is not installed."""
    for mode in sorted(modes):
        check_installed(MODES[mode], f"mode {mode}, in which {name} runs,")


def finish(experiment: Experiment, results: Path, keys: set[str]) -> bool:
    """The table and the answer on the screen, figures and report in the folder.

    Whether any of the jobs with these `keys` finished.
    """
    records = recorded(experiment, results)
    show_records(experiment, records)
    pictures = draw(experiment, records, results)
    paths = write_report([(experiment, records, pictures)], results)
    written = [str(path) for path in [*(picture.svg for picture in pictures), *paths]]
    console().print(
        f"records  {results}/records.jsonl\nwritten  {', '.join(written)}", highlight=False
    )
    # An error that the experiment declares as a refusal is an answer, too.
    told = [experiment.judged(record).status for record in records if record.key in keys]
    return not {"ok", REFUSED}.isdisjoint(told)


def warn_of_other_versions(results: Path, fresh: bool) -> None:
    """Say so when the records that are kept were made with other versions than are installed."""
    from symrnn.study.report import other_versions

    if not fresh and (differ := other_versions(load_records(results))):
        click.echo(
            f"note: records in {results} were made with {differ}; --fresh starts over", err=True
        )
