"""`Table`: cells as texts, which of them stand to the left, and what a column sorts by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Table:
    """Cells as texts; the first `axes` columns say what a row is about.

    Examples
    --------
    >>> table = Table(("form", "total"), [("sgd", "1 s"), ("adam", "–")])
    >>> table.is_left(0), table.is_left(1), table.key(0, 1)
    (True, False, '1 s')
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    axes: int = 0
    keys: Sequence[Sequence] = ()  # what each cell sorts by, where that is not its text
    title: str = ""
    note: str = ""
    widest: int = 60  # characters of a cell on a screen

    def is_left(self, column: int) -> bool:
        """Whether a column stands to the left: axes and texts; amounts stand to the right."""
        return column < self.axes or column not in self.of_amounts

    @cached_property
    def of_amounts(self) -> set[int]:
        """The columns without a text. Looked for once: a page asks for each cell."""
        columns = range(len(self.columns))
        return {i for i in columns if all(is_amount(cells[i]) for cells in self.rows)}

    def key(self, row: int, column: int) -> object:
        """What a cell sorts by, None where it has no value."""
        return self.keys[row][column] if self.keys else self.rows[row][column]


def is_amount(text: str) -> bool:
    """Whether a cell begins with a number, or has none to show.

    Examples
    --------
    >>> is_amount("12 ms"), is_amount("–"), is_amount(""), is_amount("sgd")
    (True, True, True, False)
    """
    return text in ("", "–") or text.removeprefix("-")[:1].isdigit()
