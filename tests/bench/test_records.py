"""Files of records: append-only, whatever happens to the process, the disk, or beside it."""

import json
import os
import re
import resource
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace

import pytest

from symrnn.bench import records
from symrnn.bench.records import BadLine, Job, Record, append_record, load_records, set_aside
from symrnn.errors import JobError, UserError


def record(n=0, status="ok", **details):
    return Record.of(Job("x", {"n": n}), status, **details)


def test_a_record_survives_its_file(tmp_path):
    written = record(values={"build_s": 0.1, "step_s": [1.0]}, machine={"cores": 2})
    assert append_record(tmp_path, written)
    assert load_records(tmp_path) == [written]
    assert load_records(tmp_path / "records.jsonl") == [written]


def test_what_a_record_was_not_told_is_empty_or_zero(tmp_path):
    """Also where the line leaves it out."""
    (tmp_path / "records.jsonl").write_text(
        '{"key": "k", "experiment": "x", "task": "t", "case": {}, "mode": "C", "state": "cold", "round": 0,'
        ' "status": "ok", "schema": 1, "of a later symrnn": 5}\n'
    )
    (read,) = load_records(tmp_path)
    for found in (read, record()):
        assert (found.message, found.wall_s, found.profile) == ("", 0.0, False)
        assert (found.values, found.versions, found.machine) == ({}, {}, {})
    assert read.started_at == ""


def test_a_job_survives_its_json():
    job = Job("x", {"n": [1, None]}, mode="C", environment={"A": "b"})
    assert Job.from_json(job.to_json()) == job


KEYED = [
    "experiment",
    "task",
    "case",
    "mode",
    "state",
    "round",
    "flags",
    "environment",
    "python",
] + ["profile"]
OTHER = {"experiment": "y", "task": "train", "case": {"n": 1}, "mode": "C", "state": "warm"} | {
    "round": 1, "flags": "floatX=float32", "environment": {"A": "b"}, "python": "/no/python",
    "profile": True,
}  # fmt: skip


@pytest.mark.parametrize("field", KEYED)
def test_the_key_changes_with_what_is_measured(field):
    assert replace(Job("x"), **{field: OTHER[field]}).key != Job("x").key


def test_the_key_ignores_limits_path_and_the_order_of_the_case():
    job = Job("x", {"a": 1, "b": 2})
    assert job.key == Job("x", {"b": 2, "a": 1}, path="p", time_limit_s=1.0, steps=1).key


def test_a_key_is_the_same_in_every_process():
    assert Job("x", {"n": 1}).key == "7e9ce1291495cfab"


def test_a_state_or_case_that_cannot_be_is_refused():
    with pytest.raises(UserError, match="state must be one of cold, warm, but is 'hot'"):
        Job("x", state="hot")
    with pytest.raises(UserError, match=r"case must hold JSON values, but .*ellipsis"):
        Job("x", {"n": ...})


def test_a_folder_without_records_has_none(tmp_path):
    assert load_records(tmp_path / "nothing") == []


@pytest.mark.parametrize("kept", [1, 10, -2, -1])
def test_a_line_that_was_cut_short_is_skipped_and_the_next_one_is_whole(tmp_path, kept):
    append_record(tmp_path, record(0))
    append_record(tmp_path, record(1))
    path = tmp_path / "records.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept])
    whole = [record(0), record(1)] if kept == -1 else [record(0)]  # only the newline was lost
    told = nullcontext() if kept == -1 else pytest.warns(BadLine, match="line 2: skipped")
    with told:
        assert [r.key for r in load_records(path)] == [r.key for r in whole]
        append_record(tmp_path, record(2))
        assert [r.key for r in load_records(path)] == [r.key for r in (*whole, record(2))]


def test_lines_that_are_no_records_are_skipped(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'\n[]\n{"a": 1}\n\xff\xfe\nnull\n' + record().to_json().encode() + b"\n")
    with pytest.warns(BadLine) as caught:
        assert len(load_records(path)) == 1
    lines = [re.search(r"line (\d): skipped", str(warning.message))[1] for warning in caught]
    assert lines == ["2", "3", "4", "5"]


def test_fields_of_an_older_or_foreign_record_are_left_out(tmp_path):
    data = json.loads(record().to_json()) | {"colour": "red"}
    del data["machine"]
    (tmp_path / "records.jsonl").write_text(json.dumps(data) + "\n")
    assert load_records(tmp_path) == [replace(record(), started_at=data["started_at"])]


def test_records_of_a_newer_symrnn_are_refused(tmp_path):
    newer = replace(record(), schema=records.SCHEMA + 1)
    (tmp_path / "records.jsonl").write_text(newer.to_json() + "\n")
    with pytest.raises(UserError, match="install a newer symrnn"):
        load_records(tmp_path)


def test_a_key_that_is_there_is_not_written_again(tmp_path):
    assert append_record(tmp_path, record(status="error"))
    assert not append_record(tmp_path, record())
    assert append_record(tmp_path, record(), replace_statuses=["error"])
    assert [r.status for r in load_records(tmp_path)] == ["ok"]
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 2


def test_every_line_is_on_the_disk_before_the_next_job(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_size))
    append_record(tmp_path, record())
    assert synced == [(tmp_path / "records.jsonl").stat().st_size]


WRITER = """
import sys
from symrnn.bench.records import Job, Record, append_record

def append(**case):
    values = {"text": sys.argv[2] * 9000}
    append_record(sys.argv[1], Record.of(Job("x", case), "ok", values=values))

for n in range(40):
    append(n=n % 30)
    append(by=sys.argv[2], n=n)
"""


def test_two_sweeps_may_write_one_file(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    lines = (tmp_path / "records.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert len(keys) == len(set(keys)) == 30 + 2 * 40


def test_a_full_disk_is_one_sentence_and_keeps_what_was_finished(tmp_path, monkeypatch):
    append_record(tmp_path, record(0))
    before = (tmp_path / "records.jsonl").read_bytes()
    write = os.write

    def half_then_full(fd, data):
        if len(data) < 50:
            raise OSError(28, "No space left on device")
        return write(fd, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half_then_full)
    with pytest.raises(JobError, match="No space left on device; what was finished is kept") as e:
        append_record(tmp_path, record(1))
    assert "--results DIR" in str(e.value)
    assert (tmp_path / "records.jsonl").read_bytes() == before
    monkeypatch.undo()
    assert append_record(tmp_path, record(1))


LIMITED = """
import resource, sys
from symrnn.bench.records import Job, Record, append_record
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
for n in range(99):
    append_record(sys.argv[1], Record.of(Job("x", {"n": n}), "ok"))
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_a_disk_that_is_really_full_keeps_whole_lines(tmp_path):
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True)
    assert b"JobError: cannot write the record" in done.stderr
    data = (tmp_path / "records.jsonl").read_bytes()
    assert data.endswith(b"\n")
    assert len(load_records(tmp_path)) == data.count(b"\n") > 5


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")  # stands where the folder should
    with pytest.raises(JobError, match=r"cannot write the record to .*give another folder"):
        append_record(tmp_path / "file" / "x", record())


def test_a_read_only_folder_is_one_sentence(tmp_path, monkeypatch):
    """Told by the system call: whoever runs the tests may be root, who can write everywhere."""

    def refuse(path, *args):
        raise PermissionError(13, "Permission denied", str(path))

    append_record(tmp_path, record(0))
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(JobError, match="Permission denied; what was finished is kept"):
        append_record(tmp_path, record(1))
    assert len(load_records(tmp_path)) == 1


def test_a_file_that_is_set_aside_is_renamed_not_lost(tmp_path):
    assert set_aside(tmp_path) is None
    for n in range(3):
        append_record(tmp_path, record(n))
        aside = set_aside(tmp_path)
        assert [r.key for r in load_records(aside)] == [record(n).key]
    assert len(list(tmp_path.glob("*.old.jsonl"))) == 3
    assert load_records(tmp_path) == []
