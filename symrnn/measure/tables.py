"""Tables of a report, as text for terminals and as HTML for notebooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDEST = 60  # characters of a cell


@dataclass(frozen=True)
class Table:
    """A titled table of strings; cells that are numbers stand to the right."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def as_text(table: Table) -> str:
    """The table in columns.

    Examples
    --------
    >>> print(as_text(Table("Size", ("", "after"), [("nodes", "12"), ("scans", "1")])))
    Size
             after
      nodes     12
      scans      1
    """
    cells = [[clipped(cell) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.head))]
    numeric = [all(is_number(row[i]) for row in cells[1:]) for i in range(len(table.head))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        for row in cells
    ]
    note = [f"  {table.note}"] if table.note else []
    return "\n".join([table.title, *(f"  {line}".rstrip() for line in lines), *note])


def as_html(table: Table) -> str:
    """The table for a notebook, without styles of its own.

    Examples
    --------
    >>> as_html(Table("Size", ("a<b",), [("1",)]))
    '<h4>Size</h4><table><tr><th>a&lt;b</th></tr><tr><td>1</td></tr></table>'
    """
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    ]
    note = f"<p>{escape(table.note)}</p>" if table.note else ""
    title = escape(table.title)
    return f"<h4>{title}</h4><table><tr>{head}</tr>{''.join(rows)}</table>{note}"


def clipped(cell: str) -> str:
    """A cell that fits its column."""
    return cell if len(cell) <= WIDEST else cell[: WIDEST - 1] + "…"


def is_number(cell: str) -> bool:
    """Whether a cell is a number, or empty.

    Examples
    --------
    >>> is_number("1.5"), is_number(""), is_number("x")
    (True, True, False)
    """
    return not cell or cell.replace(".", "", 1).isdigit()
