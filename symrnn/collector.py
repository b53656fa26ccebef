"""Python's garbage collector, kept from walking what is being made again and again: a graph, or records."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
