"""Has it got better? Two sets of records, case by case: counts first, then times.

Counts (nodes, components, compiled functions) are the same in every run, so one more is a
regression. Times get a verdict from `symrnn.bench.stats`, with its error rate divided by the
number of comparisons. What is measured on different machines or versions is refused unless asked
for, and then marked.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from statistics import median
from typing import Any

from symrnn.bench.records import Record
from symrnn.bench.spread import Spread, is_number, middle
from symrnn.bench.stats import THRESHOLD, compare_samples
from symrnn.errors import UserError

SIZES = ("nodes", "inner_nodes", "scalar_nodes", "scans", "components", "widest_scan")
EVENTS = ("numba", "c_compiled", "jax", "native")
REWRITES = ("passes", "tried")  # of profiled jobs
PHASES = ("build", "grad", "rewrite")  # Python on one thread: processor time, where it is known
TIMES = ("link_s", "first_call_s", "step_s", "peak_rss_bytes")
SAME_MACHINE = ("cpu", "cores", "memory_bytes", "os", "blas_threads", "flags", "jobs_at_once")
SAME_VERSIONS = ("python", "pytensor", "numpy", "numba", "llvmlite", "jax", "jaxlib")
WORSE = ("larger", "slower", "broken")
BETTER = ("smaller", "faster", "repaired")


@dataclass(frozen=True)
class Change:
    """One metric of one case, old and new."""

    case: str
    metric: str
    old: float | str  # a count, the median of a time, or a status
    new: float | str
    verdict: str  # one of WORSE, BETTER, "equal", "no decision"
    ratio: Spread | None = None  # of times
    interval: tuple[float, float] | None = None
    why: str = ""  # there is no decision

    @property
    def is_regression(self) -> bool:
        """Whether it got worse, beyond the threshold."""
        return self.verdict in WORSE

    @property
    def is_improvement(self) -> bool:
        """Whether it got better, beyond the threshold."""
        return self.verdict in BETTER


@dataclass(frozen=True)
class RecordComparison:
    """What changed between two sets of records."""

    changes: tuple[Change, ...]  # counts before times, in the order of the cases
    only_old: tuple[str, ...]  # cases
    only_new: tuple[str, ...]
    mixed: tuple[str, ...]  # what differs of machine and versions, when that was allowed

    @property
    def regressions(self) -> list[Change]:
        """What got worse."""
        return [change for change in self.changes if change.is_regression]

    @property
    def improvements(self) -> list[Change]:
        """What got better."""
        return [change for change in self.changes if change.is_improvement]


def compare_records(
    old: Iterable[Record],
    new: Iterable[Record],
    *,
    threshold: float = THRESHOLD,
    allow_mixed: bool = False,
) -> RecordComparison:
    """What changed from `old` to `new`, for the cases that both have.

    Parameters
    ----------
    old, new
        Records, as `load_records` returns them; all rounds of a case belong together.
    threshold
        Times that differ by less get no verdict. Counts have no threshold.
    allow_mixed
        Compare also what was measured on different machines or versions.

    Raises
    ------
    UserError
        When machines or versions differ, or when no case is in both.
    """
    was, now = by_case(old), by_case(new)
    mixed = tuple(differences([r for records in (was, now) for rs in records.values() for r in rs]))
    if mixed and not allow_mixed:
        raise UserError(
            f"records must be of one machine and one set of versions, but differ in"
            f" {'; '.join(mixed)}; measure both again here, or allow it (allow_mixed=True)"
        )
    common = {case: (was[case], now[case]) for case in was if case in now}
    if not common:
        have = [f"{len(cases)}, such as {next(iter(cases), 'none')}" for cases in (was, now)]
        raise UserError(
            f"old and new must have a case in common, but have different ones (old {have[0]}; new {have[1]});"
            " measure both alike: the same experiment or target, mode and caches"
        )
    counts = [change for case, sides in common.items() for change in count_changes(case, *sides)]
    # A list, for its length: the error rate is shared by all comparisons that are made.
    pairs = [(case, *samples) for case, sides in common.items() for samples in timed(*sides)]
    times = [time_change(*pair, threshold, len(pairs)) for pair in pairs]
    return RecordComparison(
        changes=(*counts, *times),
        only_old=tuple(case for case in was if case not in now),
        only_new=tuple(case for case in now if case not in was),
        mixed=mixed,
    )


def as_one_target(old: Sequence[Record], new: Sequence[Record]) -> list[Record]:
    """The old records under the new ones' name, where each side is one target that was measured: ``old.py:train``."""
    names = [{record.experiment for record in records} for records in (old, new)]
    if any(len(found) != 1 or ":" not in next(iter(found)) for found in names):
        return list(old)
    [name] = names[1]
    return [replace(record, experiment=name) for record in old]


def by_case(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of each case (all its rounds), by a name that tells it from the others."""
    cases: dict[str, list[Record]] = {}
    names: dict[tuple, str] = {}
    for record in records:
        # rounds share the object of their case
        place = id(record.case), *circumstances(record)
        if place not in names:
            names[place] = case_name(record)
        cases.setdefault(names[place], []).append(record)
    return cases


circumstances = attrgetter("experiment", "task", "mode", "state", "profile")


def case_name(record: Record) -> str:
    """A case with its experiment, task, mode and state, in words."""
    case = " ".join(
        f"{as_text(name)}={as_text(value)}" for name, value in sorted(record.case.items())
    )
    task = [] if record.task == "compile" else [record.task]
    where = [record.mode, record.state, "profiled" * record.profile]
    return " ".join(filter(None, [record.experiment, *task, case, *where]))


def as_text(value: Any) -> str:
    """A JSON value as people write it: a text as it is, where nothing else is written so.

    Examples
    --------
    >>> as_text("rnn"), as_text(1), as_text("1"), as_text("a b=2")
    ('rnn', '1', '"1"', '"a b=2"')
    """
    return value if isinstance(value, str) and stands_for_itself(value) else json.dumps(value)


def stands_for_itself(text: str) -> bool:
    """Whether a text is no number, no other JSON, and no more than one part of a case's name."""
    if re.search(r'[\s="]', text):
        return False
    try:
        json.loads(text)
    except RecursionError:  # many brackets
        return False
    except ValueError:
        return True
    return False


def differences(records: Sequence[Record]) -> Iterable[str]:
    """What differs between the machines and versions of `records`, in words."""
    # A job that failed may not have come to say what it ran on.
    finished = [record for record in records if record.is_ok]
    for source, names in (("machine", SAME_MACHINE), ("versions", SAME_VERSIONS)):
        # many records share one object
        different = {id(each): each for each in map(attrgetter(source), finished)}.values()
        for name in names:
            found = sorted({str(each.get(name)) for each in different})
            if len(found) > 1:
                yield f"{name} ({', '.join(found)})"


def count_changes(case: str, old: Sequence[Record], new: Sequence[Record]) -> Iterable[Change]:
    """What changed in status and counts."""
    was, now = (worst_status(records) for records in (old, new))
    if was != "ok" and now != "ok":
        yield Change(case, "status", was, now, "no decision", why="it failed in both")
    elif was != now:
        yield Change(case, "status", was, now, "repaired" if now == "ok" else "broken")
    sides = [[record for record in records if record.is_ok] for records in (old, new)]
    for metric in counted_metrics():
        before, after = (counts(records, metric) for records in sides)
        if before and after:
            yield count_change(case, metric, before, after)


def worst_status(records: Sequence[Record]) -> str:
    """The status of all rounds: "ok" only where all are."""
    return next((record.status for record in records if not record.is_ok), "ok")


def counted_metrics() -> list[str]:
    """The metrics that are the same in every run: sizes before and after, and compilations."""
    sizes = [f"{when}.{name}" for when in ("after", "before") for name in SIZES]
    events = [f"compile_events.{name}" for name in EVENTS]
    return [*sizes, *events, *(f"rewrite_counts.{name}" for name in REWRITES)]


def counts(records: Sequence[Record], metric: str) -> list[float]:
    """The different values of a counted metric over the rounds, which have finished."""
    group, name = metric.split(".")
    found = (within(record, group).get(name) for record in records)
    return sorted({value for value in found if is_number(value)})


def within(record: Record, group: str) -> Mapping[str, Any]:
    """The values of a group, which a record may not have, or have as something else; those of the record for ""."""
    found = record.values.get(group) if group else record.values
    return found if isinstance(found, Mapping) else {}


def count_change(case: str, metric: str, old: list[float], new: list[float]) -> Change:
    """The change of a count; where it varies from round to round, only if the ranges are apart."""
    # the values of all rounds are sorted: apart means that the two ranges share nothing
    if old[-1] < new[0]:
        verdict = "larger"
    elif new[-1] < old[0]:
        verdict = "smaller"
    else:
        verdict = "equal" if old == new else "no decision"
    why = f"varies: {old} and {new}" if verdict == "no decision" else ""
    return Change(case, metric, median(old), median(new), verdict, why=why)


def timed(old: Sequence[Record], new: Sequence[Record]) -> Iterable[tuple[str, list, list]]:
    """The metrics that vary from run to run, with a sample for each round that finished."""
    sides = [[record for record in records if record.is_ok] for records in (old, new)]
    for metric in (*(f"{phase}_s" for phase in PHASES), *TIMES):
        name = metric.removesuffix("_s")
        # Processor time where both sides have it: a busy machine does not lengthen it. Older records have wall time
        # alone.
        for chosen in ([f"phases_cpu_s.{name}"] if name in PHASES else []) + [metric]:
            samples = [[sample(record, chosen) for record in records] for records in sides]
            kept = [[value for value in values if value] for values in samples]
            if all(kept):
                yield chosen, kept[0], kept[1]
                break


def sample(record: Record, metric: str) -> float:
    """One number for one process: the median of the steps, the value of all else; 0 if unknown."""
    group, _, name = metric.rpartition(".")
    value = within(record, group).get(name)
    value = middle(value) if isinstance(value, list) else value
    return value if is_number(value) and value > 0 else 0.0


def time_change(
    case: str,
    metric: str,
    old: Sequence[float],
    new: Sequence[float],
    threshold: float,
    comparisons: int,
) -> Change:
    """The change of a metric that varies from run to run."""
    found = compare_samples(old, new, threshold=threshold, comparisons=comparisons)
    words = {"slower": "larger", "faster": "smaller"} if metric == "peak_rss_bytes" else {}
    return Change(
        case=case,
        metric=metric,
        old=median(old),
        new=median(new),
        verdict=words.get(found.verdict, found.verdict),
        ratio=found.ratio,
        interval=found.interval,
        why=found.why,
    )
