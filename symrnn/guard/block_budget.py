"""Limits to what a ``with`` block compiles, beside those to the size of each function."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from numbers import Real
from typing import Any

from pytensor.compile.executor import Function

from symrnn.errors import UserError
from symrnn.measure.compile_events import CompileEvents, compile_events
from symrnn.measure.memory import MemoryUsed, memory_used
from symrnn.measure.source_lines import file_and_line

BLOCK_LIMITS = ("functions", "compile_events", "memory")
UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


@dataclass
class Block:
    """What a block compiled so far."""

    events: CompileEvents | None = None
    memory: MemoryUsed | None = None

    def counts(self, functions: list[Function]) -> dict[str, float]:
        """By the names of the limits."""
        found: dict[str, float] = {"functions": len(functions)}
        if self.events is not None:
            found["compile_events"] = sum(map(self.events.count, ("numba", "c", "jax", "native")))
        if self.memory is not None:
            found["memory"] = self.memory.peak_bytes
        return found


@contextmanager
def watched_block(limits: Mapping[str, Any]) -> Iterator[Block]:
    """Watch what `limits` ask for, and nothing else."""
    block = Block()
    with ExitStack() as stack:
        if "compile_events" in limits:
            if find_spec("numba"):  # a backend that is imported in the block would not be heard
                import_module("pytensor.link.numba.dispatch")
                import_module("symrnn.native")
            block.events = stack.enter_context(compile_events(units=True))
        if "memory" in limits:
            block.memory = stack.enter_context(memory_used())
        yield block


def block_overrun(
    block: Block, functions: list[Function], limits: Mapping[str, Any]
) -> Iterator[str]:
    """A sentence for each limit that the block is over, and what contributed most."""
    counts = block.counts(functions)
    for name in BLOCK_LIMITS:
        if name in limits and counts[name] > (most := amount(name, limits[name])):
            over = counts[name] - most
            yield (
                f"{name} is {shown(name, counts[name])}, over its budget of {shown(name, most)}"
                f" by {shown(name, over)}"
            )
            if name == "compile_events" and block.events is not None:
                yield from dearest_lines(block.events)


def dearest_lines(events: CompileEvents, most: int = 5) -> Iterator[str]:
    """The source lines for which most was compiled."""
    from symrnn.measure.attribution import attribution

    lines = sorted(attribution(events.ledger).lines, key=lambda each: -each.compilations)
    for each in lines[:most]:
        if each.compilations:
            line = file_and_line(each.path, each.line) or "(rewrites)"
            yield f"  {each.compilations} of them for {line}  {each.text.strip()}"


def amount(name: str, limit: Any) -> float:
    """A limit as a number; memory also as a text.

    Examples
    --------
    >>> amount("memory", "200 MB"), amount("functions", 1)
    (200000000.0, 1.0)
    """
    if isinstance(limit, Real) and not isinstance(limit, bool):
        return float(limit)
    if name != "memory":
        raise UserError(f"{name} must be a number, but is {limit!r}; give {name}=1, say")
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*([kKMG]?B)\s*", str(limit))
    if found is None:
        raise UserError(
            f"memory must be a number of bytes, or a text in {', '.join(UNITS)}, but is {limit!r};"
            ' give memory="200 MB", say'
        )
    return float(found[1]) * UNITS[found[2].upper()]


def shown(name: str, count: float) -> str:
    """A count as people read it."""
    return f"{count / 1e6:.1f} MB" if name == "memory" else f"{count:.0f}"
