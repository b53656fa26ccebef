"""One child process, watched: what it says, what it holds, how it ends. Nothing it does harms us.

The child reads one line of JSON from stdin and answers on a pipe of its own, one JSON object a
line:

    {"machine": …, "versions": …}       once, at the start
    {"phase": "link"}                   when a phase begins
    {"values": {"build_s": 0.2}}        whatever is known so far
    {"done": {"status": "ok"}}          last

What it prints on stdout and stderr is read, so that it never blocks, and forgotten but for the
end. It runs in a process group of its own, which is killed as a whole.
"""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from symrnn.bench.checked import Malformed, check_answer, parsed
from symrnn.bench.descendants import rss_bytes
from symrnn.errors import JobError

Environment = Mapping[str, str] | Mapping[bytes, bytes]
POLL_S = 0.05  # between two looks at the clock and the pipes
SAMPLE_S = 0.1  # between two samples of memory
GRACE_S = 10.0  # for a child to end by itself once it said that it is done
TAIL_BYTES = 4096  # kept of what it prints
ANSWER_BYTES = 64 * 2**20  # more than this is no answer


@dataclass(frozen=True)
class Outcome:
    """How a child process ended, and what it said until then."""

    status: str  # as in symrnn.bench.records
    message: str
    values: Mapping = field(default_factory=dict)
    versions: Mapping = field(default_factory=dict)
    machine: Mapping = field(default_factory=dict)
    peak_rss_bytes: int = 0  # largest sample of the child with all its children
    wall_s: float = 0.0
    printed: str = ""  # the end of stdout and stderr


class Child:
    """A running child process; leaving the ``with`` block kills it and all it started."""

    def __init__(self, command: Sequence[str], text: str, environment: Environment) -> None:
        """Start `command` with ``--result-fd N``, `text` on stdin."""
        self.answers, answers_out = os.pipe()
        try:
            # a pipe would block us when the child dies before it reads all
            with tempfile.TemporaryFile() as stdin:
                stdin.write(text.encode())
                stdin.seek(0)
                self.process = subprocess.Popen(
                    [*command, "--result-fd", str(answers_out)],
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[answers_out],
                    env=environment,
                    start_new_session=True,
                )
        except OSError as error:
            os.close(self.answers)
            raise JobError(
                f"cannot start {command[0]}: {error.strerror}; give the path of a Python"
            ) from error
        finally:
            os.close(answers_out)
        self.heard = Heard()
        self.selector = selectors.DefaultSelector()
        assert self.process.stdout is not None  # it is a pipe
        self.printed = self.process.stdout
        for fd, listen in (
            (self.answers, self.heard.answer),
            (self.printed.fileno(), self.heard.print),
        ):
            os.set_blocking(fd, False)
            self.selector.register(fd, selectors.EVENT_READ, listen)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self.selector.close()
        os.close(self.answers)
        self.printed.close()

    def listen(self, timeout_s: float) -> None:
        """Read what the pipes hold; wait for it up to `timeout_s`."""
        for key, _ in self.selector.select(timeout_s):
            try:
                data = os.read(key.fd, 1 << 16)
            except BlockingIOError:
                continue
            if data:
                key.data(data)
            else:
                # The other end is closed; it would be ready to read for ever.
                self.selector.unregister(key.fd)

    def ended(self) -> bool:
        """Whether the process is over; then its pipes have been read to what they held."""
        if self.process.poll() is None:
            return False
        # What a child said last is still in the pipe when it is gone.
        while self.selector.get_map() and self.selector.select(0):
            self.listen(0)
        return True

    def processes(self) -> list[psutil.Process]:
        """The child and everything it started that still runs."""
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.Error:
            return []

    def rss_bytes(self) -> int:
        """Memory that the child and its children hold now; shared pages count in each."""
        return rss_bytes(self.process.pid)

    def kill(self) -> None:
        """End the process, its group, and children that left the group; then wait for it."""
        # looked for first: once the parent is gone they belong to init
        others = self.processes()[1:] if self.process.poll() is None else []
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for process in others:
            with suppress(psutil.Error):
                process.kill()
        self.process.wait()


class Heard:
    """What a child has said so far; answers are parsed as they come."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.machine: dict[str, Any] = {}
        self.done: dict[str, Any] | None = None
        self.phase, self.garbage = "", ""
        self.tail, self.rest, self.answered_bytes = b"", b"", 0

    def print(self, data: bytes) -> None:
        """Keep the end of what was printed."""
        self.tail = (self.tail + data)[-TAIL_BYTES:]

    def answer(self, data: bytes) -> None:
        """Take in the answers of which the last byte has come."""
        self.answered_bytes += len(data)
        # What follows nonsense cannot be trusted, but must be read: a full pipe would block the child.
        if self.garbage:
            return
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.line(line)
        if self.answered_bytes > ANSWER_BYTES:
            self.garbage = f"its answer is longer than {ANSWER_BYTES >> 20} MB"

    def line(self, line: bytes) -> None:
        """Take in one answer."""
        try:
            answer = parsed(line)
            check_answer(answer)
        except Malformed as error:
            self.garbage = f"its answer is malformed: {excerpt(line)} ({error})"
            return
        self.values |= answer.get("values", {})
        self.versions |= answer.get("versions", {})
        self.machine |= answer.get("machine", {})
        self.phase = answer.get("phase", self.phase)
        self.done = answer.get("done", self.done)

    @property
    def printed(self) -> str:
        """The end of what was printed, as text."""
        return self.tail.decode(errors="replace")


def excerpt(data: bytes, length: int = 60) -> str:
    """The beginning of `data`, fit for a message.

    Examples
    --------
    >>> excerpt(b"x" * 100, 5)
    "'xxxxx…'"
    """
    # a character has four bytes at most: one more than are shown says that there is more
    text = data[: 4 * (length + 1)].decode(errors="replace")
    return repr(text[:length] + "…" * (len(text) > length))


def run_child(
    command: Sequence[str],
    text: str,
    *,
    environment: Environment,
    time_limit_s: float,
    memory_limit_bytes: int,
    on_sample: Callable[[float, int, str], None] = lambda elapsed_s, rss_bytes, phase: None,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Run `command` to its end or to one of the limits, and say how it ended.

    `on_sample` gets the seconds since the start, the memory held, and the phase, about ten times
    a second. The clock is monotonic, so a change of the time of day does not matter.
    """
    begin = sampled = clock()
    peak = 0
    verdict = done_at = None
    with Child(command, text, environment) as child:
        heard = child.heard
        while verdict is None and not child.ended():
            child.listen(POLL_S)
            now = clock()
            if now - sampled >= SAMPLE_S:
                sampled, rss = now, child.rss_bytes()
                peak = max(peak, rss)
                on_sample(now - begin, rss, heard.phase)
                if rss > memory_limit_bytes:
                    verdict = "memory_limit", f"over {bytes_text(memory_limit_bytes)}"
            if heard.done is not None:
                done_at = done_at or now
                # It has answered, so its result counts, but a thread of a backend may keep it from ending.
                if now - done_at > GRACE_S:
                    break
            # Only until it is done: how long it takes to end is not the measurement's.
            elif now - begin > time_limit_s:
                verdict = "time_limit", f"over {time_limit_s:g} s"
            if heard.garbage:
                break
        wall_s = clock() - begin
    if verdict and heard.phase:
        verdict = verdict[0], f"{verdict[1]} in phase {heard.phase}"
    return outcome(heard, verdict or how_it_ended(heard, child.process.returncode), peak, wall_s)


def outcome(heard: Heard, ended: tuple[str, str], peak: int, wall_s: float) -> Outcome:
    """What a child said, and how it ended: its status and a message."""
    status, message = ended
    return Outcome(
        status=status,
        message=message,
        values=heard.values,
        versions=heard.versions,
        machine=heard.machine,
        peak_rss_bytes=peak,
        wall_s=wall_s,
        printed=heard.printed,
    )


def how_it_ended(heard: Heard, returncode: int) -> tuple[str, str]:
    """Status and message of a child that ended by itself."""
    if heard.garbage:
        return "garbage", heard.garbage
    if heard.done is not None:
        return heard.done["status"], heard.done.get("message", "")
    where = f" in phase {heard.phase}" if heard.phase else ""
    if returncode < 0:
        return "crash", f"killed by {signal_text(-returncode)}{where}"
    if returncode > 0:
        # The last line of a traceback is the one that says what is wrong.
        last = (heard.printed.strip().splitlines() or ["it printed nothing"])[-1]
        return "crash", f"ended with exit code {returncode}{where}: {last.strip()[:200]}"
    if heard.rest:
        return "garbage", f"its answer is malformed: {excerpt(heard.rest)}"
    return "garbage", "it ended without an answer"


def signal_text(number: int) -> str:
    """A signal by its name, with the usual reason where that is not plain.

    Examples
    --------
    >>> signal_text(11)
    'SIGSEGV'
    >>> signal_text(9)
    'SIGKILL (by hand, or by the system when memory ran out)'
    """
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    why = " (by hand, or by the system when memory ran out)" if name == "SIGKILL" else ""
    return name + why


def bytes_text(count: float) -> str:
    """A number of bytes as people say it.

    Examples
    --------
    >>> bytes_text(8 * 2**30), bytes_text(300 * 2**20)
    ('8.0 GB', '300 MB')
    """
    if count >= 2**30:
        return f"{count / 2**30:.1f} GB"
    return f"{count / 2**20:.0f} MB"
