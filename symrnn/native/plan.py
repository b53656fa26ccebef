"""When buffers live, and where they lie in the arena."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symrnn.native.program import Loop, Statement, bodies
from symrnn.native.sizes import evaluated
from symrnn.native.window import Buffer

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


@dataclass
class Lifetime:
    """The first and the last statement that mention a buffer, by their positions."""

    buffer: Buffer
    first: int
    last: int


def lifetimes(body: list[Statement]) -> list[Lifetime]:
    """Of every temporary buffer, in the order of their first mention.

    What a loop and anything outside it mention lives through the whole loop; what only a loop's body mentions is new in
    every step.
    """
    found: dict[Buffer, Lifetime] = {}
    loops: list[tuple[int, int]] = []
    inside: dict[Buffer, list[int]] = {}
    _walk(body, 0, found, loops, inside)
    # Inner loops first: a life that one of them stretches may then cross the border of the loop around it.
    for begin, end in sorted(loops, key=lambda span: span[1] - span[0]):
        for life in found.values():
            mentions = [p for p in inside[life.buffer] if begin <= p <= end]
            # One step may read what another one wrote, or what follows the loop: it lives in all of the loop.
            if mentions and (life.first < begin or life.last > end):
                life.first, life.last = min(life.first, begin), max(life.last, end)
    return sorted(found.values(), key=lambda life: life.first)


def _walk(
    body: list[Statement],
    position: int,
    found: dict[Buffer, Lifetime],
    loops: list[tuple[int, int]],
    inside: dict[Buffer, list[int]],
) -> int:
    for statement in body:
        position += 1
        begin = position
        for window in (*statement.reads(), *statement.writes()):
            _mention(window.buffer, position, found, inside)
        for part in bodies(statement):
            position = _walk(part, position, found, loops, inside) + 1
        if isinstance(statement, Loop):
            if statement.stop is not None:
                # It is read where the body ends, after its last statement.
                _mention(statement.stop.buffer, position, found, inside)
            loops.append((begin, position))
    return position


def _mention(
    buffer: Buffer,
    position: int,
    found: dict[Buffer, Lifetime],
    inside: dict[Buffer, list[int]],
) -> None:
    if buffer.kind == "temporary":
        life = found.setdefault(buffer, Lifetime(buffer, position, position))
        life.last = position
        inside.setdefault(buffer, []).append(position)


def offsets(lives: Sequence[Lifetime], extents: dict[str, int]) -> tuple[list[int], int]:
    """Bytes from the arena's begin for each buffer, and the arena's size; what lives at once does not overlap."""
    placed: list[tuple[int, int, Lifetime]] = []
    result: dict[Buffer, int] = {}
    sizes = {
        life.buffer: -(
            -evaluated(life.buffer.size, extents)
            * np.dtype(life.buffer.dtype).itemsize
            // ALIGNMENT
        )
        * ALIGNMENT
        for life in lives
    }
    # The largest first; small ones then go into gaps.
    for life in sorted(lives, key=lambda life: -sizes[life.buffer]):
        busy = sorted(
            (b, e)
            for b, e, other in placed
            # Both ends count: what a statement reads must not lie where it writes.
            if other.first <= life.last and life.first <= other.last
        )
        begin = 0
        for b, e in busy:
            if begin + sizes[life.buffer] <= b:
                break
            begin = max(begin, e)
        placed.append((begin, begin + sizes[life.buffer], life))
        result[life.buffer] = begin
    return [result[life.buffer] for life in lives], max((e for _, e, _ in placed), default=0)
