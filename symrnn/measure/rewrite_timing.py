"""What a profile of rewriting holds: the tree of passes and node rewrites, and views of it.

Times are inclusive; what is left of a pass without its children is its own time (walking the graph, sorting it,
callbacks).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

PASS, NODE_REWRITE = "pass", "node rewrite"
LONGEST_CURVE = 500  # points kept of the curve of graph size


@dataclass(frozen=True)
class RewriteTiming:
    """One pass or node rewrite at one place in the tree; all its calls there together."""

    name: str
    kind: str  # PASS or NODE_REWRITE
    seconds: float
    tried: int  # calls
    applied: int  # calls that changed the graph
    created: int  # apply nodes that appeared in its graph during these calls
    pruned: int  # and those that disappeared
    nodes_before: int  # apply nodes of its graph, before the first call
    nodes_after: int  # after the last call
    children: tuple["RewriteTiming", ...] = ()

    @property
    def own_s(self) -> float:
        """Seconds that none of its children accounts for."""
        return self.seconds - sum(child.seconds for child in self.children)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "RewriteTiming"]]:
        """Itself and everything below it, with the depth; the longest first on each level."""
        yield depth, self
        for child in sorted(self.children, key=lambda child: -child.seconds):
            yield from child.walk(depth + 1)

    @classmethod
    def from_dict(cls, data: dict) -> "RewriteTiming":
        """The timing that ``asdict`` made a dictionary of."""
        children = tuple(cls.from_dict(child) for child in data["children"])
        return cls(**data | {"children": children})


@dataclass(frozen=True)
class RewriteProfile:
    """Everything that happened while a graph was rewritten."""

    wall_s: float  # of the profiled block
    passes: tuple[RewriteTiming, ...]  # the outermost ones
    begin_s: float = 0.0  # on the clock of `time.perf_counter`
    curve: tuple[tuple[float, int], ...] = ()  # seconds since the begin, apply nodes
    # kind, name, begin and duration in seconds
    spans: tuple[tuple[str, str, float, float], ...] = ()

    @property
    def rewrite_s(self) -> float:
        """Seconds of the outermost passes: the rewriting itself."""
        return sum(each.seconds for each in self.passes)

    @property
    def remainder_s(self) -> float:
        """The rest of the wall time: cloning the graph, checking the inputs."""
        return self.wall_s - self.rewrite_s

    @property
    def parts(self) -> tuple[RewriteTiming, ...]:
        """The passes that are called in turn, below the sequences that do nothing else."""
        parts = self.passes
        while (
            len(parts) == 1 and parts[0].children and all(c.kind == PASS for c in parts[0].children)
        ):
            parts = parts[0].children
        return parts

    @property
    def accounted(self) -> float:
        """Share of the rewriting that the `parts` account for."""
        return sum(part.seconds for part in self.parts) / (self.rewrite_s or 1.0)

    def by_name(self, kind: str | None = None) -> list[RewriteTiming]:
        """One timing for each name, wherever it stands in the tree; by own time, longest first.

        The seconds are own times here, so that they add up; the nodes that a pass created are those of the rewrites
        below it as well.
        """
        merged: dict[tuple[str, str], RewriteTiming] = {}
        for root in self.passes:
            for _, each in root.walk():
                flat = replace(each, seconds=each.own_s, children=())
                key = each.kind, each.name
                merged[key] = added(merged[key], flat) if key in merged else flat
        chosen = (each for each in merged.values() if kind in (None, each.kind))
        return sorted(chosen, key=lambda each: -each.seconds)

    def never_applied(self, *, least_tries: int = 1) -> list[RewriteTiming]:
        """Node rewrites that were tried, and never changed anything; the most tried first."""
        idle = [
            each
            for each in self.by_name(NODE_REWRITE)
            if each.applied == 0 and each.tried >= least_tries
        ]
        return sorted(idle, key=lambda each: -each.tried)

    def counts(self) -> dict[str, int]:
        """Passes called, node rewrites tried and applied: what does not depend on the machine."""
        rewrites = self.by_name(NODE_REWRITE)
        return {
            "passes": sum(each.tried for each in self.by_name(PASS)),
            "tried": sum(each.tried for each in rewrites),
            "applied": sum(each.applied for each in rewrites),
        }

    def to_dict(self) -> dict:
        """JSON values; the curve is thinned to `LONGEST_CURVE` points."""
        # Thinned evenly; the last point stays whatever the step, since it is the size that came out.
        step = -(-len(self.curve) // LONGEST_CURVE) or 1
        return asdict(self) | {"curve": [*self.curve[:-1:step], *self.curve[-1:]]}

    @classmethod
    def from_dict(cls, data: dict) -> "RewriteProfile":
        """The profile that `to_dict` wrote."""
        return cls(
            wall_s=data["wall_s"],
            begin_s=data["begin_s"],
            passes=tuple(RewriteTiming.from_dict(each) for each in data["passes"]),
            curve=tuple((s, n) for s, n in data["curve"]),
            spans=tuple(tuple(span) for span in data["spans"]),
        )


def added(one: RewriteTiming, other: RewriteTiming) -> RewriteTiming:
    """Two timings of one name as one."""
    counts = ("seconds", "tried", "applied", "created", "pruned")
    sums = {name: getattr(one, name) + getattr(other, name) for name in counts}
    children = one.children + other.children
    return replace(one, **sums, nodes_after=other.nodes_after, children=children)
