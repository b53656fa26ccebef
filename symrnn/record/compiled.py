"""One compiled function as its lines in a file tell it, and reading what a folder holds; without PyTensor.

A process appends to ``functions-PID.jsonl``: a line when a function is asked for, one when it is linked, one after its
first call. So whatever ends a process, what it did is there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symrnn.measure.file_names import file_name, in_library

PHASES = ("clone", "rewrite", "link", "first_call")


@dataclass(frozen=True)
class Compiled:
    """One function that a program had compiled.

    Attributes
    ----------
    asked
        Who asked, the innermost first: ``[path, line, text]`` outside of PyTensor and Python's own library.
    phases_s
        Seconds by phase, of `PHASES`.
    wall_s
        All that asking for it took, and its first call.
    events
        Counts and seconds of compilations, of the whole function.
    cache
        In words: what came from a cache, what is kept, and why not.
    attribution
        As `symrnn.measure.compiled_units.Attribution` writes it; empty where nothing was attributed.
    """

    process: int
    number: int
    name: str
    mode: str
    asked: tuple[tuple[str, int, str], ...]
    phases_s: Mapping[str, float]
    wall_s: float
    events: Mapping[str, float]
    cache: str
    nodes_before: int
    size: Mapping[str, Any]
    rss_bytes: int  # that it added
    peak_rss_bytes: int  # of the process, by then
    attribution: Mapping[str, Any] = field(default_factory=dict)
    recording_s: float = 0.0  # that recording took by then, in this process
    is_linked: bool = False
    is_called: bool = False

    @property
    def seconds(self) -> float:
        """The sum of its phases."""
        return sum(self.phases_s.values())

    @property
    def where(self) -> str:
        """``train.py:12``: the innermost of those who asked that is no installed package, else the innermost of all."""
        own = [place for place in self.asked if not in_library(place[0])]
        place = own[0] if own else self.asked[0] if self.asked else ("?", 0, "")
        return f"{file_name(place[0])}:{place[1]}"

    @property
    def text(self) -> str:
        """The source of that line."""
        own = [place for place in self.asked if not in_library(place[0])]
        return (own or [*self.asked, ("", 0, "")])[0][2]


UNKNOWN: dict[str, Any] = {  # of a function that is only asked for
    "name": "",
    "mode": "",
    "asked": [],
    "phases_s": {},
    "wall_s": 0.0,
    "events": {},
    "cache": "",
    "nodes_before": 0,
    "size": {},
    "rss_bytes": 0,
    "peak_rss_bytes": 0,
}


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line, whole or not at all."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def compiled_in(folder: Path) -> list[Compiled]:
    """The functions that the processes of a folder compiled, in the order in which each asked."""
    return [each for path in sorted(folder.glob("functions-*.jsonl")) for each in compiled_of(path)]


def compiled_of(path: Path) -> Iterator[Compiled]:
    """The functions of one process: what a function's lines say, the later over the earlier."""
    functions: dict[int, dict[str, Any]] = {}
    for line in lines_of(path):
        functions[line["number"]] = UNKNOWN | functions.get(line["number"], {}) | line
    for values in functions.values():
        asked = tuple((str(p), int(n), str(t)) for p, n, t in values.pop("asked"))
        yield Compiled(asked=asked, **values)


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a file; a last one that was cut short is left out."""
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            # Only the last line may have been cut, when the process was ended.
            return
