"""Rows of numbers in CSV files, read strictly: whatever is wrong is one error with the file and the line."""

import csv
import math
from pathlib import Path

from symrnn.data.files import bytes_of
from symrnn.errors import UserError


def rows_of(path: str | Path, columns: list[str]) -> list[tuple[int, list[str]]]:
    """``(line number, cells)`` of every row of the CSV file at `path`, which has these `columns` and a heading.

    Blank lines and lines that begin with ``#`` are passed over.

    Raises
    ------
    UserError
        When the file is missing, empty or no UTF-8, or a row has other columns.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pairs.csv")
    ...     _ = path.write_text("# two numbers\\nx1,x2\\n3,4\\n")
    ...     rows_of(path, ["x1", "x2"])
    [(3, ['3', '4'])]
    """
    # Numbered before lines are passed over: an error names the line that an editor shows.
    numbered = [
        (number, line)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    expected = ",".join(columns)
    if not numbered:
        raise UserError(
            f"{path} must hold the heading {expected!r} and rows below it, but is empty"
        )
    rows = [(number, cells_of(path, number, line)) for number, line in numbered]
    number, heading = rows[0]
    if [cell.strip() for cell in heading] != columns:
        raise UserError(
            f"{path}, line {number}: the heading must be {expected!r}, but is {numbered[0][1]!r:.60}"
        )
    if len(rows) == 1:
        raise UserError(f"{path} must hold rows below its heading, but has none")
    for number, cells in rows[1:]:
        if len(cells) != len(columns):
            raise UserError(
                f"{path}, line {number}: there must be {len(columns)} cells, {expected},"
                f" but there are {len(cells)}"
            )
    return rows[1:]


def cells_of(path: str | Path, number: int, line: str) -> list[str]:
    """The cells of a line."""
    try:
        # Line by line: a quote that nobody closes would otherwise swallow the rest of the file.
        return next(csv.reader([line]))
    except csv.Error as error:
        raise UserError(
            f"{path}, line {number}: a cell must have at most {csv.field_size_limit()} characters, and the line no"
            f" character that tables do not have, but: {error}"
        ) from error


def number_in(path: str | Path, line: int, column: str, cell: str) -> float:
    """A cell as a finite number."""
    value = value_of(cell)
    if not math.isfinite(value):
        raise UserError(f"{path}, line {line}: {column} must be a number, but is {cell!r:.60}")
    return value


def value_of(cell: str) -> float:
    """A cell as a number, nan where it is none.

    Examples
    --------
    >>> value_of(" 1.5 "), value_of("1_5")
    (1.5, nan)
    """
    # Python alone reads 1_5 as 15, and digits of other scripts.
    if "_" in cell or not cell.isascii():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.nan


def text_of(path: str | Path) -> str:
    """The text of a file in UTF-8."""
    try:
        # Spreadsheets write a byte order mark before the heading.
        return bytes_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}, byte {error.start}: the text must be UTF-8, but holds the byte"
            f" 0x{error.object[error.start]:02x} there; save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read, but: {error.strerror}") from error
