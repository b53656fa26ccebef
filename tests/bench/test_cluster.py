"""Jobs on a Dask cluster of two worker processes, some of which die while they work."""

import itertools
import time
from concurrent.futures import CancelledError
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest

from symrnn.bench import cluster as bench_cluster
from symrnn.bench.cluster import dask_cluster, experiment_file, local_cluster
from symrnn.bench.records import Job, Record, load_records
from symrnn.bench.runner import check_same_setting, run_jobs
from symrnn.errors import JobError, UserError

# Filters hold for Dask's threads too, where a warning that is an error is no failure but a worker that never returns.
pytestmark = pytest.mark.filterwarnings("default")

WORKER = (str(Path(__file__).with_name("fake_worker.py")),)
ALLOWED_FAILURES = 1


def job(does, *, path="", round=0, state="cold", **case):
    return Job("faults", {"does": does, **case}, path, round=round, state=state, time_limit_s=60)


@pytest.fixture(scope="module")
def scheduler():
    """The address of a cluster whose workers have four threads and declare no resource."""
    dask = pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    options = {"threads_per_worker": 4, "dashboard_address": ":0", "silence_logs": "CRITICAL"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": ALLOWED_FAILURES}),
        distributed.LocalCluster(n_workers=2, **options) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture
def run(scheduler, tmp_path):
    def run(*jobs, **options):
        with dask_cluster(scheduler) as cluster:
            cluster.client.wait_for_workers(2)  # those that an earlier test killed come back
            return run_jobs(jobs, tmp_path, worker=WORKER, cluster=cluster, **options)

    return run


@pytest.mark.slow
def test_a_job_whose_worker_is_killed_while_it_works_runs_on_another(run, tmp_path):
    jobs = [job("print_garbage", n=n) for n in range(4)]
    jobs.insert(1, job("kill_parent", once=str(tmp_path / "killed")))
    records = run(*jobs)
    assert (tmp_path / "killed").exists()
    assert [record.key for record in records] == [each.key for each in jobs]
    assert {record.status for record in records} == {"ok"}
    assert sorted(load_records(tmp_path / "faults"), key=str) == sorted(records, key=str)


@pytest.mark.slow
def test_a_job_that_kills_each_of_its_workers_is_a_record_that_says_so(run):
    faulty, warm, after = run(
        job("kill_parent"), job("kill_parent", state="warm"), job("print_garbage")
    )
    assert after.is_ok
    for record in (faulty, warm):
        assert record.status == "crash"
        assert record.message.startswith(f"its worker died each of {ALLOWED_FAILURES + 1} times")
        assert record.machine["worker"] in record.message


@pytest.mark.slow
def test_a_worker_measures_one_job_at_a_time_and_the_record_names_it(run, tmp_path):
    path = tmp_path / "model.py"
    path.write_text("cases = []")
    records = run(*(job("when", n=n, path=str(path)) for n in range(6)))
    spans = {}
    for record in records:
        values = record.values
        spans.setdefault(values["parent"], []).append((values["begin"], values["end"]))
        assert values["text"] == "cases = []"
        assert record.machine["host"]
        assert record.machine["worker"].startswith("tcp://")
        assert record.machine["jobs_at_once"] == 2  # on this machine, which both workers share
        assert record.machine["cores"] >= 1
    assert len(spans) == 2
    for one in spans.values():
        assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(sorted(one)))


@pytest.mark.slow
def test_an_interrupt_keeps_what_was_finished_and_stops_the_children(run, tmp_path):
    def interrupt(event):
        if event.kind == "finished":
            raise KeyboardInterrupt

    pids = tmp_path / "pids"
    with pytest.raises(KeyboardInterrupt):
        run(
            job("hang_with_children", pids=str(pids)),
            job("when", path=WORKER[0]),
            on_event=interrupt,
        )
    (record,) = load_records(tmp_path / "faults")
    assert record.is_ok
    assert until(lambda: not hangs(psutil.Process()))


def until(fact, patience_s=30):
    """Whether `fact` comes true in time."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end and not fact():
        time.sleep(0.1)
    return fact()


def hangs(process):
    """Whether anything below `process` is a fake worker."""
    return any(
        "fake_worker.py" in " ".join(each.cmdline())
        for each in process.children(recursive=True)
        if each.status() != "zombie"
    )


@pytest.mark.slow
def test_an_error_of_the_worker_stops_the_sweep_with_its_cause(run):
    with pytest.raises(JobError, match=r"cannot run symrnn: JobError: cannot start /no/python"):
        run(Job("x", {"does": "silent"}, python="/no/python"))


@pytest.mark.slow
def test_jobs_at_once_on_this_machine_are_marked_and_not_mixed_with_others(tmp_path):
    jobs = [job("print_garbage", n=n) for n in range(3)]
    pytest.importorskip("distributed")
    with local_cluster(2) as cluster:
        records = run_jobs(jobs, tmp_path, worker=WORKER, cluster=cluster)
        assert run_jobs(jobs, tmp_path, worker=WORKER, cluster=cluster) == records
    assert {record.machine["jobs_at_once"] for record in records} == {2}
    with pytest.raises(UserError, match="made with jobs at once 2, but this is 1; start over"):
        run_jobs(jobs, tmp_path, worker=WORKER)


def test_a_scheduler_that_does_not_answer_is_one_sentence(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(bench_cluster, "CONNECT_S", 0.5)
    silent = dask_cluster("tcp://127.0.0.1:1")
    with (
        pytest.raises(UserError, match=r"nothing answers at 'tcp://127.0.0.1:1'; start one"),
        silent,
    ):
        pass


def test_a_file_that_another_machine_lacks_is_sent_along(tmp_path):
    there, missing = tmp_path / "there.py", tmp_path / "missing.py"
    there.write_text("here = True")
    with experiment_file([job("x", path=str(there))], "sent = True") as (kept,):
        assert kept.path == str(there)
    with experiment_file([job("x", path=str(missing))], "sent = True") as (sent,):
        assert Path(sent.path).name == "missing.py"
        assert Path(sent.path).read_text() == "sent = True"
    assert not Path(sent.path).exists()


class DeadScheduler:
    """A client whose scheduler has no workers, or is gone."""

    def __init__(self, status):
        self.status = status

    def scheduler_info(self, n_workers):
        return {"workers": {}}

    def cancel(self, futures):
        assert futures == []


@pytest.mark.parametrize(
    ("status", "message"),
    [("running", "has had no worker for"), ("closed", "the Dask scheduler is gone")],
)
def test_a_cluster_without_workers_is_given_up(status, message, tmp_path, monkeypatch):
    monkeypatch.setattr(bench_cluster, "LOOK_S", 0.01)
    monkeypatch.setattr(bench_cluster, "PATIENCE_S", 0.02)
    dead = bench_cluster.Cluster(DeadScheduler(status), is_here=False)
    with pytest.raises(JobError, match=message):
        run_jobs([job("x")], tmp_path, cluster=dead)


class Answered:
    """What a worker sent, or the error that came in its place."""

    def __init__(self, answer):
        self.answer = answer

    def result(self):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (["[1]"], "a Dask worker sent no record: .*; install the same symrnn everywhere"),
        (["{"], "a Dask worker sent no record: it is no JSON"),
        (CancelledError(), "the Dask scheduler is gone; what was finished is kept"),
        (ImportError("no symrnn"), "a Dask worker cannot run symrnn: ImportError: no symrnn; "),
    ],
)
def test_what_is_no_record_stops_the_sweep_with_one_sentence(answer, message):
    pytest.importorskip("distributed")
    cluster = bench_cluster.Cluster(DeadScheduler("running"), is_here=False)
    with pytest.raises(JobError, match=message):
        list(cluster.records_of(Answered(answer), [job("x")]))


def test_records_of_workers_that_share_a_machine_say_so():
    pytest.importorskip("distributed")
    cluster = bench_cluster.Cluster(DeadScheduler("running"), is_here=False)
    cluster.hosts, cluster.at_once = {"a": "one", "b": "other"}, {"one": 2, "other": 1}
    sent = [Record.of(job("x"), "ok", machine={"worker": name}) for name in "ab"]
    found = list(cluster.records_of(Answered([each.to_json() for each in sent]), [job("x")]))
    assert [each.machine.get("jobs_at_once") for each in found] == [2, None]
    assert found[1] == sent[1]


class Workers(DeadScheduler):
    """A client of workers on one host that declare resources or none."""

    def __init__(self, **resources):
        super().__init__("running")
        self.each = {name: {"resources": r, "host": "here"} for name, r in resources.items()}

    def scheduler_info(self, n_workers):
        return {"workers": self.each}

    def wait_for_workers(self, n, timeout):
        assert len(self.each) >= n


@pytest.mark.parametrize(
    ("declared", "taken"),
    [
        ({"a": {}, "b": {}}, ["a", "b"]),
        ({"a": {bench_cluster.RESOURCE: 1}, "b": {}}, ["a"]),
        ({"a": {"gpu": 1}, "b": {bench_cluster.RESOURCE: 2}}, ["b"]),
    ],
    ids=["none declares", "one declares", "one declares another"],
)
def test_jobs_go_to_the_workers_that_declare_it_or_to_all(declared, taken):
    cluster = bench_cluster.Cluster(Workers(**declared), is_here=True)
    assert sorted(cluster.workers()) == taken
    assert cluster.at_once == {"here": len(taken)}


def test_workers_of_a_scheduler_may_be_on_other_machines(monkeypatch):
    monkeypatch.setattr(bench_cluster, "connected", lambda address: nullcontext(Workers(a={})))
    with dask_cluster("tcp://10.0.0.1:8786") as cluster:
        assert not cluster.is_here


OLDER = Record.of(Job("x"), "ok", versions={"pytensor": "0.1"}, machine={"cpu": "another"})


@pytest.mark.parametrize("place", ["here", "another interpreter", "other machines"])
def test_records_of_other_versions_are_gone_on_with_where_each_has_its_own(place):
    job = Job("x", python="python3.9") if place == "another interpreter" else Job("x")
    cluster = bench_cluster.Cluster(Workers(a={}), is_here=place == "here")
    expected = nullcontext()
    if place == "here":
        expected = pytest.raises(UserError, match="holds records made with")
    for chosen in (cluster, None) if place != "other machines" else (cluster,):
        with expected:
            check_same_setting(job, OLDER, Path("records.jsonl"), chosen)
