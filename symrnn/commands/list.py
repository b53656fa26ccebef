"""`symrnn list`: the experiments and what is recorded of them."""

from pathlib import Path

import click

from symrnn.bench.records import load_records
from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.terminal import print_table
from symrnn.errors import JobError, UserError
from symrnn.study.experiment import experiment_names, experiments_folder, load_experiment
from symrnn.tables import Table


@click.command("list")
@experiments_option
@results_option
def list_(experiments: str | None, results: str) -> None:
    """List the experiments, their questions, and how many of their jobs are recorded.

    \b
    Example:
      symrnn list
    """
    folder = experiments_folder(experiments)
    rows = [(name, *summary(name, folder, results)) for name in experiment_names(folder)]
    print_table(Table(("experiment", "question", "recorded"), rows, axes=2, widest=500))


def summary(name: str, folder: Path, results: str) -> tuple[str, str]:
    """Question of an experiment and its progress, or what is wrong with its file."""
    try:
        experiment = load_experiment(name, folder)
        wanted = {job.key for job in experiment.jobs()}
        found = {record.key for record in load_records(Path(results) / name)}
    except (UserError, JobError) as error:
        return str(error), "–"
    return experiment.question, f"{len(wanted & found)} of {len(wanted)}"
