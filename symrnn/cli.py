"""The command line: `symrnn list | run | show | figures | report | measure | compare | explain |
train | predict`.

Only this module, `symrnn.instruments`, `symrnn.trainer` and `symrnn.terminal` print and exit. No
command but `train` and `predict` imports pytensor: jobs run in child processes.
"""

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from symrnn.bench.records import load_records, without_collector
from symrnn.errors import JobError, UserError, nearest, printable
from symrnn.instruments import compare, measure
from symrnn.study.experiment import experiment_names, experiments_folder, load_experiment
from symrnn.study.explain import explain_command
from symrnn.study.words import listing
from symrnn.terminal import INTERRUPTED, Commands, console, print_table, was_interrupted
from symrnn.trainer import predict, train

FAILED = 1
BACKENDS = {"JAX": "jax", "NUMBA": "numba", "PYTORCH": "torch", "MLX": "mlx"}


experiments_option = click.option(
    "--experiments", metavar="DIR", help="Folder of experiment files; ./experiments by default."
)
results_option = click.option(
    "--results", metavar="DIR", default="results", show_default=True, help="Folder of the records."
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="symrnn")
def cli(debug):
    """Measure what a PyTensor graph costs to compile.

    \b
    Example:
      symrnn run nesterov_forms --quick
    """


@cli.command("list")
@experiments_option
@results_option
def list_(experiments, results):
    """List the experiments, their questions, and how many of their jobs are recorded.

    \b
    Example:
      symrnn list
    """
    from rich.table import Table

    folder = experiments_folder(experiments)
    grid = Table(box=None, pad_edge=False)
    for heading in ("experiment", "question", "recorded"):
        grid.add_column(heading, no_wrap=heading != "question")
    for name in experiment_names(folder):
        grid.add_row(name, *summary(name, folder, results))
    console().print(grid)


def summary(name, folder, results):
    """Question of an experiment and its progress, or what is wrong with its file."""
    from rich.text import Text

    try:
        experiment = load_experiment(name, folder)
        wanted = {job.key for job in experiment.jobs()}
        found = {record.key for record in load_records(Path(results) / name)}
    except (UserError, JobError) as error:
        return Text(printable(error, 500), style="red"), "–"
    return Text(printable(experiment.question, 500)), f"{len(wanted & found)} of {len(wanted)}"


@cli.command()
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
def run(names, quick, fresh, rounds, where, jobs, dask, experiments, results):
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
    subset = {"quick": quick, "rounds": rounds}
    sweeps = [
        (each, matching([*each.jobs(**subset), *each.profiled_jobs(**subset)], where))
        for each in found
    ]
    if not dask:
        for _, listed in sweeps:
            check_backends({job.mode for job in listed})
    with workers(jobs, dask) as cluster:
        finished = [
            run_one(experiment, listed, Path(results), fresh=fresh, cluster=cluster)
            for experiment, listed in sweeps
        ]
    if lost := [each.name for each, any_ok in zip(found, finished, strict=True) if not any_ok]:
        click.echo(f"symrnn: no job of {listing(lost)} finished", err=True)
        sys.exit(FAILED)


@contextmanager
def workers(jobs, dask):
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


def matching(jobs, where):
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


def run_one(experiment, jobs, results, *, fresh, cluster=None):
    """Run one experiment's jobs with a live display, then show and write what came out.

    Whether any of the jobs finished.
    """
    from symrnn.bench.runner import run_jobs
    from symrnn.study.progress import Progress

    folder = results / experiment.name
    console().print(printable(experiment.question, 500), style="bold", markup=False)
    warn_of_other_versions(folder, fresh)
    try:
        with Progress(jobs, console(stderr=True)) as progress:
            run_jobs(jobs, results, fresh=fresh, on_event=progress, cluster=cluster)
    except BaseException as error:
        if not was_interrupted(error):
            raise
        kept = len({job.key for job in jobs} & {record.key for record in load_records(folder)})
        click.echo(
            f"\nstopped: {kept} of {len(jobs)} jobs are recorded in {folder}/records.jsonl;"
            " the same command (without --fresh) goes on from there",
            err=True,
        )
        sys.exit(INTERRUPTED)
    return finish(experiment, folder, {job.key for job in jobs})


def check_backends(modes):
    """Refuse modes whose backend is not installed."""
    for mode, package in BACKENDS.items():
        if mode in modes and find_spec(package) is None:
            raise UserError(
                f"the experiment runs in mode {mode}, but {package} is not installed;"
                f" install it with `pip install {package}`"
            )


def finish(experiment, results, keys):
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
    return any(record.is_ok for record in records if record.key in keys)


@cli.command()
@click.argument("name")
@experiments_option
@results_option
def show(name, experiments, results):
    """Show what is recorded of an experiment: its table and its answer.

    \b
    Example:
      symrnn show nesterov_forms
    """
    experiment = load_experiment(name, experiments_folder(experiments))
    show_records(experiment, recorded(experiment, Path(results) / experiment.name))


@cli.command()
@click.argument("name")
@experiments_option
@results_option
def figures(name, experiments, results):
    """Draw an experiment's figures again, as SVG and PNG.

    \b
    Example:
      symrnn figures nesterov_forms
    """
    experiment = load_experiment(name, experiments_folder(experiments))
    folder = Path(results) / experiment.name
    for picture in draw(experiment, recorded(experiment, folder), folder):
        click.echo(f"{picture.svg}\n{picture.png}")


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@experiments_option
@results_option
def report(names, experiments, results):
    """Write a report of all recorded experiments, or of those named.

    \b
    Example:
      symrnn report
    """
    folder = experiments_folder(experiments)
    found = [load_experiment(name, folder) for name in names or recorded_names(folder, results)]
    parts = []
    for experiment in found:
        records = recorded(experiment, Path(results) / experiment.name)
        parts.append(
            (experiment, records, draw(experiment, records, Path(results) / experiment.name))
        )
    click.echo("\n".join(str(path) for path in write_report(parts, Path(results))))


def recorded_names(folder, results):
    """The experiments in `folder` that have records."""
    names = [name for name in experiment_names(folder) if load_records(Path(results) / name)]
    if not names:
        raise UserError(
            f"there are no records in {results}; run an experiment first, or give --results DIR"
        )
    return names


def recorded(experiment, results):
    """The records of an experiment; none at all is a `UserError`."""
    records = load_records(results)
    if not records:
        raise UserError(
            f"nothing is recorded of {experiment.name} in {results};"
            f" run `symrnn run {experiment.name} --quick`, or give --results DIR"
        )
    return records


def show_records(experiment, records):
    """The answer and one table a task, on the screen."""
    from rich.markdown import Markdown

    from symrnn.study.report import section

    with without_collector():
        told, screen = section(experiment, records), console()
    for task, table in told.tables.items():
        print_table(f"{experiment.name}: {task}", table.columns, table.rows, axes=table.axes)
    screen.print(Markdown(told.answer))
    for line in told.failures:
        screen.print(f"did not finish: {line}", markup=False)


def draw(experiment, records, folder):
    """The experiment's figures as files."""
    try:
        from symrnn.study.report import pictures

        with without_collector():
            return pictures(experiment, records, folder)
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise UserError(
            "figures need matplotlib; install it with `pip install symrnn[experiments]`"
        ) from error


def write_report(parts, folder):
    """Write ``report.html``, a self-contained page, and ``report.md``; their paths."""
    from symrnn.study.page import html_report
    from symrnn.study.report import markdown_report, section

    with without_collector():
        sections = [section(*part) for part in parts]
    paths = [folder / "report.html", folder / "report.md"]
    for path, text in zip(paths, (html_report(sections), markdown_report(sections, folder))):
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return paths


def warn_of_other_versions(results, fresh):
    """Say so when the records that are kept were made with other versions than are installed."""
    from symrnn.study.report import other_versions

    if not fresh and (differ := other_versions(load_records(results))):
        click.echo(
            f"note: records in {results} were made with {differ}; --fresh starts over", err=True
        )


for command in (measure, compare, explain_command, train, predict):
    cli.add_command(command)


def main():
    """Entry point of `symrnn`."""
    cli(prog_name="symrnn")


if __name__ == "__main__":
    main()
