"""What records say: a quantity, its spread over repetitions, its ratio between two forms.

`symrnn.study.readings` says how a quantity is named. Each function takes any records; those of a `Selection`, which an
experiment's `answer` is given, are read once for all that is asked of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from symrnn.bench.records import Case, Record
from symrnn.bench.spread import Spread, is_number, middle, spread
from symrnn.study.readings import known, reading
from symrnn.study.selection import Pairs, Selection

__all__ = [
    "differences",
    "grouped",
    "known",
    "known_numbers",
    "middle",
    "pairs",
    "partners",
    "ratio",
    "ratio_of",
    "reading",
    "select",
    "spread_of",
    "values_of",
]


def known_numbers(records: Sequence[Record], quantity: str) -> list[float]:
    """The numbers among the `known` values of some records."""
    if isinstance(records, Selection):
        numbers = records.numbers(quantity)
        return [each for place in records.places if (each := numbers[place]) is not None]
    values = (known(record, quantity) for record in records)
    return [each for each in values if is_number(each)]


def selection(records: Iterable[Record]) -> Selection:
    """The records as a `Selection`, which they may be already."""
    return records if isinstance(records, Selection) else Selection(records)


def select(records: Iterable[Record], **where: Any) -> Selection:
    """The records whose quantities have the given values; a list of values means any of them.

    Examples
    --------
    >>> select([], status="ok", form=["sgd", "momentum"])
    ()
    """
    return selection(records).all_where(where)


def values_of(records: Sequence[Record], quantity: str) -> list[Any]:
    """The different values of `quantity`, in the order of their first appearance."""
    return list(grouped(records, quantity))


def grouped(records: Sequence[Record], quantity: str) -> dict[Any, Sequence[Record]]:
    """The records by their value of `quantity`, as values first appear; those without one are left out.

    One pass, where `select` for each of `values_of` would be one a value.

    Examples
    --------
    >>> grouped([], "depth")
    {}
    """
    records = selection(records)
    groups = records.by(("grouped", quantity), records.hashable(quantity))
    return {value: group for value, group in groups.items() if value is not None}


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


def ratio_of(found: Pairs, quantity: str) -> Spread | None:
    """The spread of `quantity` in one record divided by that in its partner, or None."""
    # a time that is too short for the clock is 0, and no reference
    return spread(above / below for _, above, below in found.knowing(quantity) if below)


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
    return list(found.knowing(quantity))


def partners(
    records: Sequence[Record],
    of: Case,
    to: Case,
    *,
    across_versions: bool = False,
    **where: Any,
) -> Pairs:
    """Every two records of one run, one in `of` and one in `to`; they may know different quantities."""
    return select(records, **where).pairs(of, to, across_versions=across_versions)
