"""What is recorded of an experiment, on the screen and in files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from symrnn.bench.records import Record, load_records
from symrnn.collector import collector_at_rest
from symrnn.commands.terminal import console, print_table
from symrnn.errors import UserError
from symrnn.replacing import replacing
from symrnn.study.experiment import Experiment
from symrnn.study.report import Picture


def recorded(experiment: Experiment, results: str | Path) -> list[Record]:
    """The records of an experiment; none at all is a `UserError`."""
    records = load_records(results)
    if not records:
        raise UserError(
            f"nothing is recorded of {experiment.name} in {results};"
            f" run `symrnn run {experiment.name} --quick`, or give --results DIR"
        )
    return records


def show_records(experiment: Experiment, records: Sequence[Record]) -> None:
    """The answer and one table a task, on the screen."""
    from rich.markdown import Markdown

    from symrnn.study.report import section

    with collector_at_rest():
        told, screen = section(experiment, records), console()
    for task, table in told.tables.items():
        print_table(replace(table, title=f"{experiment.name}: {task}"))
    screen.print(Markdown(told.answer))
    for line in told.failures:
        screen.print(f"did not finish: {line}", markup=False)


def draw(experiment: Experiment, records: Sequence[Record], folder: Path) -> list[Picture]:
    """The experiment's figures as files."""
    try:
        from symrnn.study.report import pictures

        with collector_at_rest():
            return pictures(experiment, records, folder)
    except ModuleNotFoundError as error:
        # a file of the user's may lack another module, which is its own error
        if error.name != "matplotlib":
            raise
        raise UserError(
            "figures need matplotlib; install it with `pip install symrnn[experiments]`"
        ) from error


def write_report(
    parts: Sequence[tuple[Experiment, Sequence[Record], Sequence[Picture]]], folder: Path
) -> list[Path]:
    """Write ``report.html``, a self-contained page, and ``report.md``; their paths."""
    from symrnn.study.page import html_report
    from symrnn.study.report import markdown_report, section

    with collector_at_rest():
        sections = [section(*part) for part in parts]
    paths = [folder / "report.html", folder / "report.md"]
    for path, text in zip(paths, (html_report(sections), markdown_report(sections, folder))):
        # A record may hold what UTF-8 has no bytes for, such as the name of a file.
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8", errors="backslashreplace")
    return paths
