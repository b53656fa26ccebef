"""`symrnn report`: one page of all recorded experiments."""

from pathlib import Path

import click

from symrnn.bench.records import Record, load_records
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
    if names:
        found = [load_experiment(name, folder) for name in names]
        held = [recorded(each, Path(results) / each.name) for each in found]
    else:
        known = all_recorded(folder, results)
        found, held = [load_experiment(name, folder) for name in known], list(known.values())
    parts = [
        (experiment, records, draw(experiment, records, Path(results) / experiment.name))
        for experiment, records in zip(found, held, strict=True)
    ]
    click.echo("\n".join(str(path) for path in write_report(parts, Path(results))))


def all_recorded(folder: Path, results: str) -> dict[str, list[Record]]:
    """The records of each experiment in `folder` that has any."""
    found = {name: load_records(Path(results) / name) for name in experiment_names(folder)}
    if not any(found.values()):
        raise UserError(
            f"there are no records in {results}; run an experiment first, or give --results DIR"
        )
    return {name: records for name, records in found.items() if records}
