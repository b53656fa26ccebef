"""Records of measurements: one JSON line a job, appended, flushed to the disk, and never lost.

A `Job` is what to measure: one case of one experiment in one mode, cold or warm, in one round. A
`Record` is what came out, whether a result or a failure. Both are immutable. A file of records is
append-only:

* one line is one write under a lock, followed by ``fsync``, so that two sweeps may write one file;
* a line that a kill or a full disk cut short is skipped on reading, and the next line starts
  after it;
* a job is found again by its key, so that a sweep which runs again does only what is missing.
"""

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from symrnn.bench.appending import append_line, check_regular, locked, writing
from symrnn.bench.checked import STATES, STATUSES, Malformed, check_record, check_type, parsed
from symrnn.bench.repeated import Repeated
from symrnn.collector import collector_at_rest
from symrnn.errors import JobError, UserError, printable

Case = Mapping[str, Any]  # JSON values by axis
SCHEMA = 1  # 1: first
TIME_LIMIT_S = 600.0  # of a job, where nothing else is said; so are the next two
MEMORY_LIMIT_BYTES = 8 * 2**30
STEPS = 20  # to time
FILE_NAME = "records.jsonl"
LONGEST_MESSAGE = 500  # characters
BUFFER = 1 << 20  # bytes that are read at once: a line has some thousands


class BadLine(UserWarning):
    """A line of a file of records that is none; it is skipped."""


@dataclass(frozen=True)
class Job:
    """One measurement to make, in one fresh child process.

    Attributes
    ----------
    experiment, path
        Name of the experiment, and the file that declares it (``path`` is no part of the key).
        For one function, its place: ``file.py:function`` or ``package.module:function``.
    task
        "compile" measures the phases of compiling; any other name is a function of the file,
        called with the case, which returns a dictionary of JSON values.
    case
        The parameters of the case; JSON values.
    mode
        Name of a PyTensor mode.
    state
        "cold" starts from an empty compiledir, "warm" from the one that the cold job filled.
    round
        Repetition; forms that are compared run interleaved, round by round.
    time_limit_s, memory_limit_bytes
        Where the child is stopped; the memory is that of the child and its children.
    steps
        Step samples to take, at most.
    profile
        Record every rewrite, source line and compilation as well; slows rewriting by up to 15 %.
    flags, environment, python
        PyTensor flags, environment variables and interpreter of the child, where they differ from
        the default. These and ``profile`` are part of the key where given.

    Examples
    --------
    >>> Job("depth", {"layers": 2}).key == Job("depth", {"layers": 2}, time_limit_s=1.0).key
    True
    >>> Job("depth", {"layers": 2}).key == Job("depth", {"layers": 3}).key
    False
    """

    experiment: str
    case: Case = field(default_factory=dict)
    path: str = ""
    task: str = "compile"
    mode: str = "NUMBA"
    state: str = "cold"
    round: int = 0
    time_limit_s: float = TIME_LIMIT_S
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES
    steps: int = STEPS
    flags: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    profile: bool = False

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise UserError(f"state must be one of {', '.join(STATES)}, but is {self.state!r}")
        for name in ("time_limit_s", "memory_limit_bytes"):
            if not getattr(self, name) > 0:  # nor is nan
                raise UserError(f"{name} must be above 0, but is {getattr(self, name)}")
        try:
            json.dumps(self.case)
        except (TypeError, ValueError, RecursionError) as error:
            raise UserError(
                f"case must hold JSON values, but {error}: {dict(self.case)!r};"
                " give numbers, strings, lists, or None"
            ) from None

    @cached_property
    def key(self) -> str:
        """Hash of what is measured; limits, path and number of steps are not in it."""
        named = ("experiment", "task", "case", "mode", "state", "round")
        optional = ("flags", "environment", "python", "profile")
        what = {name: getattr(self, name) for name in named}
        # Left out where not given, so that keys of older records stay what they are when an option is added.
        what |= {name: getattr(self, name) for name in optional if getattr(self, name)}
        # Sorted: a case whose axes are written in another order is the same case.
        text = json.dumps(what, sort_keys=True, default=dict)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """The job as the worker reads it."""
        return json.dumps({name: vars(self)[name] for name in JOB_FIELDS}, default=dict)

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """The job that `to_json` wrote."""
        return cls(**json.loads(text))


# without its key, which is kept beside them once it is known
JOB_FIELDS = [each.name for each in fields(Job)]


@dataclass(frozen=True)
class Record:
    """What came out of one job: raw values with their units in the names, or how it failed."""

    key: str
    experiment: str
    task: str
    case: Case
    mode: str
    state: str
    round: int
    status: str  # one of STATUSES
    message: str = ""  # one sentence when status is not "ok"
    values: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""  # ISO 8601, UTC
    wall_s: float = 0.0
    profile: bool = False  # its times hold what the profile costs
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.message:  # whatever a child said is one line that any terminal can show
            object.__setattr__(self, "message", printable(self.message, LONGEST_MESSAGE))

    @property
    def is_ok(self) -> bool:
        """Whether the job finished within its limits."""
        return self.status == "ok"

    @classmethod
    def of(cls, job: Job, status: str, **details: Any) -> "Record":
        """The record of `job` with `status`; `details` are further fields.

        Examples
        --------
        >>> Record.of(Job("depth"), "time_limit", message="over 600 s").status
        'time_limit'
        """
        assert status in STATUSES, status
        shared = {f.name: getattr(job, f.name) for f in fields(cls) if hasattr(job, f.name)}
        details.setdefault("started_at", datetime.now(UTC).isoformat(timespec="seconds"))
        return cls(**shared, status=status, **details)

    def to_json(self) -> str:
        """The record as one line, without the newline."""
        return json.dumps(vars(self), default=dict)

    @classmethod
    def from_json(cls, text: str | bytes, repeated: Repeated | None = None) -> "Record":
        """The record in `text`; `Malformed` where that was cut short, or is none.

        It shares with other records what is in `repeated`.
        """
        repeated = repeated or Repeated()
        known = repeated.known(text)
        data = parsed(text) if known is None else known
        check_type("schema", data.get("schema"), int)
        if data["schema"] > SCHEMA:
            raise UserError(
                f"a record has schema {data['schema']}, but this symrnn knows up to {SCHEMA};"
                " install a newer symrnn"
            )
        if known is None:
            check_record(data)
            data = repeated.checked(data)
        if data.keys() <= FIELDS:
            return cls(**data)
        return cls(**{name: data[name] for name in FIELDS & data.keys()})


FIELDS = {each.name for each in fields(Record)}


def records_file(path: str | Path) -> Path:
    """The file of records that `path` means: itself, or ``records.jsonl`` in the folder.

    Examples
    --------
    >>> records_file("results/depth").name
    'records.jsonl'
    """
    path = Path(path)
    return path if path.suffix == ".jsonl" else path / FILE_NAME


def load_records(path: str | Path) -> list[Record]:
    """The records of a file or folder, in the order they were written, one a key (the last).

    Lines that were cut short by a kill or a full disk, or that are no records, are skipped with a
    warning: their job counts as missing. A file that does not exist has no records.
    """
    file = RecordFile(path)
    records = list(file.refresh().values())
    if file.rest:
        file.warn(file.lines + 1, file.rest)
    return records


class RecordFile:
    """A file of records that is read once; of what is appended since, by anyone, only that is read.

    Attributes
    ----------
    path
        Of the file, which need not exist.
    records
        By key, in the order they were written; of one key the last.
    rest
        What is wrong with a last line that has no newline: somebody may still be writing it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = records_file(path)
        self.start_over()

    def start_over(self) -> None:
        """Forget what was read."""
        self.records: dict[str, Record] = {}
        self.repeated = Repeated()
        self.place, self.lines, self.rest = 0, 0, ""
        self.inode: int | None = None

    def refresh(self) -> dict[str, Record]:
        """The records that the file holds now.

        A last line without its newline counts if it is a record; it is read again when there is more.
        """
        try:
            status = self.path.stat()
            check_regular(status)
            # Another file, or a shorter one: it was set aside, or edited by hand.
            if status.st_ino != self.inode or status.st_size < self.place:
                self.start_over()
                self.inode = status.st_ino
            if status.st_size > self.place:
                with self.path.open("rb", BUFFER) as file, collector_at_rest():
                    file.seek(self.place)
                    self.read(file)
        except FileNotFoundError:
            self.start_over()
        except OSError as error:
            raise JobError(f"cannot read the records in {self.path}: {error.strerror}") from error
        return self.records

    def read(self, lines: Iterable[bytes]) -> None:
        """Take in the lines from the place on; one that is no record is a warning."""
        self.rest = ""
        for line in lines:
            is_whole = line.endswith(b"\n")
            # A line without its end is not passed: the rest of it may come.
            self.place += len(line) * is_whole
            self.lines += is_whole
            if line.isspace():
                continue
            try:
                record = Record.from_json(line, self.repeated)
                self.records[record.key] = record
            except Malformed as error:
                if is_whole:
                    self.warn(self.lines, error)
                else:
                    self.rest = str(error)

    def warn(self, number: int, why: object) -> None:
        """Say that a line is skipped."""
        told = f"{self.path}, line {number}: skipped, since it is no record: {why}"
        warnings.warn(told, BadLine, stacklevel=4)

    def append(self, record: Record, *, replace_statuses: Iterable[str] = ()) -> bool:
        """Write `record` as `append_record` does."""
        line = record.to_json().encode() + b"\n"
        with writing(self.path), locked(self.path) as fd:
            # Within the lock, so that of two sweeps with the same job one sees the other's record.
            held = self.refresh().get(record.key)
            if held is not None and held.status not in replace_statuses:
                return False
            append_line(fd, line)
            # What we wrote ourselves is known, unless something stood behind what was read: half a line.
            if os.fstat(fd).st_size == self.place + len(line):
                self.place, self.lines = self.place + len(line), self.lines + 1
                self.records[record.key] = record
        return True


def append_record(
    path: str | Path, record: Record, *, replace_statuses: Iterable[str] = ()
) -> bool:
    """Write `record` as one line and wait for the disk; False where another sweep was faster.

    A record whose key the file holds already is not written, unless the one there has one of
    `replace_statuses` (then the later line counts). For many records, `RecordFile` reads the file once.

    Raises
    ------
    JobError
        When the disk is full or the folder cannot be written: what was there stays as it was.
    """
    return RecordFile(path).append(record, replace_statuses=replace_statuses)


def check_writable(path: str | Path) -> None:
    """Refuse a place where records could not be written, before anything is measured."""
    path = records_file(path)
    with writing(path), locked(path):
        pass


def set_aside(path: str | Path) -> Path | None:
    """Rename the file of records, so that a sweep starts over; None where there was none."""
    path = records_file(path)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    with writing(path):
        for n in range(1000):
            aside = path.with_name(f"{path.stem}-{stamp}{f'-{n}' if n else ''}.old.jsonl")
            if not path.exists():
                return None
            if not aside.exists():
                return path.rename(aside)
    raise JobError(f"cannot set {path} aside: too many older files beside it; remove some")
