"""Python's garbage collector, kept from walking a graph that is being made again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

FROZEN_BY_PYTHON = 10_000  # more than Python 3.12 freezes at its start, less than any program has


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """No garbage collection inside; as before afterwards.

    A graph is made of a hundred thousand small objects that all stay: collections in between find nothing. Nor would
    the one that Python begins afterwards, of all that is new, so what is there is made old at once.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            make_old()
            gc.enable()


def make_old() -> None:
    """Let all objects be among those that Python looks through last, without looking through them now."""
    if gc.get_freeze_count() < FROZEN_BY_PYTHON:  # else thawing would thaw what the program froze
        gc.freeze()
        gc.unfreeze()
