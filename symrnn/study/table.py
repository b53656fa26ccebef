"""Records as a table: one row a case, mode and state; medians; ratios to the reference."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symrnn.bench.records import Record
from symrnn.bench.spread import Spread
from symrnn.errors import printable
from symrnn.study.amounts import amount, number, times, title
from symrnn.study.quantities import (
    known_numbers,
    middle,
    partners,
    ratio,
    ratio_of,
    reading,
    select,
    values_of,
)
from symrnn.study.selection import Partner, Selection
from symrnn.tables import Table, as_markdown

Cell = tuple[str, Any]  # text, and what it sorts by
COLUMNS = (
    "build_s+grad_s",
    "rewrite_s",
    "link_s",
    "jit_s",
    "total_s",
    "step_s",
    "peak_rss_bytes",
    "after.nodes",
    "after.inner_nodes",
    "after.scans",
    "after.components",
)
STATUS_WORDS = {
    "time_limit": "over the time limit",
    "memory_limit": "over the memory limit",
    "crash": "crashed",
    "error": "failed",
    "garbage": "returned garbage",
    "refused": "refused",
}


def table(
    records: Sequence[Record],
    columns: Sequence[str] = COLUMNS,
    *,
    task: str = "compile",
    comparison: "Comparison | None" = None,
) -> Table:
    """The `Table` of the records of one task; with a `Comparison`, the last column holds its ratios."""
    records = select(records, task=task)
    # What no record knows is no column: most tasks measure one or two quantities.
    columns = [each for each in columns if is_known(records, each)]
    axes = list(dict.fromkeys(axis for record in records for axis in record.case))
    axes += [name for name in ("mode", "state") if len(values_of(records, name)) > 1]
    groups = cases_of(records)
    rows = [row(group, axes, columns) for group in groups]
    heading = [printable(each) for each in (*axes, *map(title, columns))]
    if comparison and any(comparison.fits(record) for record in records):
        heading.append(comparison.heading)
        for cells, cell in zip(rows, comparison.cells(records, groups), strict=True):
            cells.append(cell)
    if any(outcome_cell(group)[0] for group in groups):
        heading.append("outcome")
        for cells, group in zip(rows, groups, strict=True):
            cells.append(outcome_cell(group))
    texts = tuple(tuple(text for text, _ in cells) for cells in rows)
    keys = tuple(tuple(key for _, key in cells) for cells in rows)
    return Table(tuple(heading), texts, axes=len(axes), keys=keys)


def is_known(records: Selection, quantity: str) -> bool:
    """Whether any of the records knows a quantity."""
    known = records.known(quantity)
    return any(known[place] is not None for place in records.places)


@dataclass(frozen=True)
class Comparison:
    """What a table divides by what: a quantity of each case by that of the `reference` case."""

    reference: dict  # for example {"form": "sgd"}
    quantity: str = "total_s"
    across_versions: bool = False

    @property
    def heading(self) -> str:
        """Heading of the column."""
        names = "/".join(Path(str(value)).name or str(value) for value in self.reference.values())
        return f"{title(self.quantity)} ÷ {names}"

    def fits(self, record: Record) -> bool:
        """Whether a record's case has the axes of the reference."""
        return bool(self.reference) and set(self.reference) <= set(record.case)

    def cells(self, records: Selection, groups: Sequence[Selection]) -> list[Cell]:
        """The ratio of each case, a group of the records, to the reference: ``(text, sort key)``.

        As `ratio` divides, but the reference's records are looked for once and not for each case.
        """
        found = [at for at, record in zip(records.places, records) if self.is_reference(record)]
        # A partner is of the same round: rounds are divided first, and then the median is taken.
        partners = dict(self.keyed(records, found))
        return [
            self.cell(self.keyed(records, group.places), partners)
            if self.fits(group[0])
            else ("–", None)
            for group in groups
        ]

    def is_reference(self, record: Record) -> bool:
        """Whether others are divided by a record."""
        return self.fits(record) and self.reference.items() <= record.case.items()

    def keyed(self, records: Selection, places: Iterable[int]) -> Iterator[tuple[Any, Any]]:
        """What a record shares with those that it is divided by, and its number, None where it knows none."""
        keys = records.partner_keys(self.reference, across_versions=self.across_versions)
        numbers = records.numbers(self.quantity)
        return ((keys[place], numbers[place]) for place in places)

    def cell(self, group: Iterable[tuple[Any, Any]], partners: Mapping[Any, Any]) -> Cell:
        """The ratio of one case, ``"–"`` where it has no partner that knows the quantity."""
        pairs = [(number, partners.get(key)) for key, number in group]
        # a time that is too short for the clock is 0, and no reference
        found = middle([above / below for above, below in pairs if above is not None and below])
        return ("–", None) if found is None else (f"{found:.2f}", found)


def cases_of(records: Selection) -> list[Selection]:
    """The records grouped by case, mode and state."""
    case = Partner(())

    def place(record):
        return case.part(record.case, case.elsewhere), record.mode, record.state

    return list(records.by(cases_of, records.column(cases_of, place)).values())


def outcome_cell(group: Sequence[Record]) -> Cell:
    """ "" where a job of the case finished, else how it failed."""
    # One round that finished gives the row its figures; the report lists the others as failures.
    text = "" if any(record.status == "ok" for record in group) else outcome(group[-1])
    return text, text


def row(group: Sequence[Record], axes: Sequence[str], columns: Sequence[str]) -> list[Cell]:
    """The cells of one case as ``(text, sort key)``."""
    places = [reading(group[0], axis) for axis in axes]
    cells: list[Cell] = [
        (number(each), each if isinstance(each, int | float) else number(each)) for each in places
    ]
    for column in columns:
        found = middle(known_numbers(group, column))
        cells.append((amount(found, column), found))
    return cells


def outcome(record: Record) -> str:
    """How a job failed, in words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> outcome(SimpleNamespace(status="time_limit", message="over 600 s"))
    'over 600 s'
    """
    return record.message if record.status == "time_limit" else STATUS_WORDS[record.status]


def ratio_table(
    records: Sequence[Record], axis: str, reference: Any, quantities: Sequence[str], **where: Any
) -> str:
    """Every other value of `axis` against `reference` in Markdown: ratios, pair by pair."""
    names = [name for name in values_of(select(records, **where), axis) if name != reference]
    rows, pairs = [], 0
    for name in names:
        pairs_of = partners(records, {axis: name}, {axis: reference}, **where)
        found = [ratio_of(pairs_of, each) for each in quantities]
        pairs = max(pairs, *(each.samples for each in found if each), 0)
        rows.append((code(name), *(ratio_text(each) for each in found)))
    if not pairs:
        return ""
    heading = (f"÷ {code(reference)}", *(title(each) for each in quantities))
    told = f"Ratios to {code(reference)}, median and quartiles over up to {pairs} pairs of one run:"
    return f"{told}\n\n{as_markdown(Table(heading, rows, axes=1))}"


def code(value: Any) -> str:
    """A value as Markdown shows code."""
    return f"`{printable(value).replace('`', chr(39))}`"


def ratio_text(spread: Spread | None) -> str:
    """A ratio as it stands in a cell.

    Examples
    --------
    >>> from symrnn.bench.spread import Spread
    >>> ratio_text(Spread(1.5, 1.25, 2.0, 4)), ratio_text(Spread(1, 1, 1, 4)), ratio_text(None)
    ('1.5 (1.25–2)', '1', '–')
    """
    if spread is None:
        return "–"
    low, middle, high = (
        number(float(f"{getattr(spread, x):.3g}")) for x in ("low", "median", "high")
    )
    return middle if low == high else f"{middle} ({low}–{high})"


def verdict(records: Sequence[Record], axis: str, new: Any, old: Any, *, of: str, to: str) -> str:
    """What `new` costs against `old` in words, mode by mode, and all ratios as a table.

    A ratio of times counts as a difference where its quartiles lie on one side of 1.
    """
    sizes = ["after.scans", "after.components", "after.inner_nodes", "after.nodes"]
    quantities = ["total_s", "rewrite_s", "step_s", *sizes]
    cold = select(records, state="cold", task="compile")
    parts = []
    for mode in values_of(cold, "mode"):
        here = select(cold, mode=mode)
        found = ratio(here, "total_s", {axis: new}, {axis: old})
        if found is None:
            parts.append(f"{mode}: no pair finished.")
            continue
        is_clear = found.samples > 1 and (found.low > 1 or found.high < 1)
        doubt = "" if is_clear else ", which decides nothing"
        parts.append(f"{mode}: {of} take {times(found)} the time to the first step of {to}{doubt}.")
        parts.append(ratio_table(here, axis, old, quantities))
    return "\n\n".join(filter(None, parts))
