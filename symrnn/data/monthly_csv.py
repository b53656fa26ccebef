"""CSV files of a monthly series, and the one that is embedded: the airline passengers of Box and Jenkins.

The passengers are series G of [1]_, 144 monthly totals in thousands, in ``airline_passengers.csv``.

.. [1] Box, Jenkins: Time Series Analysis, Forecasting and Control. Holden-Day (1970).
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from symrnn.data.csv_rows import number_in, rows_of
from symrnn.errors import UserError

PASSENGERS = Path(__file__).with_name("airline_passengers.csv")
COLUMNS = ["month", "passengers"]
YEAR = 12  # months
SAMPLE = {
    "series.csv": b"month,passengers\n"
    + b"".join(b"%d-%02d,%d\n" % (2000 + i // YEAR, i % YEAR + 1, 90 + i % 7) for i in range(28))
}


class MonthlySeries(NamedTuple):
    """Counts of consecutive months."""

    first: int  # months from January of the year 0 to the first
    counts: np.ndarray  # (T,), above zero

    def months(self, steps: int | None = None) -> np.ndarray:
        """The month of the year, 0 to 11, of the first `steps` months, ``(T,)``."""
        return (self.first + np.arange(steps or len(self.counts))) % YEAR

    def name(self, step: int) -> str:
        """The month at a step, such as ``"1949-01"``."""
        year, month = divmod(self.first + step, YEAR)
        return f"{year:04d}-{month + 1:02d}"


def read(path: str | Path = PASSENGERS) -> MonthlySeries:
    """The series in the CSV file at `path`, headed ``month,passengers``; the airline passengers without one.

    Raises
    ------
    UserError
        When the file is malformed, a month is left out, or a count is not above zero.

    Examples
    --------
    >>> series = read()
    >>> len(series.counts), series.name(143), series.counts[:3].tolist()
    (144, '1960-12', [112.0, 118.0, 132.0])
    """
    rows = rows_of(path, COLUMNS)
    months = [month_in(path, line, month) for line, (month, _) in rows]
    # A month that is missing would shift the seasons of all that follow.
    for (line, (cell, _)), month, before in zip(rows[1:], months[1:], months):
        if month != before + 1:
            after = MonthlySeries(before, np.ones(1)).name(1)
            raise UserError(f"{path}, line {line}: the month must be {after}, but is {cell!r}")
    counts = [number_in(path, line, "passengers", count) for line, (_, count) in rows]
    for (line, _), count in zip(rows, counts, strict=True):
        if count <= 0:
            raise UserError(f"{path}, line {line}: passengers must be above 0, but are {count:g}")
    return MonthlySeries(months[0], np.array(counts))


def month_in(path: str | Path, line: int, cell: str) -> int:
    """Months since the year 0 of a cell such as ``1949-01``."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", cell.strip())
    if not found:
        raise UserError(f"{path}, line {line}: month must be like 1949-01, but is {cell!r:.60}")
    year, month = map(int, found.groups())
    return YEAR * year + month - 1
