"""Python's garbage collector, kept from walking what stays again and again: modules, a graph, or records."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def spare_imports() -> None:
    """From now on no collection walks what is there already, the modules: for a process that is ours, once they are.

    They are hundreds of thousands of objects, and a collection of all falls by chance into what comes next: on Python
    3.12 into the building of a first graph, which takes twice as long. Garbage in cycles that is there stays for good.

    Examples
    --------
    >>> spare_imports()
    >>> gc.get_freeze_count() > 10_000
    True
    """
    gc.freeze()


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No garbage collection inside; as before afterwards.

    A graph, or a file of records, is a hundred thousand small objects that all stay: collections in between find
    nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
