"""Graphs made in less time: the same graphs, with the same call stacks.

PyTensor keeps the call stack of each variable, for error messages, and reads the text of every line of it from the
file's lines again; here a line that was met before is known.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType

from pytensor.graph import utils

Line = tuple[str, int, str, str | None]  # path, number, function and text


@contextmanager
def built_quickly() -> Iterator[None]:
    """Variables that are made inside are made in less time.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> with built_quickly():
    ...     y = pt.exp(pt.vector("x"))
    >>> y.tag.trace[-1][-1][3]
    'y = pt.exp(pt.vector("x"))'
    """
    before = utils.simple_extract_stack
    utils.simple_extract_stack = call_stack  # type: ignore[assignment]
    try:
        yield
    finally:
        utils.simple_extract_stack = before


def call_stack(
    f: FrameType | None = None, limit: int | None = None, skips: Sequence[str] | None = None
) -> list[Line]:
    """What PyTensor's `simple_extract_stack` returns: the outermost first, `limit` lines from the innermost one.

    Innermost lines in files whose path contains one of `skips` are left out, unless it contains "tests".
    """
    frame: FrameType | None = sys._getframe(1) if f is None else f
    limit = getattr(sys, "tracebacklimit", None) if limit is None else limit
    is_skipped = _skipped_by(tuple(skips or ()))
    # What is skipped needs its path alone: nearly half of the frames.
    while frame is not None and is_skipped(frame.f_code.co_filename):
        frame = frame.f_back
    stack: list[Line] = []
    while frame is not None and (limit is None or len(stack) < limit):
        # By identity: code hashes by all that it holds. By the instruction: Python finds the number of its line by
        # counting from the code's begin.
        known = _LINES.get((id(frame.f_code), frame.f_lasti)) or _new_line(frame)
        stack.append(known[1])
        frame = frame.f_back
    stack.reverse()
    return stack


# By code and place in it. The code is kept, so that no other gets its identity.
_LINES: dict[tuple[int, int], tuple[CodeType, Line]] = {}


def _new_line(frame: FrameType) -> tuple[CodeType, Line]:
    code, number = frame.f_code, frame.f_lineno
    text = linecache.getline(code.co_filename, number, frame.f_globals)
    line = (code.co_filename, number, code.co_name, text.strip() if text else None)
    known = _LINES[id(code), frame.f_lasti] = code, line
    return known


@cache
def _skipped_by(skips: tuple[str, ...]) -> Callable[[str], bool]:
    @cache
    def is_skipped(path: str) -> bool:
        return "tests" not in path and any(part in path for part in skips)

    return is_skipped
