"""What one record says of a quantity.

A *quantity* is named by a string: an axis of the case (``"depth"``), a field of the record
(``"mode"``), a value (``"rewrite_s"``), a value inside another (``"after.components"``), or a sum
(``"build_s+grad_s"``). A list of samples is read as its median. What a record does not have is
read as None.
"""

from collections.abc import Container, Sequence
from typing import Any

from symrnn.bench.records import Record
from symrnn.bench.spread import is_number, middle

FIELDS = {"task", "mode", "state", "round", "status", "message", "wall_s"}
STOPPED = ("peak_rss_bytes", "total_s", "wall_s")  # of a job that was stopped: not the whole


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
    return readings([record], quantity, record.case)[0]


def readings(records: Sequence[Record], quantity: str, axes: Container[str]) -> list[Any]:
    """`reading` of each of many records, whose cases have some axes: in loops without a call a record."""
    terms, (first, *below) = quantity.split("+"), quantity.split(".")
    if quantity in FIELDS:
        found = [getattr(record, quantity) for record in records]
    elif len(terms) > 1:
        columns = [readings(records, term, axes) for term in terms]
        found = [total(parts) for parts in zip(*columns, strict=True)]
    else:
        found = [record.values.get(first) for record in records]
        for name in below:
            found = [each.get(name) if isinstance(each, dict) else None for each in found]
        found = [middle(each) if type(each) is list else each for each in found]
    if quantity not in axes:
        return found
    # An axis of the case goes before a value of the same name: it is what the file's author wrote.
    pairs = zip(records, found, strict=True)
    return [record.case.get(quantity, each) for record, each in pairs]


def total(parts: Sequence[Any]) -> float | None:
    """The sum of some parts, None where one is no number."""
    return sum(parts) if all(map(is_number, parts)) else None


def known(record: Record, quantity: str) -> Any:
    """The value of `quantity` if the record knows it: of a job over its time limit, what it had finished."""
    return reading(record, quantity) if record.status in knowing_statuses(quantity) else None


def knowing_statuses(quantity: str) -> tuple[str, ...]:
    """The statuses of the records that know a quantity."""
    return ("ok",) if quantity in STOPPED else ("ok", "time_limit")
