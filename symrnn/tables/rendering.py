"""A `Table` for a terminal (rich), as Markdown and as HTML (jinja). What a cell says is shown, never obeyed."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from symrnn.errors import printable
from symrnn.tables.table import Table

if TYPE_CHECKING:
    from jinja2 import Environment
    from rich.table import Table as Grid

# around a table in HTML: one that is wider than the page scrolls by itself, with the keyboard too
WIDE = '<div class="wide" style="overflow-x: auto" tabindex="0">'


def grid(table: Table) -> "Grid":
    """The table as rich prints it.

    Examples
    --------
    >>> drawn = grid(Table(("", "after"), [("nodes", "12"), ("scans", "1")]))
    >>> len(drawn.columns), drawn.row_count
    (2, 2)
    """
    from rich.table import Table as Grid
    from rich.text import Text  # a Text is no markup

    title = Text(printable(table.title)) if table.title else None
    drawn = Grid(title=title, title_justify="left", box=None, pad_edge=False)
    for i, column in enumerate(table.columns):
        drawn.add_column(Text(printable(column)), justify="left" if table.is_left(i) else "right")
    for cells in table.rows:
        drawn.add_row(*(Text(clipped(cell, table.widest)) for cell in cells))
    return drawn


def as_text(table: Table) -> str:
    """The table in columns, without colours, as wide as it needs: for files, and where drawing takes too long.

    Examples
    --------
    >>> print(as_text(Table(("", "after"), [("nodes", "12"), ("scans", "1")], title="Size")))
    Size
           after
    nodes     12
    scans      1
    """
    from rich.cells import cell_len

    heads = [printable(column) for column in table.columns]
    rows = [heads, *([clipped(cell, table.widest) for cell in cells] for cells in table.rows)]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    is_left = [table.is_left(i) for i in range(len(widths))]
    title = [printable(table.title)] if table.title else []
    note = [printable(table.note, 1000)] if table.note else []
    return "\n".join([*title, *(_line(cells, widths, is_left) for cells in rows), *note])


def _line(cells: Sequence[str], widths: Sequence[int], is_left: Sequence[bool]) -> str:
    from rich.cells import cell_len

    pads = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    padded = [
        c + pad if left else pad + c for c, pad, left in zip(cells, pads, is_left, strict=True)
    ]
    return "  ".join(padded).rstrip()


def clipped(cell: str, widest: int) -> str:
    """A cell that leaves room for others, and steers no terminal."""
    text = printable(cell, 2 * widest)
    return text if len(text) <= widest else text[: widest - 1] + "…"


def as_markdown(table: Table) -> str:
    """The table in Markdown; title and note are left to the text around it.

    Examples
    --------
    >>> print(as_markdown(Table(("form", "total"), [("sgd", "1 s"), ("a|b", "–")])))
    | form | total |
    |:--|--:|
    | sgd | 1 s |
    | a\\|b | – |
    """
    return templates().get_template("table.md.j2").render(table=table).strip()


def as_html(table: Table, *, heading: str = "h4", sorts: bool = False) -> str:
    """The table in HTML, with its title as a `heading`; what is wider than the page scrolls.

    With `sorts`, the columns' names are buttons for a script of the page, which finds what a cell sorts by in its
    ``data-key``.

    Examples
    --------
    >>> print(as_html(Table(("a<b",), [("1",)], title="Size")))
    <h4>Size</h4>
    <div class="wide" style="overflow-x: auto" tabindex="0">
    <table>
    <thead><tr><th scope="col">a&lt;b</th></tr></thead>
    <tbody>
    <tr><td>1</td></tr>
    </tbody>
    </table>
    </div>
    """
    from markupsafe import Markup

    options = {"heading": heading, "sorts": sorts, "wide": Markup(WIDE)}
    return Markup(templates().get_template("table.html.j2").render(table=table, **options).strip())


@cache
def templates() -> "Environment":
    """The templates of this folder."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("symrnn.tables", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=lambda name: str(name).endswith(".html.j2"),
    )
    environment.filters["literally"] = literally
    return environment


def literally(text: object) -> str:
    r"""`text` as Markdown shows it: no links, no HTML, no further cells; code stays code.

    Examples
    --------
    >>> print(literally("a|b <script> [x](y) `code`"))
    a\|b \<script> \[x\](y) `code`
    """
    return re.sub(r"([\\|<\[\]*&])", r"\\\1", str(text))
