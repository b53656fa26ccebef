"""How a quantity grows: the exponent p of ``x**p``, fitted, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit  # scipy.stats takes three times as long to import

from symrnn.bench.records import Record
from symrnn.study.quantities import select

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Growth:
    """The exponent of a power law, and the ends of its confidence interval."""

    exponent: float
    low: float
    high: float
    samples: int


def growth(records: Sequence[Record], x: str, y: str, **where: Any) -> Growth | None:
    """The `Growth` of quantity `y` with `x` over the selected records; None below three places.

    A line is fitted to the logarithms; its interval is Student's, so it widens where a power law
    does not fit.

    Examples
    --------
    >>> growth([], "depth", "total_s") is None
    True
    """
    finished = select(records, status="ok", **where)
    xs, ys = finished.numbers(x), finished.numbers(y)
    places = [i for i in finished.places if (xs[i] or 0) > 0 and (ys[i] or 0) > 0]
    at = [xs[i] for i in places]
    # two places fit any power, and the residuals of rounds at two places say nothing about it
    if len(set(at)) < 3:
        return None
    return power_law(np.array(at, float), np.array([ys[i] for i in places], float))


def power_law(xs: np.ndarray, ys: np.ndarray) -> Growth:
    """The `Growth` of ``ys`` with ``xs``.

    Examples
    --------
    >>> xs = np.array([1.0, 2.0, 4.0])
    >>> power_law(xs, 3 * xs**2)
    Growth(exponent=2.0, low=2.0, high=2.0, samples=3)
    """
    # A power law is a line in logarithms, and its exponent the slope.
    x, y = np.log(xs), np.log(ys)
    x, y, free = x - x.mean(), y - y.mean(), len(xs) - 2
    slope = x @ y / (x @ x)
    rest = y - slope * x
    width = stdtrit(free, (1 + CONFIDENCE) / 2) * np.sqrt(rest @ rest / free / (x @ x))
    exponent, low, high = (round(float(each), 6) for each in (slope, slope - width, slope + width))
    return Growth(exponent, low, high, len(xs))
