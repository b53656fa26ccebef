"""Records as a table: one row a case, mode and state; medians; ratios to the reference."""

from dataclasses import dataclass

from symrnn.study.readings import ratio, reading, select, spread, values_of
from symrnn.study.words import amount, number, title

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
}


@dataclass(frozen=True)
class Table:
    """Cells as text and as numbers to sort by; the first `axes` columns name the case."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: tuple[tuple, ...]  # what each cell sorts by
    axes: int


def table(records, columns=COLUMNS, *, reference=None, ratio_of="total_s", task="compile"):
    """The `Table` of the records of one task.

    With a `reference` such as ``{"form": "sgd"}``, a last column holds the ratio of `ratio_of` to
    the reference case of the same run.
    """
    records = [record for record in records if record.task == task]
    columns = [
        column
        for column in columns
        if any(reading(record, column) is not None for record in records)
    ]
    axes = list(dict.fromkeys(axis for record in records for axis in record.case))
    axes += [
        name for name in ("mode", "state") if len({getattr(record, name) for record in records}) > 1
    ]
    is_compared = reference and any(set(reference) <= set(record.case) for record in records)
    groups = cases_of(records)
    compared = is_compared and (reference, ratio_of)
    rows = [row(group, axes, columns, records, compared) for group in groups]
    heading = [*axes, *(title(column) for column in columns)]
    if is_compared:
        heading.append(f"{title(ratio_of)} ÷ {'/'.join(map(str, reference.values()))}")
    if any(outcome_cell(group)[0] for group in groups):
        heading.append("outcome")
        rows = [[*cells, outcome_cell(group)] for cells, group in zip(rows, groups, strict=True)]
    texts = tuple(tuple(text for text, _ in cells) for cells in rows)
    keys = tuple(tuple(key for _, key in cells) for cells in rows)
    return Table(tuple(heading), texts, keys, len(axes))


def cases_of(records):
    """The records grouped by case, mode and state."""
    groups = {}
    for record in records:
        groups.setdefault(
            repr((sorted(record.case.items()), record.mode, record.state)), []
        ).append(record)
    return list(groups.values())


def outcome_cell(group):
    """ "" where a job of the case finished, else how it failed."""
    text = "" if any(record.status == "ok" for record in group) else outcome(group[-1])
    return text, text


def row(group, axes, columns, records, compared):
    """The cells of one case as ``(text, sort key)``."""
    finished = [record for record in group if record.status == "ok"]
    cells = [(number(reading(group[0], axis)), reading(group[0], axis)) for axis in axes]
    for column in columns:
        found = spread(reading(record, column) for record in finished)
        cells.append((amount(found and found.median, column), found and found.median))
    if compared:
        reference, quantity = compared
        cells.append(ratio_cell(group[0], records, reference, quantity))
    return cells


def outcome(record):
    """How a job failed, in words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> outcome(SimpleNamespace(status="time_limit", message="over 600 s"))
    'over 600 s'
    """
    return record.message if record.status == "time_limit" else STATUS_WORDS[record.status]


def ratio_cell(record, records, reference, quantity):
    """The ratio of this record's case to the reference."""
    if not set(reference) <= set(record.case):
        return "–", None
    case = {axis: record.case[axis] for axis in record.case}
    found = ratio(
        records, quantity, case, {**case, **reference}, mode=record.mode, state=record.state
    )
    return (f"{found.median:.2f}", found.median) if found else ("–", None)


def markdown(table):
    """The table in Markdown, numbers to the right.

    Examples
    --------
    >>> print(markdown(Table(("form", "total"), (("sgd", "1 s"),), (("sgd", 1.0),), 1)))
    | form | total |
    |:--|--:|
    | sgd | 1 s |
    """
    rule = "".join("|:--" if i < table.axes else "|--:" for i in range(len(table.columns))) + "|"
    lines = ["| " + " | ".join(cells) + " |" for cells in (table.columns, *table.rows)]
    return "\n".join([lines[0], rule, *lines[1:]])


def ratio_table(records, axis, reference, quantities, **where):
    """Every other value of `axis` against `reference` in Markdown: ratios, pair by pair."""
    names = [name for name in values_of(select(records, **where), axis) if name != reference]
    rows, pairs = [], 0
    for name in names:
        of, to = {axis: name}, {axis: reference}
        found = [ratio(records, each, of, to, **where) for each in quantities]
        pairs = max(pairs, *(each.samples for each in found if each), 0)
        rows.append((f"`{name}`", *(ratio_text(each) for each in found)))
    if not pairs:
        return ""
    heading = (f"÷ `{reference}`", *(title(each) for each in quantities))
    told = f"Ratios to `{reference}`, median and quartiles over up to {pairs} pairs of one run:"
    return f"{told}\n\n{markdown(Table(heading, tuple(rows), (), 1))}"


def ratio_text(spread):
    """A ratio as it stands in a cell.

    Examples
    --------
    >>> from symrnn.study.readings import Spread
    >>> ratio_text(Spread(1.5, 1.25, 2.0, 4)), ratio_text(Spread(1, 1, 1, 4)), ratio_text(None)
    ('1.5 (1.25–2)', '1', '–')
    """
    if spread is None:
        return "–"
    low, middle, high = (
        number(float(f"{getattr(spread, x):.3g}")) for x in ("low", "median", "high")
    )
    return middle if low == high else f"{middle} ({low}–{high})"
