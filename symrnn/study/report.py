"""A report says in words what came out of experiments, computed from their records.

A `Section` is what there is to say about one experiment; the templates beside this file write it
down.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from symrnn.bench.records import Record
from symrnn.bench.spread import is_number
from symrnn.errors import UserError, printable, printable_lines
from symrnn.study.amounts import amount, case_text, goal, listing, number
from symrnn.study.experiment import REFUSED, Experiment, called
from symrnn.study.quantities import grouped, select
from symrnn.study.readings import total
from symrnn.study.rewriting import Rewriting, rewriting
from symrnn.study.selection import Selection, Setup
from symrnn.study.table import COLUMNS, STATUS_WORDS, Comparison, outcome, table
from symrnn.tables import Table, as_markdown, literally

LONGEST = 1000  # characters of a line about a job
LEAST_ACCOUNTED = 0.98  # of a child's time after its imports, by the phases


@dataclass(frozen=True)
class Picture:
    """A figure as files, its text alternative, and the line below it."""

    svg: Path
    png: Path
    alt: str
    caption: str


@dataclass(frozen=True)
class Section:
    """What there is to say about one experiment."""

    name: str
    question: str
    about: str
    answer: str
    tables: dict[str, Table]  # by task
    pictures: tuple[Picture, ...]
    rewriting: tuple[Rewriting, ...]  # of the profiled jobs
    failures: tuple[str, ...]
    setups: tuple[str, ...]
    counts: str
    accounted: str  # how much of the time the phases account for
    left_out: int  # records of other machines or versions
    command: str


def section(
    experiment: Experiment, records: Sequence[Record], pictures: Sequence[Picture] = ()
) -> Section:
    """The `Section` of an experiment from its records."""
    newest = newest_setup(records, across_versions=crosses_versions(experiment))
    left_out = len(records) - len(newest)
    newest = [experiment.judged(record) for record in newest]
    # A profile slows what it watches: its times stand by themselves.
    records, profiled = unprofiled(newest), [record for record in newest if record.profile]
    return Section(
        name=experiment.name,
        question=experiment.question,
        about=experiment.about,
        answer=answer(experiment, records),
        tables=tables(experiment, records),
        pictures=tuple(pictures),
        rewriting=rewriting(profiled, records),
        failures=tuple(failures(newest)),
        setups=setups(newest),
        counts=counts(newest),
        accounted=accounted(newest),
        left_out=left_out,
        command=f"symrnn run {experiment.name}",
    )


def unprofiled(records: Sequence[Record]) -> Selection:
    """The records whose times hold nothing but the measured."""
    return Selection(record for record in records if not record.profile)


def answer(experiment: Experiment, records: Sequence[Record]) -> str:
    """The experiment's own words, or that there is nothing to say yet."""
    if not any(record.status in ("ok", REFUSED) for record in records):
        return "No job has finished yet, so there is no answer."
    told = called(experiment.module, "answer", records)
    if not isinstance(told, str):
        raise UserError(
            f"{experiment.name}.py: answer() must return a text, but returned {told!r:.60}"
        )
    return "\n\n".join(
        filter(None, [printable_lines(told.strip()), cut_short(experiment, records)])
    )


def cut_short(experiment: Experiment, records: Sequence[Record]) -> str:
    """Which numbers of a task (steps, seeds) lie below all that are asked for, as in a quick run; "" for none.

    Cases of the task "compile" answer for themselves at any size.
    """
    told: dict[str, list[str]] = {}
    for task in experiment.tasks():
        done = [record.case for record in select(records, task=task.name, status="ok")]
        for axis in task.cases[0] if done and task.name != "compile" else ():
            asked, found = (
                [case[axis] for case in cases if is_number(case.get(axis))]
                for cases in (task.cases, done)
            )
            # one run in full is an answer, whatever smaller ones are recorded beside it
            if asked and found and max(found) < min(asked):
                words = f"{axis.replace('_', ' ')} {number(max(found))}, not {number(min(asked))}"
                told.setdefault(task.name, []).append(words)
    if not told:
        return ""
    parts = "; ".join(f"`{task}` with {listing(each)}" for task, each in told.items())
    return f"**A quick run**, smaller than what answers the question: {parts}."


def tables(experiment: Experiment, records: Sequence[Record]) -> dict[str, Table]:
    """One table a task, those that have anything to show."""
    columns = getattr(experiment.module, "columns", COLUMNS)
    quantity = getattr(experiment.module, "ratio_of", "total_s")
    comparison = Comparison(experiment.reference, quantity, crosses_versions(experiment))
    found = {
        task: table(group, columns, task=task, comparison=comparison)
        for task, group in grouped(records, "task").items()
    }
    # a table of nothing but axes says no more than the list of cases
    return {printable(task): each for task, each in found.items() if len(each.columns) > each.axes}


def crosses_versions(experiment: Experiment) -> bool:
    """Whether the experiment compares interpreters, and with them versions."""
    return hasattr(experiment.module, "python")


def pictures(
    experiment: Experiment, records: Sequence[Record], folder: str | Path
) -> list[Picture]:
    """Draw the experiment's charts into `folder`; all but the first are numbered."""
    newest = newest_setup(unprofiled(records), across_versions=crosses_versions(experiment))
    judged = Selection(map(experiment.judged, newest))
    charts = called(experiment.module, "figure", judged)
    charts = charts if isinstance(charts, list | tuple) else [charts]
    if wrong := [chart for chart in charts if not callable(getattr(chart, "save", None))]:
        raise UserError(
            f"{experiment.name}.py: figure() must return charts, as lines() makes them, but returned"
            f" {wrong[0]!r:.60}"
        )
    # the first keeps the plain name: most experiments have one figure
    stems = [experiment.name, *(f"{experiment.name}-{i}" for i in range(2, len(charts) + 1))]
    return [
        Picture(svg, png, chart.alt, chart.caption)
        # Where there is no chart there is a stem all the same.
        for stem, chart in zip(stems, charts, strict=False)
        for svg, png in [chart.save(Path(folder) / stem)]
    ]


def failures(records: Sequence[Record]) -> list[str]:
    """One line a case that did not finish."""
    lost: dict[str, None] = {}
    for record in records:
        if record.status not in ("ok", REFUSED):
            about = f"{case_text(record.case)}, {record.mode} {record.state}: {outcome(record)}"
            message = record.message if record.message and record.message not in about else ""
            task = "profiled" if record.profile else record.task
            told = f"{task} {about}{f' ({message})' if message else ''}"
            lost[printable(told, LONGEST)] = None
    return list(lost)


def counts(records: Sequence[Record]) -> str:
    """How many jobs were measured, and how long they took.

    Examples
    --------
    >>> counts([])
    'No jobs are recorded.'
    """
    if not records:
        return "No jobs are recorded."
    statuses = Counter(record.status for record in records)
    told = [f"{count} {STATUS_WORDS.get(status, 'finished')}" for status, count in statuses.items()]
    total = amount(float(round(sum(record.wall_s for record in records))), "wall_s")
    rounds = len({record.round for record in records})
    many = "s" * (rounds > 1)
    few = " With fewer than three rounds, a ratio of times near 1 decides nothing." * (rounds < 3)
    return f"{len(records)} jobs in {rounds} round{many} ({', '.join(told)}), {total} in all.{few}"


def accounted(records: Sequence[Record]) -> str:
    """What share of each child's time after its imports the phases add up to.

    Examples
    --------
    >>> accounted([])
    ''
    """
    shares = [share for record in records if (share := accounted_share(record)) is not None]
    if not shares:
        return ""
    words = goal(f"at least {100 * LEAST_ACCOUNTED:.0f} %", min(shares) >= LEAST_ACCOUNTED)
    return (
        f"The phases account for {100 * min(shares):.1f} % or more of each child's time after its"
        f" imports {words}."
    )


def accounted_share(record: Record) -> float | None:
    """The sum of a child's phases over its time after its imports, None where it does not know both."""
    phases, whole = (record.values.get(name) for name in ("phases_s", "after_import_s"))
    if not (record.is_ok and isinstance(phases, dict) and is_number(whole) and whole > 0):
        return None
    return found / whole if phases and (found := total([*phases.values()])) is not None else None


def setups(records: Sequence[Record]) -> tuple[str, ...]:
    """The machines and versions of records, each once, in lines."""
    setup = Setup()
    found = {
        (setup(record), record.machine.get("blas_threads")): record
        # Reversed twice: the first record of each set-up speaks for it, and the order is that of the records.
        for record in reversed(records)
        if record.versions
    }
    return tuple(dict.fromkeys(setup_text(record) for record in reversed(found.values())))


def setup_text(record: Record) -> str:
    """The machine and the versions of a record in one line."""
    machine, versions = record.machine, record.versions
    parts = [machine.get("cpu"), machine.get("cores") and f"{machine['cores']} cores"]
    parts += [
        (size := machine.get("memory_bytes")) and amount(size, "memory_bytes"),
        machine.get("os"),
    ]
    if machine.get("blas_threads"):
        parts.append(f"BLAS threads {machine['blas_threads']}")
    if machine.get("jobs_at_once"):
        parts.append(f"{machine['jobs_at_once']} jobs at a time, which disturb each other's times")
    named = [f"{name} {each}" for name, each in versions.items() if each]
    where = ", ".join(str(part) for part in parts if part) or "unknown machine"
    return printable(f"{where}; {', '.join(named) or 'unknown versions'}", LONGEST)


def newest_setup(records: Sequence[Record], *, across_versions: bool = False) -> list[Record]:
    """The records of the set-up that the last record has: machines and versions are never mixed."""

    # a child that died early could not say its versions: it belongs to whichever run it stands in
    finished = [record for record in records if record.versions] or records
    setup = Setup(across_versions)
    newest = setup(finished[-1])
    return [record for record in records if not record.versions or setup(record) == newest]


def other_versions(records: Sequence[Record]) -> str:
    """The versions that the records have where others are installed now, as text; else ""."""
    differ: dict[str, None] = {}
    for record in records:
        for name, then in record.versions.items():
            if name != "python" and then and (now := installed(name)) and now != then:
                differ[f"{name} {then} (now {now})"] = None
    return listing(differ) if differ else ""


def installed(distribution: str) -> str | None:
    """The installed version of a distribution, None where there is none."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def rendered(template: str, **context: Any) -> str:
    """A template of this folder, filled in."""
    environment = Environment(
        loader=PackageLoader("symrnn.study", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Only in HTML: Markdown would show the escapes.
        autoescape=template.endswith(".html.j2"),
        keep_trailing_newline=True,
    )
    environment.filters["literally"] = literally
    return environment.get_template(template).render(**context)


def markdown_report(sections: Sequence[Section], folder: str | Path) -> str:
    """The sections as Markdown; figures are named relative to `folder`."""

    def relative(path):
        return Path(path).relative_to(folder).as_posix()

    return rendered("report.md.j2", sections=sections, as_markdown=as_markdown, relative=relative)
