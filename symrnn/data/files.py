"""The bytes of a file that a user names, read and written, and their fingerprint.

A pipe that nobody writes to is an error, no wait.
"""

import errno
import hashlib
import os
import stat
import time
from pathlib import Path

from symrnn.errors import UserError
from symrnn.replacing import replacing

PATIENCE_S = 2.0  # to wait for whoever writes to a pipe
LOOK_S = 0.05
CHUNK = 1 << 20
LENGTH = 32  # letters of a fingerprint


def bytes_of(path: str | Path) -> bytes:
    """The bytes of the file, or of the pipe, at `path`.

    Raises
    ------
    OSError
        When it cannot be read, or is a pipe that nobody writes to.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # to open a pipe would wait for its writer
    with os.fdopen(fd, "rb") as file:
        begun = first_bytes(fd) if stat.S_ISFIFO(os.fstat(fd).st_mode) else b""
        # Now that there is a writer, its end is waited for, however slow it is.
        os.set_blocking(fd, True)
        return begun + file.read()


def first_bytes(fd: int) -> bytes:
    """What a pipe holds first: b"" once it has a writer, who may be slow."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        try:
            if begun := os.read(fd, CHUNK):
                return begun
        except BlockingIOError:
            return b""
        time.sleep(LOOK_S)
    raise OSError(errno.ETIMEDOUT, "nothing writes to this pipe")


def fingerprint(path: str | Path) -> str:
    """What tells the content of the file, or of the files in the folder, at `path` from another; "" for neither.

    In a folder, files whose names begin with a dot do not count.

    Examples
    --------
    >>> fingerprint("/nowhere")
    ''
    """
    path = Path(path)
    if path.is_file():
        return digest(path).hex()[:LENGTH]
    if not path.is_dir():
        return ""
    whole = hashlib.sha256()
    for each in sorted(path.iterdir()):
        if each.is_file() and not each.name.startswith("."):
            # Name, a byte that no name has, and a hash of fixed length: no two folders run together into the same
            # bytes.
            whole.update(os.fsencode(each.name) + b"\0" + digest(each))
    return whole.hexdigest()[:LENGTH]


def digest(path: Path) -> bytes:
    """A hash of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def write_file(path: str | Path, content: bytes) -> None:
    """Write a file, whole or not at all, and make the folders that it lies in.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as beside:
            beside.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"{path} could not be written: {error.strerror or error}; give another path"
        ) from error
