"""`symrnn figures`: the figures of an experiment, drawn again."""

from pathlib import Path

import click

from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.recorded import draw, recorded
from symrnn.study.experiment import experiments_folder, load_experiment


@click.command()
@click.argument("name")
@experiments_option
@results_option
def figures(name: str, experiments: str | None, results: str) -> None:
    """Draw an experiment's figures again, as SVG and PNG.

    \b
    Example:
      symrnn figures nesterov_forms
    """
    experiment = load_experiment(name, experiments_folder(experiments))
    folder = Path(results) / experiment.name
    for picture in draw(experiment, recorded(experiment, folder), folder):
        click.echo(f"{picture.svg}\n{picture.png}")
