"""`symrnn list`: the experiments and what is recorded of them."""

from pathlib import Path

import click

from symrnn.bench.records import load_records
from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.terminal import console
from symrnn.errors import UserError
from symrnn.study.experiment import experiment_names, experiments_folder, load_experiment


@click.command("list")
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
    try:
        experiment = load_experiment(name, folder)
    except UserError as error:
        return f"[red]{error}[/red]", "–"
    wanted = {job.key for job in experiment.jobs()}
    found = {record.key for record in load_records(Path(results) / name)}
    return experiment.question, f"{len(wanted & found)} of {len(wanted)}"
