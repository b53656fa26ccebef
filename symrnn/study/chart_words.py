"""What a chart shows in words: labels, captions, and the text that stands for it where it cannot be seen."""

from collections.abc import Iterator, Sequence
from typing import Any

from symrnn.bench.records import Record
from symrnn.errors import printable
from symrnn.study.amounts import amount, listing, number, title
from symrnn.study.quantities import grouped, select, spread_of, values_of
from symrnn.study.table import outcome


def captioned(heading: str, drawn: str) -> str:
    """The line below a figure.

    Examples
    --------
    >>> captioned("JAX", "nodes against depth"), captioned("", "nodes against depth")
    ('JAX: nodes against depth.', 'Nodes against depth.')
    """
    return f"{heading}: {drawn}." if heading else f"{drawn[:1].upper()}{drawn[1:]}."


def label_of(quantity: str | None, value: Any) -> str:
    """A value as it stands in a legend: numbers with their name."""
    is_text = isinstance(value, str)
    return printable(value) if is_text else f"{title(quantity or '')} {number(value)}"


def axis_label(quantity: str) -> str:
    """The name of a quantity and its unit."""
    unit = "seconds" if quantity.endswith("_s") else "bytes" if quantity.endswith("_bytes") else ""
    return title(quantity) + (f" ({unit})" if unit else "")


def numbers(
    records: Sequence[Record], x: str, y: str, hue: str, panel: str | None
) -> Iterator[str]:
    """What the chart shows in sentences: the ends of each line, and what did not finish."""
    for name in values_of(records, panel) if panel else [None]:
        group = select(records, **{panel: name}) if panel else records
        told = [
            story
            for value, mine in grouped(group, hue).items()
            if (story := told_line(mine, x, y, hue, value))
        ]
        if told:
            yield f"{label_of(panel, name)}: {'; '.join(told)}." if panel else f"{'; '.join(told)}."


def told_line(group: Sequence[Record], x: str, y: str, hue: str, value: Any) -> str:
    """One line of a chart in words."""
    found = {place: spread_of(here, y) for place, here in grouped(group, x).items()}
    points = [
        f"{amount(each.median, y)} at {title(x)} {number(place)}"
        for place, each in found.items()
        if each
    ]
    if len(points) > 2:
        points = [points[0], points[-1]]
    lost = [
        f"{outcome(record)} at {title(x)} {number(place)}"
        for place, record in unfinished(group, x, y)
    ]
    return f"{label_of(hue, value)} {listing(points + lost)}" if points or lost else ""


def unfinished(group: Sequence[Record], x: str, y: str) -> Iterator[tuple[Any, Record]]:
    """``(place, record)`` for every place where no record knows `y`."""
    for place, here in grouped(group, x).items():
        if spread_of(here, y) is None and not select(here, status="ok"):
            yield place, here[-1]
