"""What one record says of a quantity.

A *quantity* is named by a string: an axis of the case (``"depth"``), a field of the record
(``"mode"``), a value (``"rewrite_s"``), a value inside another (``"after.components"``), or a sum
(``"build_s+grad_s"``). A list of samples is read as its median. What a record does not have is
read as None.
"""

from collections.abc import Callable, Sequence
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

    def total(record):
        found: float = 0
        for read in readers:
            part = read(record)
            if not is_number(part):
                return None
            found += part
        return found

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
    read, knowing = reader(quantity), knowing_statuses(quantity)
    return lambda record: read(record) if record.status in knowing else None


def knowing_statuses(quantity: str) -> tuple[str, ...]:
    """The statuses of the records that know a quantity."""
    return ("ok",) if quantity in STOPPED else ("ok", "time_limit")
