"""What records say: a quantity, its spread over repetitions, its ratio between two forms.

A *quantity* is named by a string: an axis of the case (``"depth"``), a field of the record
(``"mode"``), a value (``"rewrite_s"``), a value inside another (``"after.components"``), or a sum
(``"build_s+grad_s"``). A list of samples is read as its median. What a record does not have is
read as None.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from statistics import median
from typing import Any

from symrnn.bench.records import Case, Record
from symrnn.bench.spread import Spread, is_number, spread

FIELDS = {"task", "mode", "state", "round", "status", "message", "wall_s"}
STOPPED = ("peak_rss_bytes", "total_s", "wall_s")  # of a job that was stopped: not the whole
# what makes two machines different
RUN = ("task", "mode", "state", "round")  # what two records that are divided share beside the case
MACHINE = ("cpu", "cores", "memory_bytes", "os", "jobs_at_once")


def reading(record: Record, quantity: str) -> Any:
    """The value of `quantity` in a record, None where it has none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> values = {"step_s": [3.0, 1.0, 2.0], "after": {"nodes": 9}}
    >>> record = SimpleNamespace(case={"depth": 2}, mode="C", values=values)
    >>> [reading(record, name) for name in ("depth", "mode", "step_s", "after.nodes", "grad_s")]
    [2, 'C', 2.0, 9, None]
    """
    return reader(quantity)(record)


@lru_cache(maxsize=1000)
def reader(quantity: str) -> Callable[[Record], Any]:
    """`reading` for one quantity: its name is taken apart once, and not for each record."""
    terms, (first, *below) = quantity.split("+"), quantity.split(".")

    def field(record):
        return getattr(record, quantity)

    def total(record):
        parts = [reading(record, term) for term in terms]
        return sum(parts) if all(map(is_number, parts)) else None

    def value(record):
        # An axis of the case goes before a value of the same name: it is what the file's author wrote.
        if quantity in record.case:
            return record.case[quantity]
        found = record.values.get(first)
        for name in below:
            found = found.get(name) if isinstance(found, dict) else None
        return middle(found) if type(found) is list else found

    if quantity not in FIELDS and len(terms) == 1:
        return value
    read = field if quantity in FIELDS else total
    return lambda record: record.case[quantity] if quantity in record.case else read(record)


def middle(samples: Sequence[Any]) -> float | None:
    """The median of a list of numbers, None where it is none."""
    are_numbers = {*map(type, samples)} == {float} or (samples and all(map(is_number, samples)))
    return median(samples) if are_numbers else None


def known(record: Record, quantity: str) -> Any:
    """The value of `quantity` if the record knows it: of a job over its time limit, what it had finished."""
    return knower(quantity)(record)


@lru_cache(maxsize=1000)
def knower(quantity: str) -> Callable[[Record], Any]:
    """`known` for one quantity."""
    read = reader(quantity)
    whole = ("ok",) if quantity in STOPPED else ("ok", "time_limit")
    return lambda record: read(record) if record.status in whole else None


def known_numbers(records: Sequence[Record], quantity: str) -> list[float]:
    """The numbers among the `known` values of some records."""
    know = knower(quantity)
    return [each for record in records if is_number(each := know(record))]


def select(records: Iterable[Record], **where: Any) -> list[Record]:
    """The records whose quantities have the given values; a list of values means any of them.

    Examples
    --------
    >>> select([], status="ok", form=["sgd", "momentum"])
    []
    """

    for quantity, wanted in where.items():
        wanted = wanted if isinstance(wanted, list | tuple | set) else [wanted]
        read = reader(quantity)
        records = [record for record in records if read(record) in wanted]
    return list(records)


def values_of(records: Sequence[Record], quantity: str) -> list[Any]:
    """The different values of `quantity`, in the order of their first appearance."""
    return list(grouped(records, quantity))


def grouped(records: Sequence[Record], quantity: str) -> dict[Any, list[Record]]:
    """The records by their value of `quantity`, as values first appear; those without one are left out.

    One pass, where `select` for each of `values_of` would be one a value.

    Examples
    --------
    >>> grouped([], "depth")
    {}
    """
    groups: dict[Any, list[Record]] = {}
    read = reader(quantity)
    for record in records:
        value = read(record)
        if value is not None:
            value = value if isinstance(value, Hashable) else repr(value)
            groups.setdefault(value, []).append(record)
    return groups


def spread_of(records: Sequence[Record], quantity: str, **where: Any) -> Spread | None:
    """The `Spread` of `quantity` over the selected records that know it."""
    return spread(known_numbers(select(records, **where), quantity))


def ratio(
    records: Sequence[Record],
    quantity: str,
    of: Case,
    to: Case,
    *,
    across_versions: bool = False,
    **where: Any,
) -> Spread | None:
    """The spread of `quantity` in the cases `of` divided by that in the cases `to`, or None.

    Only records of the same run are divided: the same task, mode, state, round, machine and
    versions, and a case that differs in the axes of `of` and `to` alone.

    Examples
    --------
    >>> ratio([], "total_s", {"form": "naive"}, {"form": "sgd"}) is None
    True
    """
    found = partners(records, of, to, across_versions=across_versions, **where)
    return ratio_of(found, quantity)


def ratio_of(found: Sequence[tuple[Record, Record]], quantity: str) -> Spread | None:
    """The spread of `quantity` in one record divided by that in its partner, or None."""
    # a time that is too short for the clock is 0, and no reference
    return spread(above / below for _, above, below in both_know(found, quantity) if below)


def differences(
    records: Sequence[Record], quantity: str, of: Case, to: Case, **where: Any
) -> list[tuple[Case, float]]:
    """``(case, difference)`` of `quantity` for every pair that `ratio` would divide."""
    return [(case, over - under) for case, over, under in pairs(records, quantity, of, to, **where)]


def pairs(
    records: Sequence[Record],
    quantity: str,
    of: Case,
    to: Case,
    *,
    across_versions: bool = False,
    **where: Any,
) -> list[tuple[Case, float, float]]:
    """``(case, value in of, value in to)`` for every two records of one run that know both."""
    found = partners(records, of, to, across_versions=across_versions, **where)
    return both_know(found, quantity)


def both_know(
    found: Sequence[tuple[Record, Record]], quantity: str
) -> list[tuple[Case, float, float]]:
    """``(case, value, value of the partner)`` of the partners that both know a quantity."""
    know = knower(quantity)
    return [
        (above.case, over, under)
        for above, below in found
        if is_number(over := know(above)) and is_number(under := know(below))
    ]


def partners(
    records: Sequence[Record],
    of: Case,
    to: Case,
    *,
    across_versions: bool = False,
    **where: Any,
) -> list[tuple[Record, Record]]:
    """``(record in of, record in to)`` for every two of one run; they may know different quantities."""
    key = Partner(set(of) | set(to), across_versions)
    records = select(records, **where)
    # Of several records of one run the last counts, as in a file of records.
    below = {key(record): record for record in select(records, **to)}
    return [
        (record, partner)
        for record in select(records, **of)
        if (partner := below.get(key(record))) is not None
    ]


class Partner:
    """What two records must share to be divided by each other, as a function of a record.

    The cases and versions of many records are the same objects: each is looked at once.
    """

    def __init__(self, axes: Iterable[str], across_versions: bool = False) -> None:
        self.axes, self.across_versions = set(axes), across_versions
        around = [name for name in RUN if name not in self.axes]
        self.around = attrgetter(*around) if around else lambda record: None
        # id: the object, which keeps its id, and its part of the key
        self.seen: dict[int, tuple[Case, frozenset]] = {}

    def __call__(self, record: Record) -> tuple[Hashable, ...]:
        versions = () if self.across_versions else self.part(record.versions, dict.items)
        machine = map(record.machine.get, MACHINE)
        case = self.part(record.case, self.elsewhere)
        return (case, versions, *machine, self.around(record))

    def part(self, mapping: Case, items: Callable[[Any], Iterable[Any]]) -> frozenset:
        """The items of a mapping as one hashable value."""
        if id(mapping) not in self.seen:
            self.seen[id(mapping)] = mapping, frozenset(items(mapping))
        return self.seen[id(mapping)][1]

    def elsewhere(self, case: Case) -> list[tuple[str, str]]:
        """The axes that are compared by value, where 1 and True differ."""
        return [(axis, repr(value)) for axis, value in case.items() if axis not in self.axes]


def setup(record: Record, *, across_versions: bool = False) -> tuple[Hashable, ...]:
    """The machine and, unless `across_versions`, the versions of a record, to be compared and hashed."""
    machine = tuple(map(record.machine.get, MACHINE))
    return machine if across_versions else (*machine, frozenset(record.versions.items()))
