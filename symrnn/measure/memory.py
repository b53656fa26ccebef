"""The memory that a block of code takes: at its peak, and what stays of it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from symrnn.bench.machine import peak_rss_bytes

CLEAR = Path("/proc/self/clear_refs")
PEAK = "5"  # what resets the peak of a process, on Linux


@dataclass
class MemoryUsed:
    """Bytes beyond those held before the block; known after it."""

    peak_bytes: int = 0
    retained_bytes: int = 0

    def to_dict(self) -> dict[str, int]:
        """The values of a record."""
        return {
            "compile_peak_bytes": self.peak_bytes,
            "compile_retained_bytes": self.retained_bytes,
        }


@contextmanager
def memory_used() -> Iterator[MemoryUsed]:
    """Measure the block. Where the system cannot reset the peak of a process, an earlier one hides a lower one.

    Examples
    --------
    >>> with memory_used() as memory:
    ...     large = bytearray(200_000_000)
    ...     large[::4096] = b"x" * len(large[::4096])
    ...     del large
    >>> memory.peak_bytes > 40_000_000 > memory.retained_bytes
    True
    """
    used = MemoryUsed()
    # Garbage of earlier code, freed within the block, would make room for what it takes, and hide it.
    gc.collect()
    # Where it is there, a container may still forbid to write it.
    with suppress(OSError):
        CLEAR.write_text(PEAK)
    before = held_bytes()
    try:
        yield used
    finally:
        used.peak_bytes = max(0, peak_rss_bytes() - before)
        gc.collect()
        used.retained_bytes = max(0, held_bytes() - before)


def held_bytes() -> int:
    """What this process holds now."""
    import psutil

    return int(psutil.Process().memory_info().rss)
