"""A file of records is read once; what is appended since is read, and nothing again."""

import errno
import gc
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from symrnn.bench import appending, records
from symrnn.bench.records import (
    BadLine,
    Job,
    Record,
    RecordFile,
    append_record,
    load_records,
    set_aside,
)
from symrnn.bench.repeated import Repeated
from symrnn.bench.runner import run_jobs
from symrnn.errors import JobError, UserError

WORKER = (str(Path(__file__).with_name("fake_worker.py")),)


def record(n=0, status="ok", **details):
    details.setdefault("values", {"total_s": 1.0, "before": {"nodes": 3, "by_op": {"Dot": 1}}})
    return Record.of(Job("x", {"n": n}), status, **details)


@pytest.fixture
def parsed(monkeypatch):
    """The lines that were parsed."""
    lines, parse = [], Record.from_json.__func__

    def from_json(cls, text, *args):
        lines.append(text)
        return parse(cls, text, *args)

    monkeypatch.setattr(Record, "from_json", classmethod(from_json))
    return lines


def test_appending_parses_the_lines_of_others_once_and_its_own_never(tmp_path, parsed):
    file = RecordFile(tmp_path)
    for n in range(50):
        assert file.append(record(n))
    assert not file.append(record(7))
    assert not parsed
    with file.path.open("a") as other:
        other.write(record(50).to_json() + "\n" + record(51).to_json()[:-9])
    assert file.append(record(52))  # after half a line, which stands in the way of what follows
    with pytest.warns(BadLine, match="line 52: skipped"):
        assert [each.case["n"] for each in file.refresh().values()] == [*range(51), 52]
    assert len(parsed) == 4  # the half one again with its end, and what stands behind it
    assert (file.place, file.lines) == (file.path.stat().st_size, 53)
    with pytest.warns(BadLine, match="line 52: skipped"):
        assert list(file.records.values()) == load_records(tmp_path)


def test_a_sweep_parses_each_line_once_however_many_jobs_it_has(tmp_path, parsed, monkeypatch):
    """50 jobs recorded, 50 to measure: what is parsed grows with the jobs, not with their square."""
    monkeypatch.setattr(
        "symrnn.bench.runner.run_job", lambda job, folder, **kw: Record.of(job, "ok")
    )
    jobs = [Job("x", {"n": n}) for n in range(100)]
    run_jobs(jobs[:50], tmp_path)
    parsed.clear()
    assert len(run_jobs(jobs, tmp_path)) == 100
    assert len(parsed) <= 100


def test_what_another_sweep_appends_is_seen(tmp_path):
    ours = RecordFile(tmp_path)
    assert ours.append(record(0))
    append_record(tmp_path, record(1))
    assert not ours.append(record(1))
    assert [each.case["n"] for each in ours.refresh().values()] == [0, 1]


def test_a_later_line_of_a_key_counts(tmp_path):
    file = RecordFile(tmp_path)
    file.append(record(0, "error"))
    assert file.append(record(0), replace_statuses=["error"])
    assert [each.status for each in file.refresh().values()] == ["ok"]


def test_a_file_that_was_set_aside_or_cut_is_read_anew(tmp_path):
    file = RecordFile(tmp_path)
    for n in range(3):
        file.append(record(n))
    set_aside(tmp_path)
    assert file.refresh() == {}
    append_record(tmp_path, record(9))
    assert [each.case["n"] for each in file.refresh().values()] == [9]
    (tmp_path / "records.jsonl").write_bytes(b"")
    assert file.refresh() == {}


@pytest.mark.filterwarnings("error")
def test_half_a_line_is_read_when_it_is_whole(tmp_path):
    """Another sweep may be writing it."""
    file, path = RecordFile(tmp_path), tmp_path / "records.jsonl"
    file.append(record(0))
    line = record(1).to_json().encode()
    with path.open("ab") as other:
        other.write(line[:40])
        other.flush()
        assert len(file.refresh()) == 1
        other.write(line[40:])
        other.flush()
        assert len(file.refresh()) == 2
        other.write(b"\n")
        other.flush()
        assert len(file.refresh()) == 2
    file.append(record(2))
    assert len(load_records(tmp_path)) == len(path.read_bytes().splitlines()) == 3


def test_a_line_that_stays_half_is_told_by_those_who_read_at_the_end(tmp_path):
    append_record(tmp_path, record(0))
    with (tmp_path / "records.jsonl").open("ab") as file:
        file.write(b"{")
    with pytest.warns(BadLine, match="line 2: skipped"):
        assert len(load_records(tmp_path)) == 1


def test_lines_are_counted_over_several_reads(tmp_path):
    file, path = RecordFile(tmp_path), tmp_path / "records.jsonl"
    path.write_bytes(b"\n" + record(0).to_json().encode() + b"\n")
    file.refresh()
    with path.open("ab") as other:
        other.write(b"\n[]\n")
    with pytest.warns(BadLine, match="line 4: skipped"):
        file.refresh()


def test_what_lines_repeat_is_held_once(tmp_path):
    for n in range(3):
        append_record(tmp_path, record(n, machine={"cpu": "a CPU", "load_before": float(n)}))
    first, second, third = load_records(tmp_path)
    assert first.values["before"] is second.values["before"] is third.values["before"]
    assert first.machine["cpu"] is second.machine["cpu"]
    assert [each.machine["load_before"] for each in (first, second, third)] == [0.0, 1.0, 2.0]
    for one, other in zip(first.values, second.values, strict=True):
        assert one is other  # the names


def test_equal_parts_of_unequal_kinds_are_checked_each(tmp_path):
    """An object of numbers is no object of texts, wherever it was seen first."""
    good = json.loads(record(0, versions={"a": "b"}).to_json())
    bad = [good | {"versions": {"nodes": 3}}, good | {"case": {"a": 1}, "versions": {"a": 1}}]
    lines = [good | {"values": {"after": {"nodes": 3}}}, *bad]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.warns(BadLine) as caught:
        assert len(load_records(path)) == 1
    assert len(caught) == 2


def test_true_and_one_are_different_cases(tmp_path):
    cases = [{"n": True}, {"n": 1}, {"n": 1.0}, {"n": "1"}]
    for case in cases:
        append_record(tmp_path, Record.of(Job("x", case), "ok"))
    found = [each.case["n"] for each in load_records(tmp_path)]
    assert [(type(n), n) for n in found] == [(type(c["n"]), c["n"]) for c in cases]


def test_the_collector_is_on_again_whatever_happens(tmp_path):
    (tmp_path / "records.jsonl").write_text(json.dumps({"schema": records.SCHEMA + 1}) + "\n")
    with pytest.raises(ValueError, match="newer symrnn"):
        load_records(tmp_path)
    assert gc.isenabled()


@pytest.mark.parametrize("byte", [0x00, 0x22, 0x5C, 0x65, 0x7B, 0x5D, 0xC3, 0xED, 0xFF])
def test_a_line_with_any_byte_changed_is_no_record_or_the_one_that_json_reads(byte):
    """A line like one before, whose parts are text until they are compared, is read as the first one was."""
    versions, machine = {"python": "3.12"}, {"cores": 2, "load_before": 0.5}
    values = {"total_s": 1.0, "step_s": [0.5, 1], "phases_s": {"link": 2.5}, "peak_rss_bytes": 7}
    values |= {
        "before": {"nodes": 3},
        "compile_events": {"jax": 1},
        "printed": "",
        "share": [1, "a"],
    }
    written = record(values=values, versions=versions, machine=machine, wall_s=1.5)
    line = written.to_json().encode()
    like = Repeated()
    assert Record.from_json(line, like) == written
    assert like.known(line) is not None
    outcomes: list[list[object]] = [[], []]
    for place in range(len(line)):
        text = line[:place] + bytes([byte]) + line[place + 1 :]
        for found, repeated in zip(outcomes, (like, None), strict=True):
            try:
                found.append(Record.from_json(text, repeated))
            except (records.Malformed, UserError):
                found.append(None)
    assert len(line) > 390
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].count(None) > 200


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_where_the_file_system_has_no_locks_filelock_holds_one(code, tmp_path, monkeypatch):
    monkeypatch.setattr(appending, "fcntl", raising(code))
    held = FileLock(tmp_path / ".records.jsonl.lock.held")
    monkeypatch.setattr("filelock.FileLock", lambda path: tell(path) or held)
    asked = []
    tell = asked.append
    with appending.locked(tmp_path / "records.jsonl"):
        assert asked == [held.lock_file]
        assert held.is_locked
    assert not held.is_locked
    assert append_record(tmp_path, record())
    assert len(load_records(tmp_path)) == 1


def test_another_error_of_a_lock_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(appending, "fcntl", raising(errno.EIO))
    with pytest.raises(JobError, match=r"cannot write the record to .*: Input/output error"):
        append_record(tmp_path, record())


def raising(code):
    """The module of a file system that says so."""

    def flock(fd, operation):
        raise OSError(code, os.strerror(code))

    return SimpleNamespace(flock=flock, LOCK_EX=2)
