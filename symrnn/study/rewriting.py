"""What the profiled jobs of a run say: where rewriting spent its time, as a flame graph.

The flame graph is drawn by the page as boxes within boxes: the width of one is its share of the box
around it, what its children leave is its own time. It shows one record, the one with the median
time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median_low

from symrnn.bench.records import Record
from symrnn.bench.spread import Spread, is_number, spread
from symrnn.measure.report_tables import idle_table, rewrite_table
from symrnn.measure.rewrite_timing import PASS, RewriteProfile, RewriteTiming
from symrnn.study.amounts import case_text, duration, goal, number, times
from symrnn.study.readings import reading
from symrnn.tables import Table

LEAST = 0.003  # of the whole; what is shorter stands in one box with its like
LEAST_ACCOUNTED, MOST_OVERHEAD = 0.95, 1.15  # what the instruments must reach
PASS_BOX, APPLIED, IDLE, SMALLER, OUTSIDE = "pass", "applied", "idle", "smaller", "outside"


@dataclass(frozen=True)
class Box:
    """One box of a flame graph."""

    name: str
    kind: str
    seconds: float
    share: float  # of the box around it
    details: str  # one line
    children: tuple["Box", ...] = ()


@dataclass(frozen=True)
class Rewriting:
    """The rewriting of one case, as a report shows it."""

    case: str
    flame: Box
    tables: tuple[Table, ...]
    sums: str  # what the parts add up to, and what the profile costs


def rewriting(profiled: Sequence, plain: Sequence) -> tuple[Rewriting, ...]:
    """One `Rewriting` for each case, mode and state of `profiled`; `plain` is without profiles."""
    cases: dict[str, list[Record]] = {}
    for record in profiled:
        if record.values.get("rewrites"):
            cases.setdefault(place(record), []).append(record)
    without: dict[str, list[Record]] = {}
    # without profiled records nobody asks, and a sweep has many plain ones
    for record in plain if cases else ():
        without.setdefault(place(record), []).append(record)
    return tuple(of_case(records, without.get(name, ())) for name, records in cases.items())


def place(record: Record) -> str:
    """A case with mode and state, in words."""
    return f"{case_text(record.case)} {record.mode} {record.state}".strip()


def of_case(records: Sequence, plain: Sequence) -> Rewriting:
    """The record with the median time, and the cost of the profile over all rounds."""
    profiles = [RewriteProfile.from_dict(record.values["rewrites"]) for record in records]
    # The lower of two middle ones: a flame graph must be one that was measured.
    middle = median_low(profile.wall_s for profile in profiles)
    profile = next(each for each in profiles if each.wall_s == middle)
    dearest = replace(rewrite_table(profile), note="")  # the sums say it
    tables = tuple(table for table in (dearest, idle_table(profile)) if table.rows)
    told = sums(profile, overhead(records, plain))
    return Rewriting(place(records[0]), flame(profile), tables, told)


def sums(profile: RewriteProfile, overhead: Spread | None) -> str:
    """How much of the time the passes account for, and what the profile costs."""
    told = (
        f"Rewriting took {duration(profile.rewrite_s)}, of which the passes account for"
        f" {number(100 * profile.accounted)} %"
        f" {goal(f'at least {100 * LEAST_ACCOUNTED:.0f} %', profile.accounted >= LEAST_ACCOUNTED)};"
        f" {duration(profile.remainder_s)} more went into cloning the graph and checking it."
    )
    if overhead:
        told += (
            f" With the profile on, rewriting takes {times(overhead)} the processor time without it"
            f" {goal(f'at most {MOST_OVERHEAD}', overhead.median <= MOST_OVERHEAD)}."
        )
    return told


def overhead(profiled: Sequence, plain: Sequence) -> Spread | None:
    """Processor seconds of rewriting with the profile over those without, round by round."""
    without = {(place(record), record.round): rewrite_s(record) for record in plain}
    pairs = [(rewrite_s(each), without.get((place(each), each.round))) for each in profiled]
    ratios = [with_it / without_it for with_it, without_it in pairs if with_it and without_it]
    return spread(ratios) if ratios else None


def rewrite_s(record: Record) -> float | None:
    """Processor seconds of rewriting, None where it was not finished."""
    seconds = reading(record, "phases_cpu_s.rewrite") if record.is_ok else None
    return seconds if is_number(seconds) else None


def flame(profile: RewriteProfile) -> Box:
    """The boxes of a profile; the outermost is the whole of rewriting.

    Examples
    --------
    >>> merge = RewriteTiming("merge1", PASS, 1.0, 1, 1, 0, 3, 9, 6)
    >>> flame(RewriteProfile(4.0, (merge,))).children[0].share
    0.25
    """
    whole = profile.wall_s
    boxes = [box(each, whole, whole) for each in profile.passes]
    # No pass accounts for it, but without it the boxes would not fill the whole.
    rest = profile.remainder_s
    details = f"clone and check: {told(rest, whole)}, outside of any pass"
    boxes.append(Box("clone and check", OUTSIDE, rest, rest / whole, details))
    name = "rewriting"
    return Box(name, PASS_BOX, whole, 1.0, f"{name}: {duration(whole)} in all", tuple(boxes))


def box(timing: RewriteTiming, around_s: float, whole_s: float) -> Box:
    """A timing as a box, with those below it; the longest first."""
    below = sorted(timing.children, key=lambda child: -child.seconds)
    shown = [child for child in below if child.seconds >= LEAST * whole_s]
    boxes = [box(child, timing.seconds, whole_s) for child in shown]
    boxes += smaller(below[len(shown) :], timing.seconds, whole_s)
    kind = PASS_BOX if timing.kind == PASS else APPLIED if timing.applied else IDLE
    share = timing.seconds / around_s if around_s else 0.0
    name, own_s = timing.name, timing.own_s
    return Box(name, kind, timing.seconds, share, details(timing, own_s, whole_s), tuple(boxes))


def smaller(timings: Sequence[RewriteTiming], around_s: float, whole_s: float) -> list[Box]:
    """What is too small to see, as one box; none for nothing."""
    seconds = sum(each.seconds for each in timings)
    if seconds < LEAST * whole_s:
        return []
    share = seconds / around_s if around_s else 0.0
    name = f"{len(timings)} smaller"
    tried, applied = (sum(getattr(each, n) for each in timings) for n in ("tried", "applied"))
    line = f"{name}: {told(seconds, whole_s)}, tried {tried}, applied {applied}"
    return [Box(name, SMALLER, seconds, share, line)]


def details(timing: RewriteTiming, own_s: float, whole_s: float) -> str:
    """Everything about a timing in one line."""
    words = [f"{timing.name} ({timing.kind}): {told(timing.seconds, whole_s)}"]
    if timing.children:
        words.append(f"own {duration(max(own_s, 0.0))}")
    if timing.kind == PASS:
        words.append(f"called {timing.tried}")
    else:
        words += [f"tried {timing.tried}", f"applied {timing.applied}"]
    words += [f"nodes created {timing.created}, pruned {timing.pruned}"]
    return ", ".join(words)


def told(seconds: float, whole_s: float) -> str:
    """Seconds, and their share of the whole.

    Examples
    --------
    >>> told(0.5, 2.0)
    '500 ms (25 %)'
    """
    return f"{duration(seconds)} ({number(round(100 * seconds / whole_s, 1))} %)"
