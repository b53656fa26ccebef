"""The runner against children that crash, hang, overeat, and say the wrong things."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from symrnn.bench import child, records, runner
from symrnn.bench.child import run_child
from symrnn.bench.machine import PINNED_THREADS
from symrnn.bench.records import Job, load_records
from symrnn.bench.runner import interleaved, run_jobs
from symrnn.errors import JobError, UserError

WORKER = (str(Path(__file__).with_name("fake_worker.py")),)
MB = 2**20


def job(does, *, time_limit_s=30.0, memory_limit_mb=2000, state="cold", round=0, **case):
    return Job(
        "faults",
        {"does": does, **case},
        state=state,
        round=round,
        time_limit_s=time_limit_s,
        memory_limit_bytes=memory_limit_mb * MB,
    )


def run(folder, *jobs, **options):
    return run_jobs(jobs, folder, worker=WORKER, **options)


def wait_for_the_end_of(pid):
    """A process that was killed ends when it is next run, and is gone when whoever adopted it has seen that."""
    deadline = time.monotonic() + 20
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != "zombie":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def stopped_when_known(does, pids):
    """The processes that a child started, which has run over its limit as soon as they stand in a file."""

    def clock():
        return 100.0 if pids.exists() and pids.read_text().rstrip().endswith("]") else 0.0

    outcome = run_child(
        [sys.executable, *WORKER],
        job(does, pids=str(pids)).to_json(),
        environment=os.environ,
        time_limit_s=50.0,
        memory_limit_bytes=10**12,
        clock=clock,
    )
    assert outcome.status == "time_limit", outcome.message
    return json.loads(pids.read_text())


FAULTS = {  # what the child does: (its limits, status, message)
    "segfault": ({}, "crash", "killed by SIGSEGV in phase link"),
    "overeat": ({"memory_limit_mb": 100}, "memory_limit", "over 100 MB in phase grad"),
    "overeat_in_a_child": ({"memory_limit_mb": 200}, "memory_limit", "over 200 MB"),
    "print_megabytes": ({}, "ok", ""),
    "print_garbage": ({}, "ok", ""),
    "malformed": ({}, "garbage", """its answer is malformed: '{"done": {"status": "o'"""),
    "malformed_then_hang": ({}, "garbage", """its answer is malformed: '{"done": {"status": "o'"""),
    "binary": ({}, "garbage", "its answer is malformed: "),
    "endless_answer": ({}, "garbage", "its answer is longer than 1 MB"),
    "half_an_answer": ({}, "garbage", """its answer is malformed: '{"done": {"sta'"""),
    "unknown_status": ({}, "garbage", "its answer is malformed: "),
    "a_list": ({}, "garbage", "its answer is malformed: '[1, 2]'"),
    "silent": ({}, "garbage", "it ended without an answer"),
    "killed": ({}, "crash", "killed by SIGKILL (by hand, or by the system when memory ran out)"),
    "exit_3": ({}, "crash", "ended with exit code 3: ImportError: no such thing"),
    "hang_after_done": ({}, "ok", ""),
    "crash_after_done": ({}, "ok", ""),
}


@pytest.mark.parametrize("does", FAULTS)
def test_every_fault_is_one_record_and_the_sweep_goes_on(does, tmp_path, monkeypatch):
    monkeypatch.setattr(child, "GRACE_S", 0.3)
    monkeypatch.setattr(child, "ANSWER_BYTES", MB)
    limits, status, message = FAULTS[does]
    faulty, after = run(tmp_path, job(does, **limits), job("print_garbage", then=1))
    assert faulty.status == status
    assert faulty.message.startswith(message)
    assert "\n" not in faulty.message
    assert after.is_ok
    assert load_records(tmp_path / "faults") == [faulty, after]


def test_what_a_child_knew_before_it_was_stopped_is_kept(tmp_path):
    (record,) = run(tmp_path, job("overeat", memory_limit_mb=100))
    assert record.values["build_s"] == 0.5
    assert record.values["peak_rss_bytes"] > 100 * MB
    assert record.versions == {"worker": "fake"}
    assert record.machine["blas"] == "fake"


def test_a_child_is_killed_with_all_that_it_started(tmp_path):
    for pid in stopped_when_known("hang_with_children", tmp_path / "pids"):
        wait_for_the_end_of(pid)


def test_the_whole_group_is_killed_also_what_has_lost_its_parent(tmp_path):
    """Nobody's child but the group's: it is found by its group alone."""
    (pid,) = stopped_when_known("hang_beside_an_orphan", tmp_path / "pids")
    try:
        wait_for_the_end_of(pid)
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_the_time_limit_goes_by_the_clock_that_is_given():
    """A clock that jumps by hours stops the child at once; nothing sleeps that long."""
    now = iter([0.0, *[float(3600 * n) for n in range(1, 99)]])
    outcome = run_child(
        [sys.executable, *WORKER],
        job("hang").to_json(),
        environment=os.environ,
        time_limit_s=3500,
        memory_limit_bytes=10**12,
        clock=lambda: next(now),
    )
    assert (outcome.status, outcome.message[:11]) == ("time_limit", "over 3500 s")


def test_the_time_of_day_may_jump(tmp_path, monkeypatch):
    """Limits and durations are read from a monotonic clock."""
    times = iter(range(10**9, 0, -(10**6)))
    monkeypatch.setattr(time, "time", lambda: next(times))
    (record,) = run(tmp_path, job("print_garbage"))
    assert record.is_ok
    assert 0 <= record.wall_s < 30


def test_an_interpreter_that_is_missing_is_a_job_error(tmp_path):
    with pytest.raises(JobError, match="cannot start /no/python: No such file"):
        run_jobs([Job("x", python="/no/python")], tmp_path, worker=WORKER)


def test_a_child_has_pinned_threads_its_own_caches_and_no_flags_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTENSOR_FLAGS", "floatX=float16,cxx=")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    special = Job(
        "x", {"does": "report"}, mode="CVM", flags="floatX=float32", environment={"A": "b"}
    )
    (record,) = run(tmp_path, special)
    environment = record.values["environment"]
    assert PINNED_THREADS.items() <= environment.items()
    assert environment["A"] == "b"
    assert environment["PYTHONHASHSEED"] == "0"
    flags = record.values["flags"]
    assert (flags["floatX"], flags["mode"], flags.get("cxx")) == ("float32", "CVM", None)
    assert record.machine["flags"] == "floatX=float32"
    assert not Path(flags["base_compiledir"]).exists()  # gone with the job


def test_all_jobs_find_the_package_by_one_link_which_is_made_again_where_it_is_gone():
    folder = Path(runner.importable())
    assert [each.name for each in folder.iterdir()] == ["symrnn"]
    assert (folder / "symrnn").resolve() == Path(runner.symrnn.__file__).parent
    shutil.rmtree(folder)
    assert runner.importable() == str(folder)
    assert (folder / "symrnn" / "__init__.py").exists()


def test_cold_starts_from_nothing_and_warm_from_what_cold_left(tmp_path):
    cold, warm = run(tmp_path, *(job("report", state=state) for state in ("cold", "warm")))
    assert (cold.values["found"], warm.values["found"]) == ([], ["cold"])


def test_a_warm_job_alone_is_warmed_up_by_a_cold_one_without_a_record(tmp_path):
    (warm,) = run(tmp_path, job("report", state="warm"))
    assert warm.values["found"] == ["cold"]
    assert load_records(tmp_path / "faults") == [warm]


def test_a_warm_job_is_not_run_where_its_cold_one_failed(tmp_path):
    _, warm = run(tmp_path, *(job("exit_3", state=state) for state in ("cold", "warm")))
    assert warm.status == "crash"
    assert warm.message.startswith("not run, since its cold run failed: ended with exit code 3")


def logged(tmp_path, **case):
    return [
        job("log", form=form, round=round, state=state, log=str(tmp_path / "log"), **case)
        for form in "AB"
        for state in ("warm", "cold")
        for round in (0, 1)
    ]


def test_forms_take_turns_and_cold_comes_before_warm(tmp_path):
    run(tmp_path, *logged(tmp_path))
    assert (tmp_path / "log").read_text() == "A0c A0w B0c B0w A1c A1w B1c B1w "


def test_a_second_sweep_does_only_what_is_missing(tmp_path):
    jobs = logged(tmp_path)
    run(tmp_path, *jobs[:3])
    (tmp_path / "log").unlink()
    events = []
    records = run(tmp_path, *jobs, on_event=lambda event: events.append((event.kind, event.done)))
    assert (tmp_path / "log").read_text() == "B0c B0w A1c B1c B1w "
    assert [record.key for record in records] == [each.key for each in jobs]
    assert events[-1] == ("finished", 8)


def test_a_fresh_sweep_starts_over_and_keeps_the_old_file(tmp_path):
    (old,) = run(tmp_path, job("print_garbage"))
    (new,) = run(tmp_path, job("print_garbage"), fresh=True)
    assert load_records(tmp_path / "faults") == [new]
    (aside,) = (tmp_path / "faults").glob("*.old.jsonl")
    assert load_records(aside) == [old]


def test_records_of_other_versions_are_not_mixed_with(tmp_path):
    old = job("print_garbage", versions={"pytensor": "1.0"})
    run(tmp_path, old)
    with pytest.raises(UserError, match=r"made with pytensor 1.0, but this is .* start over"):
        run(tmp_path, old, job("print_garbage"))
    run(tmp_path, old, fresh=True)


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path):
    (tmp_path / "faults").write_text("")  # a file where the folder should be
    events = []
    with pytest.raises(JobError, match="give another folder"):
        run(tmp_path, job("print_garbage"), on_event=events.append)
    assert events == []


def test_failures_are_tried_again_only_when_asked(tmp_path):
    log = tmp_path / "log"
    failing = job("log", form="A", fails="A", log=str(log))
    for retry_failed, tries in [(False, 1), (False, 1), (True, 2)]:
        run(tmp_path, failing, retry_failed=retry_failed)
        assert len(log.read_text().split()) == tries
    log.unlink()
    slow = job("hang", time_limit_s=0.3)
    (first,) = run(tmp_path, slow)
    assert run(tmp_path, slow, retry_failed=True) == [first]  # a limit is a result


def test_events_tell_what_happens(tmp_path, monkeypatch):
    events = []

    def clock():  # the limit is over as soon as the phase was seen
        return time.monotonic() + 1000 * (bool(events) and events[-1].phase == "rewrite")

    monkeypatch.setattr(runner, "run_child", partial(run_child, clock=clock))
    run(tmp_path, job("hang", time_limit_s=500), on_event=events.append)
    kinds = [event.kind for event in events]
    assert kinds[0] == "started"
    assert set(kinds[1:-1]) == {"sampled"}
    assert kinds[-1] == "finished"
    last = events[-2]
    assert (last.phase, last.total, last.done) == ("rewrite", 1, 0)
    assert last.rss_bytes > MB
    record = events[-1].record
    assert (record.status, record.message) == ("time_limit", "over 500 s in phase rewrite")


def test_an_interrupt_keeps_what_was_finished_and_kills_the_child(tmp_path):
    def interrupt(event):
        if event.kind == "sampled" and event.done == 1:
            raise KeyboardInterrupt

    before = psutil.Process().children()  # other tests leave helpers of multiprocessing
    jobs = [job("print_garbage"), job("hang_with_children", pids=str(tmp_path / "pids"))]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, *jobs, on_event=interrupt)
    (record,) = load_records(tmp_path / "faults")
    assert record.key == jobs[0].key
    assert psutil.Process().children() == before


def test_a_disk_that_fills_up_during_a_sweep_keeps_what_was_finished(tmp_path, monkeypatch):
    def full(fd, line):
        if os.fstat(fd).st_size:
            raise OSError(28, "No space left on device")
        return append(fd, line)

    append = records.append_line
    jobs = [job("print_garbage", n=n) for n in range(3)]
    monkeypatch.setattr(records, "append_line", full)
    with pytest.raises(JobError, match=r"No space left on device; .* run the same command again"):
        run(tmp_path, *jobs)
    assert [record.key for record in load_records(tmp_path / "faults")] == [jobs[0].key]
    monkeypatch.undo()
    assert len(run(tmp_path, *jobs)) == len(load_records(tmp_path / "faults")) == 3


SWEEP = """
import sys
from symrnn.bench.records import Job
from symrnn.bench.runner import run_jobs
jobs = [Job("faults", {"does": does, "n": n}) for does, n in [("print_garbage", 0), ("hang", 1)]]
run_jobs(jobs, sys.argv[1], worker=[sys.argv[2]], on_event=lambda e: print(e.kind, flush=True))
"""


def test_a_sweep_that_is_killed_loses_nothing_that_was_finished(tmp_path):
    sweep = subprocess.Popen(
        [sys.executable, "-c", SWEEP, str(tmp_path), *WORKER], stdout=subprocess.PIPE, text=True
    )
    kinds = iter(sweep.stdout.readline, "")
    assert "finished\n" in kinds  # reads up to the end of the first job
    assert "sampled\n" in kinds  # the second one hangs
    hanging = psutil.Process(sweep.pid).children(recursive=True)
    sweep.send_signal(signal.SIGKILL)
    sweep.wait()
    sweep.stdout.close()
    for process in hanging:
        process.kill()  # symrnn's own worker dies with its parent; this one does not know how
    (record,) = load_records(tmp_path / "faults")
    assert record.is_ok


BOTH = """
import sys
from symrnn.bench.records import Job
from symrnn.bench.runner import run_jobs
jobs = [Job("faults", {"does": "print_garbage", "n": n}) for n in range(6)]
print(len(run_jobs(jobs, sys.argv[1], worker=[sys.argv[2]])))
"""


def test_two_sweeps_of_the_same_jobs_may_write_one_folder(tmp_path):
    command = [sys.executable, "-c", BOTH, str(tmp_path), *WORKER]
    sweeps = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [sweep.communicate()[0] for sweep in sweeps] == ["6\n", "6\n"]
    lines = (tmp_path / "faults" / "records.jsonl").read_text().splitlines()
    assert len(lines) == len({json.loads(line)["key"] for line in lines}) == 6


def test_jobs_with_one_key_run_once():
    assert [len(group) for group in interleaved([Job("x"), Job("x"), Job("x", state="warm")])] == [
        2
    ]
