"""Seconds of compiling by node, op and source line, as a record holds them; without PyTensor."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

MOST = 200  # nodes, ops and lines that are kept in a record


@dataclass(frozen=True)
class CompiledUnit:
    """One node, op or line and what compiling it cost."""

    op: str
    path: str
    line: int
    text: str
    nodes: int
    compilations: int  # functions of Numba, modules of C
    self_s: float  # without what stands in its body
    total_s: float  # with that
    shared_s: float  # its share of what belongs to the whole function; no part of the others

    @property
    def seconds(self) -> float:
        """Its own and its share."""
        return self.self_s + self.shared_s


@dataclass(frozen=True)
class Attribution:
    """Seconds of compiling, by whom they belong to."""

    direct_s: float  # to a node
    shared_s: float  # to a whole function, shared out among its nodes
    start_up_s: float  # to PyTensor's own modules
    lost_s: float  # what of the first two belongs to no line
    kinds: Mapping[str, float]  # seconds by kind of work
    nodes: tuple[CompiledUnit, ...]  # the dearest first
    ops: tuple[CompiledUnit, ...]
    lines: tuple[CompiledUnit, ...]

    @property
    def attributed(self) -> float:
        """The share of compiling that is put down to a node and a line."""
        total = self.direct_s + self.shared_s
        return (total - self.lost_s) / total if total else 1.0

    def to_dict(self) -> dict[str, Any]:
        """JSON values for a record."""
        kept = {name: [asdict(each) for each in getattr(self, name)[:MOST]] for name in LISTS}
        return asdict(self) | kept | {"kinds": dict(self.kinds)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Attribution":
        """What `to_dict` wrote."""
        lists = {name: tuple(CompiledUnit(**each) for each in data[name]) for name in LISTS}
        return cls(**{**data, **lists})


LISTS = ("nodes", "ops", "lines")
