"""`symrnn report`: one page of all recorded experiments."""

from pathlib import Path

import click

from symrnn.bench.records import load_records
from symrnn.commands.options import experiments_option, results_option
from symrnn.commands.recorded import draw, recorded, write_report
from symrnn.errors import UserError
from symrnn.study.experiment import experiment_names, experiments_folder, load_experiment


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@experiments_option
@results_option
def report(names: tuple[str, ...], experiments: str | None, results: str) -> None:
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


def recorded_names(folder: Path, results: str) -> list[str]:
    """The experiments in `folder` that have records."""
    names = [name for name in experiment_names(folder) if load_records(Path(results) / name)]
    if not names:
        raise UserError(
            f"there are no records in {results}; run an experiment first, or give --results DIR"
        )
    return names
