"""Lines appended to a file: one at a time, whole or not at all, on the disk before anything goes on."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symrnn.errors import JobError

WITHOUT_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)  # what such a file system says


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what the file system says into one sentence with the way out."""
    try:
        yield
    except OSError as error:
        raise JobError(
            f"cannot write the record to {path}: {error.strerror}; what was finished is kept:"
            " free space, or give another folder (--results DIR), and run the same command again"
        ) from error


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """A descriptor of `path` for appending that no other process holds at the same time.

    The lock is a hidden file beside it, which stays: so it holds between machines that share the folder.
    """
    with held(path.with_name(f".{path.name}.lock")):
        # in this mode each write goes to the end, wherever that is by then
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            check_regular(os.fstat(fd))
            yield fd
        finally:
            os.close(fd)


@contextmanager
def held(path: Path) -> Iterator[None]:
    """The lock of a file of that name, which is made with its folder.

    The system's own, as `filelock` takes it, in a quarter of the time; `filelock` where the file system has none.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError as error:
        os.close(fd)
        if error.errno not in WITHOUT_LOCKS:
            raise
        from filelock import FileLock  # takes as long as all else that starts a command

        # under a name of its own, since there the file itself is the lock
        with FileLock(f"{path}.held"):
            yield
        return
    try:
        yield
    finally:
        os.close(fd)


def check_regular(status: os.stat_result) -> None:
    """Refuse what is no file: a pipe would wait for its other end."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")


def append_line(fd: int, line: bytes) -> None:
    """Append one line after whatever is there, even half a line; all of it or nothing."""
    size = os.fstat(fd).st_size
    # Somebody was killed in mid-line: theirs is lost, ours must not continue it.
    if size and os.pread(fd, 1, size - 1) != b"\n":
        line = b"\n" + line
    try:
        while line:
            line = line[os.write(fd, line) :]
        os.fsync(fd)
    except OSError:
        # half a line would make the next one unreadable too
        os.ftruncate(fd, size)
        raise
