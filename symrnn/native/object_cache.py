"""Object code on disk, by the hash of what it was made from."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from pytensor import config

LARGEST = 256 << 20  # bytes of the whole cache; the files used longest ago go first
# To look at all files takes longer the more there are: it is done once for so much of the cache that is written anew,
# by whichever processes.
LOOKED_AFTER = 1 / 16
STAMP = b"symrnn native 1\n"


def folder() -> Path:
    """Where object code is kept: beside PyTensor's other caches."""
    return Path(config.base_compiledir) / "native"


def load(key: str) -> bytes | None:
    """The code of that key; None where there is none, or where the file is damaged."""
    path = folder() / key
    try:
        content = path.read_bytes()
    except OSError:
        return None
    # `_shrink` goes by when a file was changed: to be read is to be used, too. A folder of others, or one that is
    # read-only, keeps its times and serves all the same.
    with suppress(OSError):
        os.utime(path)
    head, digest, code = (
        content[: len(STAMP)],
        content[len(STAMP) : len(STAMP) + 32],
        content[len(STAMP) + 32 :],
    )
    # Whatever was cut short or changed must not be run.
    return code if head == STAMP and digest == sha256(code).digest() else None


def save(key: str, code: bytes) -> None:
    """Keep code for other processes; a disk that is full or read-only is no error."""
    digest = sha256(code).digest()
    with suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder())
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(STAMP + digest + code)
            os.replace(name, folder() / key)  # whole or not at all, whoever else writes
        except BaseException:
            os.unlink(name)
            raise
        # Drawn by the code itself, in proportion to its size: no process has to remember, or to ask another.
        if int.from_bytes(digest[:4]) / 2**32 * LARGEST * LOOKED_AFTER < len(code):
            _shrink()


def _shrink() -> None:
    # another process may delete what is listed, which ends the list
    with os.scandir(folder()) as entries:
        found = [(entry.stat(), entry.path) for entry in entries]
    files = [(stat.st_mtime, stat.st_size, path) for stat, path in found]
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= LARGEST:
            break
        with suppress(OSError):
            os.unlink(path)
        total -= size
