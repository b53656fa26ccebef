"""The live display of a sweep: how far it is, what runs, and what did not finish."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar

from symrnn.bench.records import Job, Record
from symrnn.bench.runner import Event
from symrnn.study.amounts import amount, case_text, duration
from symrnn.study.table import outcome

STYLES = {"ok": None, "refused": None, "time_limit": "yellow", "memory_limit": "yellow"}


class Progress:
    """Shows the events of `run_jobs`: a bar on a terminal, a line a job anywhere else.

    Use it as a context, and give it to ``run_jobs(..., on_event=progress)``. What ``judged(record)`` returns is told in
    the place of each record.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        console: Console,
        *,
        judged: Callable[[Record], Record] = lambda record: record,
    ) -> None:
        self.console, self.judged = console, judged
        self.bar = Bar(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            # what is finished stays as lines above; the bar itself need not
            transient=True,
            disable=not console.is_terminal,
        )
        self.line = self.bar.add_task("", total=len(jobs))

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def __call__(self, event: Event) -> None:
        match event.kind:
            case "started" | "sampled":
                self.bar.update(self.line, description=running_text(event))
            # What an earlier sweep recorded is no news: the bar moves, no line is told.
            case "skipped":
                self.bar.update(self.line, completed=event.done)
            case "finished":
                self.bar.update(self.line, completed=event.done)
                assert event.record is not None
                record = self.judged(event.record)
                told = finished_text(event, record)
                style = STYLES.get(record.status, "red")
                self.console.print(told, markup=False, highlight=False, style=style)


def running_text(event: Event) -> str:
    """What runs now: the job, its phase, how long already, and its memory."""
    memory = amount(event.rss_bytes, "rss_bytes") if event.rss_bytes else ""
    now = [job_text(event.job), event.phase, f"{event.elapsed_s:.0f} s", memory]
    return "  ".join(filter(None, now))


def finished_text(event: Event, record: Record) -> str:
    """One line for a job that is over: its time, or how it failed."""
    told = duration(record.wall_s) if record.status == "ok" else outcome(record)
    return f"{event.done:>4}/{event.total}  {job_text(event.job)}  {told}"


def job_text(job: Job) -> str:
    """A job in one line."""
    words = [] if job.task == "compile" else [job.task]
    words += [case_text(job.case), job.mode, job.state]
    return " ".join(words) + (f" round {job.round + 1}" if job.round else "")
