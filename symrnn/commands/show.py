"""`symrnn show`: the table and the answer of an experiment."""

from pathlib import Path

import click

from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.recorded import recorded, show_records
from symrnn.study.experiment import experiments_folder, load_experiment


@click.command()
@click.argument("name")
@experiments_option
@results_option
def show(name: str, experiments: str | None, results: str) -> None:
    """Show what is recorded of an experiment: its table and its answer.

    \b
    Example:
      symrnn show nesterov_forms
    """
    experiment = load_experiment(name, experiments_folder(experiments))
    show_records(experiment, recorded(experiment, Path(results) / experiment.name))
