"""What one record says of a quantity.

A *quantity* is named by a string: an axis of the case (``"depth"``), a field of the record
(``"mode"``), a value (``"rewrite_s"``), a value inside another (``"after.components"``), or a sum
(``"build_s+grad_s"``). A list of samples is read as its median. What a record does not have is
read as None.
"""

from collections.abc import Callable, Container, Sequence
from functools import lru_cache
from statistics import median
from typing import Any

from symrnn.bench.records import Record
from symrnn.bench.spread import is_number

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
    return reader(quantity)(record)


@lru_cache(maxsize=1000)
def reader(quantity: str) -> Callable[[Record], Any]:
    """`reading` for one quantity: its name is taken apart once, and not for each record."""
    terms, (first, *below) = quantity.split("+"), quantity.split(".")
    readers = [reader(term) for term in terms] if len(terms) > 1 else []

    def field(record):
        return getattr(record, quantity)

    def of_terms(record):
        return total([read(record) for read in readers])

    def value(record):
        # An axis of the case goes before a value of the same name: it is what the file's author wrote.
        case = record.case
        if quantity in case:
            return case[quantity]
        found = record.values.get(first)
        for name in below:
            found = found.get(name) if isinstance(found, dict) else None
        return middle(found) if type(found) is list else found

    if quantity not in FIELDS and not readers:
        return value
    read = field if quantity in FIELDS else of_terms
    return lambda record: record.case[quantity] if quantity in record.case else read(record)


def readings(records: Sequence[Record], quantity: str, axes: Container[str]) -> list[Any]:
    """`reading` of each of many records, whose cases have some axes: in loops without a call a record."""
    if quantity in axes:
        return list(map(reader(quantity), records))
    if quantity in FIELDS:
        return [getattr(record, quantity) for record in records]
    terms, (first, *below) = quantity.split("+"), quantity.split(".")
    if len(terms) > 1:
        columns = [readings(records, term, axes) for term in terms]
        return [total(parts) for parts in zip(*columns, strict=True)]
    found = [record.values.get(first) for record in records]
    for name in below:
        found = [each.get(name) if isinstance(each, dict) else None for each in found]
    return [middle(each) if type(each) is list else each for each in found]


def total(parts: Sequence[Any]) -> float | None:
    """The sum of some parts, None where one is no number."""
    return sum(parts) if all(map(is_number, parts)) else None


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
    read, knowing = reader(quantity), knowing_statuses(quantity)
    return lambda record: read(record) if record.status in knowing else None


def knowing_statuses(quantity: str) -> tuple[str, ...]:
    """The statuses of the records that know a quantity."""
    return ("ok",) if quantity in STOPPED else ("ok", "time_limit")
