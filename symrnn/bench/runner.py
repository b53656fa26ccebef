"""Runs jobs, each in a fresh child process, and writes down what comes out.

* A sweep runs round by round, so that the forms which are compared take turns (A B A B).
* *Cold* is a new process with an empty compiledir; *warm* is a second process on the compiledir
  that the cold one just filled. The two run one after the other.
* Threads are pinned by environment variables. PyTensor's flags are those of the job, not those of
  the caller, so that a record says what it was made with.
* A job that fails is a record like any other, and the sweep goes on.
* What was finished is on the disk; a sweep that is run again does what is missing.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import symrnn
from symrnn.bench.child import Outcome, run_child
from symrnn.bench.machine import PINNED_THREADS, cpu_name, machine, versions
from symrnn.bench.records import (
    STATES,
    Job,
    Record,
    RecordFile,
    check_writable,
    set_aside,
)
from symrnn.errors import UserError
from symrnn.modes import OWN_MODES

if TYPE_CHECKING:
    from symrnn.bench.cluster import Cluster

WORKER = ("-m", "symrnn.measure.worker")
FAILED = ("crash", "error", "garbage")  # limits are results, failures may be tried again
# what is the same within one file of records
SAME = ("cpu", "jobs at once", "python", "pytensor", "numpy", "numba", "jax")
# prefixes of variables; Dask sets how its workers allocate memory
NOT_INHERITED = (
    *("PYTENSOR", "THEANO", "NUMBA_", "JAX_", "XLA_", "PYTHONHASHSEED"),
    *("DASK_", "MALLOC_TRIM_THRESHOLD_"),
)


@dataclass(frozen=True)
class Event:
    """Something that happened during a sweep, for a display of its progress."""

    kind: str  # "skipped", "started", "sampled" (about ten times a second), "finished"
    job: Job
    done: int  # jobs that are over
    total: int
    elapsed_s: float = 0.0  # of this job
    rss_bytes: int = 0
    phase: str = ""
    record: Record | None = None  # when finished or skipped


def run_jobs(
    jobs: Iterable[Job],
    results_dir: str | Path,
    *,
    fresh: bool = False,
    retry_failed: bool = False,
    on_event: Callable[[Event], None] | None = None,
    worker: Sequence[str] = WORKER,
    cluster: "Cluster | None" = None,
) -> list[Record]:
    """Run the jobs of which ``results_dir/<experiment>/records.jsonl`` has no record yet.

    Parameters
    ----------
    jobs
        Any order; they run round by round, and in the given order within a round.
    fresh
        Set the records that are there aside (they are renamed, not deleted), and start over.
    retry_failed
        Run jobs again that crashed or raised an error. Those over a limit stay as they are.
    on_event
        Called with an `Event` whenever something happens.
    worker
        Arguments to the Python interpreter that start the child.
    cluster
        A `symrnn.bench.cluster.Cluster`, whose workers take the jobs; otherwise they run here, one
        after the other.

    Returns
    -------
    The records of `jobs`, in their order, those of earlier sweeps among them.

    Raises
    ------
    JobError
        When a record cannot be written. What was finished before is on the disk.
    UserError
        When the records that are there were made on another machine or with other versions.
    """
    wanted = {job.key: job for job in jobs}
    names = dict.fromkeys(job.experiment for job in wanted.values())
    files = {name: RecordFile(Path(results_dir) / name) for name in names}
    for file in files.values():
        if fresh:
            set_aside(file.path)
        # Before the first job rather than after it, which may take ten minutes.
        check_writable(file.path)
    remove_abandoned()
    records: dict[str, Record] = {}
    again = FAILED if retry_failed else ()

    def tell(kind, job, **details):
        if on_event is not None:
            on_event(Event(kind, job, done=len(records), total=len(wanted), **details))

    def missing() -> Iterator[list[Job]]:
        for group in interleaved(wanted.values()):
            file = files[group[0].experiment]
            # Read anew for each group: another sweep may have written to the same file meanwhile.
            held = file.refresh()
            kept = [j for j in group if j.key in held and held[j.key].status not in again]
            for job in kept:
                check_same_setting(job, held[job.key], file.path, cluster)
                records[job.key] = held[job.key]
                tell("skipped", job, record=held[job.key])
            if left := [job for job in group if job not in kept]:
                yield left

    measure = cluster.measured if cluster else in_turn
    for record in measure(missing(), tell=tell, worker=worker):
        files[record.experiment].append(record, replace_statuses=again)
        records[record.key] = record
        tell("finished", wanted[record.key], record=record, elapsed_s=record.wall_s)
    return [records[key] for key in wanted]


def in_turn(groups: Iterable[Sequence[Job]], **options: Any) -> Iterator[Record]:
    """The records of all groups, measured here, one after the other."""
    inherited = inherited_environment()
    for group in groups:
        yield from measured(group, inherited=inherited, **options)


def check_same_setting(
    job: Job, record: Record, path: Path, cluster: "Cluster | None" = None
) -> None:
    """Refuse to go on with records that another machine or other versions made.

    Nothing is refused where jobs run on a cluster of other machines: each record has its own.
    """
    # Another interpreter has other versions on purpose.
    if job.python or (cluster and not cluster.is_here):
        return
    jobs = max(cluster.at_once.values()) if cluster else 1
    here = {**versions(), "cpu": cpu_name(), "jobs at once": jobs}
    there = {
        **record.versions,
        "cpu": record.machine.get("cpu", here["cpu"]),
        "jobs at once": record.machine.get("jobs_at_once", 1),
    }
    if other := [name for name in SAME if name in there and there[name] != here.get(name)]:
        name = other[0]
        raise UserError(
            f"{path} holds records made with {name} {there[name]}, but this is {here.get(name)};"
            " start over (--fresh), or keep these and give another folder (--results DIR)"
        )


def interleaved(jobs: Iterable[Job]) -> list[list[Job]]:
    """The jobs in groups that share a compiledir (cold before warm), round by round.

    Examples
    --------
    >>> jobs = [Job("x", {"form": f}, round=r) for f in "AB" for r in range(2)]
    >>> ["".join(job.case["form"] for job in group) for group in interleaved(jobs)]
    ['A', 'B', 'A', 'B']
    """
    groups: dict[str, list[Job]] = {}
    for job in {job.key: job for job in jobs}.values():
        # The key of the cold job is that of the group: all else of a warm one is the same.
        groups.setdefault(cold_job(job).key, []).append(job)
    # a stable sort: within a round what is compared stays side by side
    ordered = sorted(groups.values(), key=lambda group: group[0].round)
    return [sorted(group, key=lambda job: STATES.index(job.state)) for group in ordered]


def cold_job(job: Job) -> Job:
    """The job, or for a warm one that which fills its compiledir."""
    return job if job.state == "cold" else replace(job, state="cold")


def measured(
    group: Sequence[Job],
    *,
    tell: Callable[..., None] = lambda *args, **kwargs: None,
    worker: Sequence[str] = WORKER,
    inherited: Mapping[bytes, bytes] | None = None,
) -> Iterator[Record]:
    """Run the jobs of one group on one compiledir, cold before warm.

    Where only the warm job is asked for, a cold one runs first and leaves no record. A warm job
    whose cold one did not finish is not run: it would start from half a cache.
    """
    if not group:
        return
    cold = cold_job(group[0])
    runs = [cold, *(job for job in group if job.state == "warm")]
    with scratch_folder() as folder:
        filled: Record | None = None
        for job in runs:
            if filled is not None and not filled.is_ok:  # this one is warm
                message = f"not run, since its cold run failed: {filled.message}"
                here = {"versions": filled.versions, "machine": filled.machine}
                yield Record.of(job, filled.status, message=message, **here)
                continue
            tell("started", job)
            record = run_job(job, folder, tell=tell, worker=worker, inherited=inherited)
            # The first run is the cold one, whether or not its record was asked for.
            filled = filled or record
            if job in group:
                yield record


def run_job(
    job: Job,
    folder: Path,
    *,
    tell: Callable[..., None] = lambda *args, **kwargs: None,
    worker: Sequence[str] = WORKER,
    inherited: Mapping[bytes, bytes] | None = None,
) -> Record:
    """Run one job in a child process that keeps its caches in `folder`; `inherited` as of `inherited_environment`."""
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    here = machine()
    outcome = run_child(
        [job.python or sys.executable, *worker],
        job.to_json(),
        environment=child_environment(job, folder, inherited or inherited_environment()),
        time_limit_s=job.time_limit_s,
        memory_limit_bytes=job.memory_limit_bytes,
        on_sample=lambda elapsed_s, rss_bytes, phase: tell(
            "sampled", job, elapsed_s=elapsed_s, rss_bytes=rss_bytes, phase=phase
        ),
    )
    return record_of(job, outcome, started_at, here)


def record_of(job: Job, outcome: Outcome, started_at: str, here: dict) -> Record:
    """The record of how a child ended; `here` is this machine as it was before."""
    values = dict(outcome.values)
    # The child's own figure misses what its children held, our samples miss what lay between two of them.
    values["peak_rss_bytes"] = max(outcome.peak_rss_bytes, values.get("peak_rss_bytes", 0))
    if outcome.status in FAILED:
        values["printed"] = outcome.printed
    return Record.of(
        job,
        outcome.status,
        message=outcome.message,
        values=values,
        versions=outcome.versions,
        machine={**here, **outcome.machine, "load_before": here["load_before"], "flags": job.flags},
        started_at=started_at,
        wall_s=outcome.wall_s,
    )


def inherited_environment() -> dict[bytes, bytes]:
    """Our environment without PyTensor's settings, in bytes: to decode and encode it would be a tenth of a job."""
    prefixes = tuple(map(str.encode, NOT_INHERITED))
    return {name: text for name, text in os.environb.items() if not name.startswith(prefixes)}


def child_environment(
    job: Job, folder: Path, inherited: Mapping[bytes, bytes]
) -> dict[bytes, bytes]:
    """The environment of a child: what is inherited, with pinned threads.

    symrnn is found through a link, so that another interpreter needs only PyTensor.
    """
    # a mode of ours is unknown to PyTensor when it reads its flags: the worker sets it
    mode = "" if job.mode in OWN_MODES else f"mode={job.mode}"
    flags = [f"base_compiledir={folder / 'compiledir'}", mode, job.flags]
    paths = [importable(), os.fsdecode(inherited.get(b"PYTHONPATH", b""))]
    own = {
        **PINNED_THREADS,
        "PYTENSOR_FLAGS": ",".join(filter(None, flags)),
        "PYTENSORRC": os.devnull,
        # PyTensor walks sets of nodes: their order must not differ from job to job
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        **job.environment,
    }
    return {**inherited, **{os.fsencode(name): os.fsencode(text) for name, text in own.items()}}


def importable() -> str:
    """A folder that holds symrnn and nothing else, to put on a path; one for all jobs of this process."""
    link = f"{link_folder().name}/symrnn"
    if not os.path.exists(link):
        # not its parent folder, which would bring the caller's other packages into another interpreter
        os.makedirs(os.path.dirname(link), exist_ok=True)
        with suppress(FileExistsError):  # another thread was faster
            os.symlink(Path(symrnn.__file__).parent, link, target_is_directory=True)
    return os.path.dirname(link)


@cache
def link_folder() -> tempfile.TemporaryDirectory:
    """Where the link stands; gone when this process ends."""
    return tempfile.TemporaryDirectory(prefix=f"symrnn-{os.getpid()}-")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder for the caches of one group; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"symrnn-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> None:
    """Remove scratch folders, a day old, of sweeps that were killed before they could do it."""
    for folder in Path(tempfile.gettempdir()).glob("symrnn-*-*"):
        pid = folder.name.split("-")[1]
        with suppress(OSError):
            is_old = time.time() - folder.stat().st_mtime > 86_400
            if is_old and pid.isdigit() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)
