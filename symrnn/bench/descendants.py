"""The memory of a process and all below it, as Linux tells it of each; elsewhere as psutil does.

Ten times a second for as long as a job runs: psutil reads the parent of every process of the machine for it, some
milliseconds on a busy one, where Linux has a list of each process's own children.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

PROC = Path("/proc")
HAS_CHILDREN = (PROC / f"self/task/{os.getpid()}/children").exists()  # Linux may be built without


def rss_bytes(pid: int) -> int:
    """What the process and its descendants hold now; shared pages count in each. 0 for one that has ended.

    Examples
    --------
    >>> rss_bytes(os.getpid()) > 1_000_000
    True
    """
    if HAS_CHILDREN:
        return sum(map(resident_bytes, family(pid)))
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def family(pid: int) -> Iterator[int]:
    """The process and all below it."""
    yield pid
    with suppress(OSError):  # it has ended
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                for child in file.read().split():
                    yield from family(int(child))


def resident_bytes(pid: int) -> int:
    """What one process holds."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
