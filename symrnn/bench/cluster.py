"""Jobs sent to the workers of a Dask cluster: of this machine's (`local_cluster`) or of many's.

A worker measures one group of jobs at a time (they share a compiledir), each job in a child
process as always. The parent writes the records as they come in, so that nothing depends on the
workers' disks.

* Workers that declare the Dask resource ``symrnn`` take the jobs; where none does, all do. Whatever
  its threads, a worker measures one at a time.
* A group whose worker dies is sent to another. One that takes down a worker each time becomes a
  record of a crash (Dask gives up after ``distributed.scheduler.allowed-failures``, 3).
* Only as many groups are on their way as there are free workers: so the rounds take turns, and a
  worker that dies is held against the group that it ran.
* Jobs on one machine at the same time disturb each other's times: their records say so
  (``jobs_at_once``), and are not mixed with others.

References
----------
* Dask.distributed, "Worker Resources" and "Why did my worker die?"
"""

import platform
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic, sleep
from types import ModuleType
from typing import Any

from symrnn.bench.checked import Malformed
from symrnn.bench.records import Job, Record
from symrnn.bench.runner import WORKER, measured
from symrnn.errors import JobError, UserError

RESOURCE = "symrnn"
WORKER_COMMAND = f"dask worker ADDRESS --nthreads 1 --resources {RESOURCE}=1"
PATIENCE_S = 120.0  # to wait for workers when there is none
CONNECT_S = 10.0
LOOK_S = 1.0  # between two looks at the workers
GO_ON = "what was finished is kept, and the same command goes on from there"
GONE = f"the Dask scheduler is gone; {GO_ON}"
ONE_AT_A_TIME = Lock()  # of a worker process


class Cluster:
    """Where `run_jobs` sends its jobs: ``run_jobs(jobs, folder, cluster=cluster)``.

    Attributes
    ----------
    client
        Of the scheduler, a ``distributed.Client``.
    is_here
        Whether all workers are on this machine.
    resources
        What a worker must declare to take jobs.
    hosts
        The host of each worker seen so far, by address.
    at_once
        The most workers seen on each host: jobs that may have run at the same time.
    """

    def __init__(self, client: Any, *, is_here: bool) -> None:
        self.client, self.is_here = client, is_here
        self.hosts: dict[str, str] = {}
        self.at_once: Counter = Counter()
        every = client.scheduler_info(n_workers=-1)["workers"].values()
        # Asked once: a sweep that began on all workers does not go on with fewer because one declares it later.
        is_declared = any(RESOURCE in worker["resources"] for worker in every)
        self.resources = {RESOURCE: 1} if is_declared else {}
        self.workers()

    def workers(self) -> dict[str, dict]:
        """The workers that take jobs, as the scheduler describes them, by address."""
        workers = {
            address: worker
            for address, worker in self.client.scheduler_info(n_workers=-1)["workers"].items()
            if all(worker["resources"].get(name, 0) >= n for name, n in self.resources.items())
        }
        self.hosts |= {address: worker["host"] for address, worker in workers.items()}
        self.at_once |= Counter(worker["host"] for worker in workers.values())  # the larger
        return workers

    def measured(
        self,
        groups: Iterable[Sequence[Job]],
        *,
        tell: Callable = lambda *args, **kwargs: None,
        worker: Sequence[str] = WORKER,
    ) -> Iterator[Record]:
        """The records of all groups, as they come in."""
        running: dict[Any, Sequence[Job]] = {}  # by future
        left, alive_at = iter(groups), monotonic()
        waiting = next(left, None)
        try:
            while waiting or running:
                for _ in range(len(self.workers()) - len(running)):
                    # as many groups as free workers and no more: then a death is held against the group it ran
                    if waiting:
                        tell("started", waiting[0])
                        running[self.submit(waiting, worker)] = waiting
                        waiting = next(left, None)
                for future in finished(running):
                    # Off the list before its records are written: what a failure cancels below is what still runs.
                    yield from self.records_of(future, running.pop(future))
                alive_at = monotonic() if self.workers() else alive_at
                self.check_alive(alive_at)
        finally:
            self.client.cancel(list(running))

    def submit(self, group: Sequence[Job], worker: Sequence[str]) -> Any:
        """Send a group on its way: the future of its records."""
        path = Path(group[0].path)
        # A worker may be another machine, without the caller's files.
        text = path.read_text() if path.is_file() else ""
        jobs = [job.to_json() for job in group]
        return self.client.submit(
            measured_there, jobs, list(worker), text, resources=self.resources, pure=False
        )

    def records_of(self, future: Any, group: Sequence[Job]) -> Iterator[Record]:
        """The records that a worker sent, or those of a group that took its workers down."""
        from distributed import KilledWorker

        try:
            answers = future.result()
        except KilledWorker as death:
            worker, tries = death.last_worker.address, death.allowed_failures + 1
            message = f"its worker died each of {tries} times, the last one at {worker}"
            details = {"message": message, "machine": {"worker": worker}}
            yield from (self.marked(Record.of(job, "crash", **details)) for job in group)
        except CancelledError as error:
            raise JobError(GONE) from error
        except Exception as error:
            raise JobError(
                f"a Dask worker cannot run symrnn: {type(error).__name__}: {error};"
                " install the same symrnn and PyTensor in the environment of every worker"
            ) from error
        else:
            try:
                yield from map(self.marked, map(Record.from_json, answers))
            except Malformed as error:
                raise JobError(
                    f"a Dask worker sent no record: {error}; install the same symrnn everywhere"
                ) from error

    def marked(self, record: Record) -> Record:
        """The record, with the number of jobs that may have disturbed each other."""
        jobs = self.at_once[self.hosts.get(record.machine["worker"])]
        return (
            replace(record, machine={**record.machine, "jobs_at_once": jobs})
            if jobs > 1
            else record
        )

    def check_alive(self, alive_at: float) -> None:
        """Give up when the scheduler is gone, or there was no worker for long."""
        if self.client.status not in ("running", "connecting"):
            raise JobError(GONE)
        if monotonic() - alive_at > PATIENCE_S:
            raise JobError(
                f"the Dask cluster has had no worker for {PATIENCE_S:g} s; start some with"
                f" `{WORKER_COMMAND}`; {GO_ON}"
            )


def finished(futures: Iterable) -> list:
    """The futures that are over, waited for until the next look at the workers."""
    from distributed import wait

    if not futures:
        sleep(LOOK_S)
        return []
    try:
        return list(wait(list(futures), timeout=LOOK_S, return_when="FIRST_COMPLETED").done)
    except TimeoutError:
        return []
    except CancelledError as error:
        raise JobError(GONE) from error


def measured_there(jobs: Sequence[str], worker: Sequence[str], text: str) -> list[str]:
    """On a worker: the records of a group, as JSON.

    Stops its child when the parent has cancelled the task.
    """
    from distributed import get_worker

    here = get_worker()
    key = here.get_current_task()

    def stop_if_cancelled(*args, **details):
        # Dask cancels a task in its books; a thread that runs is not interrupted, so it must look itself.
        task = here.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise InterruptedError("the sweep was stopped")

    group = [Job.from_json(job) for job in jobs]
    place = {"host": platform.node(), "worker": here.address}
    with ONE_AT_A_TIME, experiment_file(group, text) as group:
        return [
            replace(record, machine={**record.machine, **place}).to_json()
            for record in measured(group, tell=stop_if_cancelled, worker=worker)
        ]


@contextmanager
def experiment_file(group: Sequence[Job], text: str) -> Iterator[list[Job]]:
    """The jobs of `group` with a path that exists: on another machine, a copy of their file."""
    path = Path(group[0].path)
    if not text or path.is_file():
        yield list(group)
        return
    with TemporaryDirectory(prefix="symrnn-") as folder:
        copy = Path(folder) / path.name
        copy.write_text(text)
        yield [replace(job, path=str(copy)) for job in group]


@contextmanager
def dask_cluster(address: str) -> Iterator[Cluster]:
    """The cluster whose scheduler is at `address`, such as ``tcp://10.0.0.1:8786``."""
    with connected(address) as client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError as error:
            raise UserError(
                f"the Dask scheduler at {address} has no worker; start some with"
                f" `{WORKER_COMMAND.replace('ADDRESS', address)}`"
            ) from error
        yield Cluster(client, is_here=False)


@contextmanager
def local_cluster(jobs: int) -> Iterator[Cluster]:
    """A cluster of this machine, for `jobs` at a time; gone afterwards."""
    distributed = required()
    # No limit of Dask's own on memory: each job has one, which is kept where its child runs.
    options = {"threads_per_worker": 1, "memory_limit": 0, "resources": {RESOURCE: 1}}
    with (
        distributed.LocalCluster(
            n_workers=jobs, dashboard_address=":0", silence_logs="ERROR", **options
        ) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        client.register_plugin(left_to_the_parent())
        yield Cluster(client, is_here=True)


def left_to_the_parent() -> Any:
    """A plugin for workers that share our terminal: Ctrl-C is for the parent, which stops them."""
    from distributed import WorkerPlugin

    class LeftToTheParent(WorkerPlugin):
        name = "Ctrl-C is left to the parent"

        def setup(self, worker):
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return LeftToTheParent()


@contextmanager
def connected(address: str) -> Iterator:
    """A client of the scheduler at `address`."""
    distributed = required()
    try:
        client = distributed.Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise UserError(
            f"--dask must be the address of a Dask scheduler, but nothing answers at {address!r};"
            " start one with `dask scheduler`, which prints its address"
        ) from error
    with client:
        yield client


def required() -> ModuleType:
    """Dask's distributed, or the sentence that says how to get it."""
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise UserError(
            "--dask and --jobs need dask and distributed; install them with"
            " `pip install symrnn[cluster]`"
        ) from error
    return distributed
