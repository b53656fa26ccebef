"""Tables of numbers in CSV files, read strictly: whatever is wrong is one error with the file and the line."""

import csv
import math

from symrnn.errors import UserError


def number_rows(path, columns):
    """``(line number, numbers)`` of every row of the CSV file at `path`, which has these `columns` and a heading.

    Blank lines and lines that begin with ``#`` are passed over.

    Raises
    ------
    UserError
        When the file is missing, empty or no UTF-8, a row has other columns, or a cell is no number.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pairs.csv")
    ...     _ = path.write_text("# two numbers\\nx1,x2\\n3,4\\n")
    ...     number_rows(path, ["x1", "x2"])
    [(3, [3.0, 4.0])]
    """
    numbered = [
        (number, line)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    expected = ",".join(columns)
    if not numbered:
        raise UserError(
            f"{path} must hold the heading {expected!r} and rows of numbers, but is empty"
        )
    rows = [(number, next(csv.reader([line]))) for number, line in numbered]
    number, heading = rows[0]
    if [cell.strip() for cell in heading] != columns:
        raise UserError(
            f"{path}, line {number}: the heading must be {expected!r}, but is {numbered[0][1]!r:.60}"
        )
    if len(rows) == 1:
        raise UserError(f"{path} must hold rows of numbers below its heading, but has none")
    return [(number, numbers_in(path, number, cells, columns)) for number, cells in rows[1:]]


def numbers_in(path, line, cells, columns):
    """The cells of a row as numbers."""
    if len(cells) != len(columns):
        raise UserError(
            f"{path}, line {line}: there must be {len(columns)} cells, {','.join(columns)},"
            f" but there are {len(cells)}"
        )
    return [number_in(path, line, *pair) for pair in zip(columns, cells, strict=True)]


def number_in(path, line, column, cell):
    """A cell as a finite number."""
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path}, line {line}: {column} must be a number, but is {cell!r:.60}")
    return value


def text_of(path):
    """The text of a file in UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}, byte {error.start}: the text must be UTF-8, but holds the byte"
            f" 0x{error.object[error.start]:02x} there; save it as UTF-8"
        ) from error
    except OSError as error:
        raise UserError(f"{path} must be a file that can be read, but: {error.strerror}") from error
