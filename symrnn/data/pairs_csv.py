"""CSV files of pairs to add: headed ``x1,x2``, whole numbers that fit the bits of an addend."""

from pathlib import Path

from symrnn.data.csv_rows import number_in, rows_of
from symrnn.errors import UserError

BITS = 7  # of a sum; each addend has one less
LARGEST = 2 ** (BITS - 1) - 1
COLUMNS = ["x1", "x2"]
SAMPLE = {"pairs.csv": b"# pairs to add\nx1,x2\n3,4\n13,29\n0,63\n5,5\n"}


def read(path: str | Path) -> list[tuple[int, int]]:
    """The pairs in the CSV file at `path`.

    Raises
    ------
    UserError
        When the file is malformed, or a number is not whole or does not fit its bits.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "pairs.csv")
    ...     _ = path.write_bytes(SAMPLE["pairs.csv"])
    ...     read(path)
    [(3, 4), (13, 29), (0, 63), (5, 5)]
    """
    return [pair_in(path, line, cells) for line, cells in rows_of(path, COLUMNS)]


def pair_in(path: str | Path, line: int, cells: list[str]) -> tuple[int, int]:
    """The two numbers of a row."""
    x1, x2 = (number_in(path, line, *each) for each in zip(COLUMNS, cells, strict=True))
    for value in (x1, x2):
        if not 0 <= value <= LARGEST or value != int(value):
            raise UserError(
                f"{path}, line {line}: a number must be whole, from 0 to {LARGEST}, but is {value:g}"
            )
    return int(x1), int(x2)
